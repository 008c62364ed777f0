"""``footnote index`` and access: a rule that stops to match, a typo in a rule, and what is told of both."""

import json
from pathlib import Path

import pytest

from fakes.encoder import WordsEncoder
from fakes.engines import RunFootnote
from fakes.no_chroma import NoChroma
from rag.settings import EmbeddingSettings

SECRET = "The harbour master earns 5,100 euros."


@pytest.fixture
def docs(monkeypatch: pytest.MonkeyPatch, footnote: RunFootnote) -> Path:
    """Two folders in the working folder, of which ``docs`` has a secret, and an engine that loads no model."""

    def words(chosen: EmbeddingSettings, _: Path) -> WordsEncoder:
        return WordsEncoder(chosen.model)

    monkeypatch.setattr("rag.engine.engine.make_encoder", words)
    monkeypatch.setattr("rag.engine.engine.make_store", NoChroma)
    for path, text in {"docs/hr/pay.md": SECRET, "docs/news.md": "Gulls nest.", "more/shed.md": "Bicycles."}.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    protect("hr/**")
    return Path("docs")


def protect(*globs: str) -> None:
    rules = (f'[[access]]\nglob = "{glob}"\ngroups = ["hr"]\n' for glob in globs)
    Path("footnote.toml").write_text("\n".join(rules))


def found(footnote: RunFootnote, *options: str) -> set[str]:
    ran = footnote("search", "harbour master earns euros", "--json", *options)
    return {hit["path"] for hit in json.loads(ran.out)["hits"] if SECRET in hit["text"]}


def test_a_second_folder_leaves_the_rules_in_force(footnote: RunFootnote, docs: Path) -> None:
    assert footnote("index", docs).code == 0
    assert found(footnote) == set()
    ran = footnote("index", docs, "more")
    assert (ran.code, "access rule 'hr/**' for hr: documents matched 1" in ran.out) == (0, True)
    assert found(footnote) == set()
    assert found(footnote, "--group", "hr") == {"docs/hr/pay.md"}


def test_a_typo_in_a_rule_stops_the_run_before_anything_is_indexed(footnote: RunFootnote, docs: Path) -> None:
    protect("HR/**")
    ran = footnote("index", docs)
    assert ran.code == 1
    assert "'HR/**' matches no document" in ran.err
    assert "--allow-unmatched-rules" in ran.err
    assert not Path("var", "index").exists()
    assert footnote("index", docs, "--allow-unmatched-rules").code == 0
    assert "access rule 'HR/**' for hr: documents matched 0" in footnote("status").out


def test_a_document_becomes_wider_only_with_leave_and_that_is_told(footnote: RunFootnote, docs: Path) -> None:
    footnote("index", docs)
    protect()
    refused = footnote("index", docs)
    assert (refused.code, "hr/pay.md (hr → everyone)" in refused.err) == (1, True)
    assert "--allow-wider-access" in refused.err
    assert found(footnote) == set()
    dry = footnote("index", docs, "--dry-run")
    assert (dry.code, "hr/pay.md (hr → everyone)" in dry.out) == (0, True)
    allowed = footnote("index", docs, "--allow-wider-access")
    assert (allowed.code, "access is wider for hr/pay.md" in allowed.out) == (0, True)
    assert found(footnote) == {"hr/pay.md"}
    assert "access in the last run: documents wider 1, narrower 0: hr/pay.md" in footnote("status").out


def test_status_doctor_and_verify_say_what_each_rule_matches(footnote: RunFootnote, docs: Path) -> None:
    footnote("index", docs)
    matched = [{"glob": "hr/**", "groups": ["hr"], "documents": 1}]
    assert json.loads(footnote("index", docs, "--json").out)["rules"] == matched
    for command in "status", "verify":
        assert json.loads(footnote(command, "--json").out)["access"]["rules"] == matched
        assert "access rule 'hr/**' for hr: documents matched 1" in footnote(command).out
    assert "ok    access: access rule 'hr/**' for hr: documents matched 1" in footnote("doctor").out
    protect("hr/**", "hr/salaries/**")
    assert json.loads(footnote("status", "--json").out)["access"]["unmatched"] == ["hr/salaries/**"]
    assert "the [[access]] rule 'hr/salaries/**' matches no document" in footnote("verify").out
    assert "wrong access: the [[access]] rule 'hr/salaries/**' matches no document" in footnote("doctor").out


def test_a_rule_whose_last_document_was_deleted_is_a_warning(footnote: RunFootnote, docs: Path) -> None:
    footnote("index", docs)
    (docs / "hr" / "pay.md").unlink()
    ran = footnote("index", docs)
    assert (ran.code, "the last document that the access rule 'hr/**' matched was removed" in ran.out) == (0, True)
    assert found(footnote, "--group", "hr") == set()
    assert footnote("index", docs).code == 0


def test_doctor_tells_of_rules_that_no_run_has_applied(footnote: RunFootnote, docs: Path) -> None:
    protect()
    footnote("index", docs)
    protect("hr/**")
    told = "more people may read than the [[access]] rules say, until `footnote index` runs: documents 1"
    assert told in footnote("doctor").out
    assert (footnote("verify").code, json.loads(footnote("status", "--json").out)["access"]["not_yet_closed"]) == (
        1,
        ["hr/pay.md"],
    )
    footnote("index", docs)
    assert told not in footnote("doctor").out
    assert found(footnote) == set()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ('[[acess]]\nglob = "hr/**"\ngroups = ["hr"]\n', "acess: there is no such setting"),
        ('[[access]]\nglob = "hr/**"\ngroup = ["hr"]\n', "access.0.group"),
        ('[[access]\nglob = "hr/**"\n', "is not valid TOML"),
        ("", "More people could read hr/pay.md"),
    ],
)
def test_settings_that_lose_the_rules_stop_the_run(footnote: RunFootnote, docs: Path, file: str, said: str) -> None:
    footnote("index", docs)
    Path("footnote.toml").write_text(file)
    ran = footnote("index", docs)
    assert (ran.code, said in ran.err) == (1, True)
    protect("hr/**")
    assert found(footnote) == set()
