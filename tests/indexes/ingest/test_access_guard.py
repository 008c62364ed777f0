"""Access fails closed: what was protected becomes no wider by folders, names, rules or edits."""

import io
import sqlite3
import unicodedata
import zipfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from fakes.encoder import WordsEncoder
from fakes.no_chroma import NoChroma
from indexes.access.labels import LabelRule
from indexes.access.rules import AccessRule
from indexes.errors import UnmatchedRuleError, WiderAccessError
from indexes.ingest.rule_application import RuleMatches, Rules
from indexes.ingest.splitting import PassageSplitter
from indexes.ingest.sync import SyncListener, SyncReport
from indexes.ingest.uploads import Uploads
from indexes.ingest.writer import IndexWriter
from indexes.readers.sandbox import ReadingLimits
from indexes.storage.catalog import Catalog
from indexes.storage.generations import Generations, catalog_file
from indexes.types import EVERYONE, Matrix

HR = AccessRule("hr/**", ("hr",))
PUBLIC = frozenset({EVERYONE})


class Premises:
    """Folders ``docs`` and ``more``, and an index of one or both."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.docs, self.more, self.index = place / "docs", place / "more", place / "index"
        self.rules: Rules = [HR]
        self.write("docs/hr/pay.md", "Band C earns 61,500 euros.")
        self.write("docs/open/canteen.md", "The canteen opens at noon.")
        self.write("more/shed.txt", "The shed has 40 places.")

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def move(self, path: str, to: str) -> None:
        (self.place / to).parent.mkdir(parents=True, exist_ok=True)
        (self.place / path).replace(self.place / to)

    def writer(self, encoder: WordsEncoder | None = None) -> IndexWriter:
        encoder = encoder or WordsEncoder()
        splitter = PassageSplitter(encoder.count_tokens, encoder.max_tokens)
        return IndexWriter(self.index, encoder, splitter, ReadingLimits(seconds=30), self.rules, NoChroma)

    def sync(self, *roots: Path, encoder: WordsEncoder | None = None, **leave: bool) -> SyncReport:
        with self.writer(encoder) as writer:
            return writer.run(roots or [self.docs], SyncListener(), **leave)

    def readers(self) -> dict[str, frozenset[str]]:
        with closing(Catalog(catalog_file(Generations(self.index).current))) as catalog:
            return {path: groups for (path, _), groups in catalog.readers().items()}


@pytest.fixture
def premises(tmp_path: Path) -> Premises:
    return Premises(tmp_path)


def test_a_rule_holds_below_each_folder_however_many_there_are(premises: Premises) -> None:
    premises.sync()
    assert premises.readers()["hr/pay.md"] == {"hr"}
    report = premises.sync(premises.docs, premises.more)
    assert premises.readers() == {"docs/hr/pay.md": {"hr"}, "docs/open/canteen.md": PUBLIC, "more/shed.txt": PUBLIC}
    assert (report.wider, report.narrower) == ([], [])
    premises.rules = [AccessRule("docs/hr/**", ("hr",))]
    premises.sync(premises.docs, premises.more)
    assert premises.readers()["docs/hr/pay.md"] == {"hr"}


def test_labels_hold_below_each_folder_too(premises: Premises) -> None:
    premises.rules = [HR, LabelRule("hr/**", ("pay",))]
    premises.sync(premises.docs, premises.more)
    with closing(Catalog(catalog_file(premises.index))) as catalog:
        assert catalog.marks("labels")["docs/hr/pay.md", "docs/hr/pay.md"] == {"pay"}


def test_a_rule_that_matches_nothing_stops_the_run_before_anything_changes(premises: Premises) -> None:
    premises.sync()
    premises.write("docs/new.md", "New.")
    premises.rules = [HR, AccessRule("HR/**", ("hr",))]
    with pytest.raises(UnmatchedRuleError, match=r"'HR/\*\*' matches no document.*--allow-unmatched-rules"):
        premises.sync()
    assert set(premises.readers()) == {"hr/pay.md", "open/canteen.md"}
    report = premises.sync(allow_unmatched_rules=True)
    assert report.rules == [RuleMatches("hr/**", ("hr",), 1), RuleMatches("HR/**", ("hr",), 0)]
    assert premises.sync().added == []  # the leave holds for this rule, and for no other
    premises.rules = [HR, AccessRule("Hr/**", ("hr",))]
    with pytest.raises(UnmatchedRuleError):
        premises.sync()


def test_a_rule_about_what_a_new_zip_may_hold_is_known_to_match_when_it_was_read(premises: Premises) -> None:
    premises.write("docs/all.zip", zipped({"pay.txt": "Pay."}))
    premises.rules = [AccessRule("all.zip/pay.txt", ("hr",)), AccessRule("all.zip/plan.txt", ("hr",))]
    report = premises.sync()
    assert [rule.documents for rule in report.rules] == [1, 0]
    with pytest.raises(UnmatchedRuleError, match=r"all\.zip/plan\.txt"):
        premises.sync()


@pytest.mark.parametrize("rules", [[], [AccessRule("hr/**", ("hr", "board"))], [AccessRule("hr/*", (EVERYONE,)), HR]])
def test_rules_that_open_a_document_need_leave(premises: Premises, rules: Sequence[AccessRule]) -> None:
    premises.sync()
    premises.rules = rules
    with pytest.raises(WiderAccessError, match=r"More people could read hr/pay\.md \(hr → .*--allow-wider-access"):
        premises.sync()
    assert premises.readers()["hr/pay.md"] == {"hr"}
    assert premises.sync(allow_wider_access=True).wider == ["hr/pay.md"]
    assert premises.readers()["hr/pay.md"] != {"hr"}
    assert premises.sync().wider == []


def test_rules_that_close_a_document_are_told(premises: Premises) -> None:
    premises.rules = []
    premises.sync()
    premises.rules = [HR]
    assert premises.sync().narrower == ["hr/pay.md"]
    premises.move("docs/open/canteen.md", "docs/hr/canteen.md")
    assert premises.sync().narrower == ["hr/canteen.md"]


@pytest.mark.parametrize("to", ["docs/open/pay.md", "docs/open/canteen.md", "docs/pay.md"])
def test_a_file_that_moves_out_of_its_rule_needs_leave(premises: Premises, to: str) -> None:
    premises.write("docs/hr/other.md", "Other.")
    premises.sync()
    premises.move("docs/hr/pay.md", to)
    with pytest.raises(WiderAccessError, match="hr → everyone"):
        premises.sync()
    assert premises.readers()["hr/pay.md"] == {"hr"}
    premises.sync(allow_wider_access=True)
    assert premises.readers()[to.removeprefix("docs/")] == PUBLIC


def test_two_files_that_swap_names_across_a_rule_need_leave(premises: Premises) -> None:
    premises.sync()
    premises.move("docs/hr/pay.md", "docs/x")
    premises.move("docs/open/canteen.md", "docs/hr/pay.md")
    premises.move("docs/x", "docs/open/canteen.md")
    with pytest.raises(WiderAccessError, match=r"open/canteen\.md \(hr → everyone\)"):
        premises.sync()


def test_a_copy_of_what_is_protected_needs_leave_where_more_people_could_read_it(premises: Premises) -> None:
    premises.sync()
    premises.write("docs/open/copy.md", "Band C earns 61,500 euros.")
    with pytest.raises(WiderAccessError, match=r"open/copy\.md \(hr → everyone\)"):
        premises.sync()
    (premises.docs / "hr" / "pay.md").unlink()  # as a move to another disk does it: a copy, then a removal
    with pytest.raises(WiderAccessError, match=r"open/copy\.md"):
        premises.sync(allow_unmatched_rules=True)
    premises.sync(allow_unmatched_rules=True, allow_wider_access=True)
    assert premises.readers()["open/copy.md"] == PUBLIC


def test_of_equal_documents_the_most_open_one_counts_and_what_is_gone_is_not_wider(premises: Premises) -> None:
    premises.write("docs/hr/other.md", "Other.")
    premises.write("docs/open/pay.md", "Band C earns 61,500 euros.")
    premises.sync()
    (premises.docs / "hr" / "pay.md").unlink()
    premises.write("docs/open/pay-2.md", "Band C earns 61,500 euros.")
    premises.sync()
    assert {path for path, groups in premises.readers().items() if groups == PUBLIC} == {
        "open/pay.md",
        "open/pay-2.md",
        "open/canteen.md",
    }


def test_equal_contents_are_for_all_who_could_read_one_of_them(premises: Premises) -> None:
    premises.rules = [HR, AccessRule("board/**", ("board",))]
    premises.write("docs/board/pay.md", "Band C earns 61,500 euros.")
    premises.sync()
    premises.move("docs/hr/pay.md", "docs/board/pay-2.md")
    premises.sync(allow_unmatched_rules=True)
    assert premises.readers()["board/pay-2.md"] == {"board"}
    premises.move("docs/board/pay.md", "docs/open/pay.md")
    with pytest.raises(WiderAccessError, match=r"open/pay\.md \(board → everyone\)"):
        premises.sync(allow_unmatched_rules=True)


@pytest.mark.parametrize("text", ["Band C earns 61,500 euros.", "Band C earns 70,000 euros."])
def test_what_was_protected_stays_so_when_it_comes_back(premises: Premises, text: str) -> None:
    premises.sync()
    (premises.docs / "hr" / "pay.md").unlink()
    premises.sync()
    premises.sync(encoder=WordsEncoder("other"))
    premises.rules = []
    premises.write("docs/hr/pay.md", text)
    with pytest.raises(WiderAccessError, match=r"hr/pay\.md \(hr → everyone\)"):
        premises.sync(encoder=WordsEncoder("other"))
    premises.sync(encoder=WordsEncoder("other"), allow_wider_access=True)
    assert premises.readers()["hr/pay.md"] == PUBLIC
    premises.sync(encoder=WordsEncoder("other"))


def test_what_was_removed_and_comes_back_elsewhere_needs_leave(premises: Premises) -> None:
    premises.write("docs/hr/all.zip", zipped({"pay.txt": "Pay.", "plan.txt": "Plan."}))
    premises.sync()
    for name in "pay.md", "all.zip":
        premises.move(f"docs/hr/{name}", name)
    premises.sync()
    premises.move("all.zip", "docs/open/all.zip")  # what it holds is known once it was read: kept closed until then
    premises.sync()
    assert premises.readers()["open/all.zip/pay.txt"] == {"hr"}
    premises.move("pay.md", "docs/open/pay.md")
    with pytest.raises(WiderAccessError, match=r"open/all\.zip/pay\.txt.*open/pay\.md \(hr → everyone\)"):
        premises.sync()


def test_what_is_remembered_of_a_removed_document_has_neither_its_name_nor_its_text(premises: Premises) -> None:
    premises.sync()
    (premises.docs / "hr" / "pay.md").unlink()
    premises.sync()
    with closing(Catalog(catalog_file(premises.index))) as catalog:
        assert {*catalog.former_readers().readers.values()} == {frozenset({"hr"})}
        with closing(sqlite3.connect(catalog.file)) as db:
            rows = db.execute("SELECT * FROM meta WHERE key LIKE 'former%'").fetchall()
    assert len(rows) == 2
    assert not any("pay" in str(row) or "Band" in str(row) for row in rows)


def test_a_rule_whose_last_document_was_deleted_is_a_warning(premises: Premises) -> None:
    premises.sync()
    (premises.docs / "hr" / "pay.md").unlink()
    premises.write("docs/open/menu.md", "Soup.")
    report = premises.sync()
    assert (report.removed, report.emptied) == (["hr/pay.md"], ["hr/**"])
    assert premises.sync().emptied == []
    premises.rules = [AccessRule("hr/*", ("hr",))]  # another rule has never matched anything
    with pytest.raises(UnmatchedRuleError):
        premises.sync()


@pytest.mark.parametrize("path", ["docs/people/wages.md", "docs/open/pay.md", "docs/hr-2/pay.md"])
def test_a_rule_stops_the_run_if_its_documents_may_have_moved_and_changed(premises: Premises, path: str) -> None:
    premises.sync()
    (premises.docs / "hr" / "pay.md").unlink()
    premises.write(path, "Band C earns 70,000 euros.")
    with pytest.raises(UnmatchedRuleError, match=r"hr/\*\*"):
        premises.sync()
    assert premises.readers()["hr/pay.md"] == {"hr"}


def test_a_typo_stops_the_run_also_if_documents_of_the_rule_were_deleted(premises: Premises) -> None:
    premises.write("docs/hr/other.md", "Other.")
    premises.sync()
    (premises.docs / "hr" / "pay.md").unlink()
    premises.rules = [AccessRule("Hr/**", ("hr",))]
    with pytest.raises(UnmatchedRuleError):
        premises.sync()


def test_other_folders_do_not_empty_a_rule(premises: Premises) -> None:
    premises.sync()
    with pytest.raises(UnmatchedRuleError, match=r"hr/\*\*"):
        premises.sync(premises.more, allow_delete=True)


def test_a_link_is_for_those_who_may_read_the_file_behind_it(premises: Premises) -> None:
    (premises.docs / "open" / "link.md").symlink_to("../hr/pay.md")
    (premises.docs / "hr" / "menu.md").symlink_to("../open/canteen.md")
    premises.sync()
    assert premises.readers()["open/link.md"] == {"hr"}
    assert premises.readers()["hr/menu.md"] == {"hr"}
    assert premises.readers()["open/canteen.md"] == PUBLIC


def test_a_folder_within_another_one_is_protected_by_the_rules_for_both(premises: Premises) -> None:
    premises.write("docs/hr/archive/old.md", "Old.")
    premises.sync(premises.docs, premises.docs / "hr" / "archive")
    assert premises.readers()["archive/old.md"] == {"hr"}
    premises.sync(premises.docs, premises.docs / "hr" / "pay.md", allow_delete=True)
    assert premises.readers()["pay.md"] == {"hr"}


@pytest.mark.parametrize("spelling", ["docs/", "./docs", "more/../docs", "link"])
def test_a_folder_has_one_name_however_it_is_spelt(
    premises: Premises, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    (premises.place / "link").symlink_to("docs")
    premises.sync(premises.docs, premises.more)
    monkeypatch.chdir(premises.place)
    report = premises.sync(Path(spelling), Path("more"))
    assert (report.added, report.removed, report.wider) == ([], [], [])
    assert premises.readers()["docs/hr/pay.md"] == {"hr"}


def test_a_name_in_composed_and_in_decomposed_letters_is_matched_alike(premises: Premises) -> None:
    premises.rules = [AccessRule(unicodedata.normalize("NFC", "Gehälter/**"), ("hr",))]
    premises.write(unicodedata.normalize("NFD", "docs/Gehälter/2024.md"), "Pay.")
    premises.sync()
    decomposed = unicodedata.normalize("NFD", "Gehälter/2024.md")
    assert premises.readers()[decomposed] == {"hr"}
    premises.move(f"docs/{decomposed}", unicodedata.normalize("NFC", f"docs/{decomposed}"))
    premises.sync()
    assert premises.readers()[unicodedata.normalize("NFC", decomposed)] == {"hr"}


def test_what_lies_in_a_zip_is_compared_where_the_zip_is_now(premises: Premises) -> None:
    premises.write("docs/hr/all.zip", zipped({"pay.txt": "Pay.", "plan.txt": "Plan."}))
    premises.sync()
    assert premises.readers()["hr/all.zip/pay.txt"] == {"hr"}
    premises.move("docs/hr/all.zip", "docs/open/all.zip")
    with pytest.raises(WiderAccessError, match=r"open/all\.zip/pay\.txt \(hr → everyone\)"):
        premises.sync()


def test_a_zip_that_was_unpacked_at_its_place_stays_closed(premises: Premises) -> None:
    premises.rules = [AccessRule("**/*.zip", ("hr",))]
    premises.write("docs/all.zip", zipped({"pay.txt": "Pay."}))
    premises.sync()
    (premises.docs / "all.zip").unlink()
    premises.write("docs/all.zip/pay.txt", "Pay.")
    with pytest.raises(WiderAccessError, match=r"all\.zip/pay\.txt"):
        premises.sync(allow_unmatched_rules=True)


class Stopping(WordsEncoder):
    """Is killed before it embeds anything."""

    def encode(self, texts: Sequence[str], /) -> Matrix:
        raise InterruptedError


def test_a_run_that_is_killed_opens_nothing_and_neither_does_the_next_one(premises: Premises) -> None:
    premises.sync()
    premises.write("docs/new.md", "New.")
    with pytest.raises(InterruptedError):
        premises.sync(premises.docs, premises.more, encoder=Stopping())
    assert premises.readers()["hr/pay.md"] == {"hr"}
    premises.rules = []
    for encoder in (Stopping(), WordsEncoder()):
        with pytest.raises(WiderAccessError):
            premises.sync(premises.docs, premises.more, encoder=encoder)
    assert premises.readers()["hr/pay.md"] == {"hr"}
    premises.rules = [HR]
    premises.sync(premises.docs, premises.more)
    assert premises.readers()["docs/hr/pay.md"] == {"hr"}


def test_another_embedding_model_opens_nothing(premises: Premises) -> None:
    premises.sync()
    premises.move("docs/hr/pay.md", "docs/pay.md")
    with pytest.raises(WiderAccessError, match=r"pay\.md \(hr → everyone\)"):
        premises.sync(encoder=WordsEncoder("other"), allow_unmatched_rules=True)
    premises.move("docs/pay.md", "docs/hr/pay.md")
    premises.sync(encoder=WordsEncoder("other"))
    premises.rules = []
    with pytest.raises(WiderAccessError):  # the catalog of the first model is still there
        premises.sync()
    assert premises.readers()["hr/pay.md"] == {"hr"}


def test_a_run_over_the_uploads_alone_applies_no_rule_that_opens_a_document(premises: Premises) -> None:
    premises.sync()
    upload = Uploads(premises.index).add(io.BytesIO(b"Cats climb."), "cats.txt", "", ["hr"])
    premises.rules = [AccessRule("open/**", ("staff",))]
    with premises.writer() as writer:
        writer.run_uploads(SyncListener())
    assert premises.readers() == {"hr/pay.md": {"hr"}, "open/canteen.md": {"staff"}, upload: {"hr"}}
    with pytest.raises(WiderAccessError, match=r"hr/pay\.md"):
        premises.sync()


def test_a_name_below_a_folder_makes_no_document_an_upload(premises: Premises) -> None:
    premises.write("shelf/uploads/everyone/pay.md", "Pay.")
    premises.rules = [AccessRule("shelf/**", ("hr",))]
    Uploads(premises.index).add(io.BytesIO(b"Cats climb."), "cats.txt", "", ["everyone"])
    premises.sync(premises.place / "shelf", premises.more)
    assert premises.readers()["shelf/uploads/everyone/pay.md"] == {"hr"}


def zipped(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    return packed.getvalue()
