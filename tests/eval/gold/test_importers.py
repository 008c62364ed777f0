"""SQuAD and BEIR become sets of ours."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.gold.files import read_gold
from eval.gold.importers import ImportFormatError, import_beir, import_squad
from eval.types import GoldCase, GoldEvidence
from fakes.engines import RunFootnote

CONTEXT = "The kettle holds two litres. It was bought in 1994.  The shed is green."


def squad(*qas: dict[str, Any], title: str = "The_kettle", context: str = CONTEXT) -> dict[str, Any]:
    return {"version": "v2.0", "data": [{"title": title, "paragraphs": [{"context": context, "qas": list(qas)}]}]}


def asked(text: str, start: int | None, *, name: str = "q-1", **more: Any) -> dict[str, Any]:
    answers = [] if start is None else [{"text": text, "answer_start": start}]
    return {"id": name, "question": " When was it bought? ", "answers": answers, **more}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "sets" / "tiny"


def written(folder: Path, value: object) -> Path:
    file = folder / "squad.json"
    file.write_text(json.dumps(value), encoding="utf-8")
    return file


def squad_fault(folder: Path, value: object, out: Path) -> str:
    with pytest.raises(ImportFormatError) as caught:
        import_squad(written(folder, value), out)
    assert not out.exists()
    return str(caught.value)


def test_an_article_is_a_document_and_an_answers_sentence_its_evidence(tmp_path: Path, out: Path) -> None:
    impossible = asked("", None, name="q-2", is_impossible=True, plausible_answers=[{"text": "x", "answer_start": 0}])
    import_squad(written(tmp_path, squad(asked("1994", 46), impossible)), out)
    assert (out / "docs" / "The_kettle.md").read_text() == f"# The kettle\n\n{CONTEXT}\n"
    evidence = GoldEvidence("The_kettle.md", quote="It was bought in 1994.")
    assert read_gold(out) == [
        GoldCase("q-1", "When was it bought?", ("1994",), (evidence,), answerable=True, kind="squad"),
        GoldCase("q-2", "When was it bought?", (), (), answerable=False, kind="squad"),
    ]


def test_what_annotators_gave_is_quoted_from_the_first_to_the_last(tmp_path: Path, out: Path) -> None:
    told = asked("two litres", 17) | {
        "answers": [{"text": t, "answer_start": CONTEXT.index(t)} for t in ("1994", "two")]
    }
    import_squad(written(tmp_path, squad(told)), out)
    (case,) = read_gold(out)
    assert case.answers == ("1994", "two")
    assert case.evidence[0].quote == "The kettle holds two litres. It was bought in 1994."


def test_a_sentence_that_the_article_says_twice_is_quoted_with_its_paragraph(tmp_path: Path, out: Path) -> None:
    text = "It is green. The kettle is old. It is green."
    import_squad(written(tmp_path, squad(asked("green", 6), context=text)), out)
    assert read_gold(out)[0].evidence[0].quote == text


def test_titles_become_names_that_every_file_system_takes(tmp_path: Path, out: Path) -> None:
    titles = ["../etc/passwd", "AC/DC", "ac/dc", "  ", "..", "漢" * 200, "Beyoncé: a life?"]
    articles = [squad(asked("", None, name=str(n)), title=title)["data"][0] for n, title in enumerate(titles)]
    import_squad(written(tmp_path, {"data": articles}), out)
    names = sorted(path.name for path in (out / "docs").iterdir())
    assert names == sorted(
        [
            "etc_passwd.md",
            "AC_DC.md",
            "ac_dc-2.md",
            "untitled.md",
            "untitled-2.md",
            "漢" * 40 + ".md",
            "Beyoncé_a_life.md",
        ]
    )


def test_a_question_that_asks_nothing_is_left_out_and_told(tmp_path: Path, out: Path) -> None:
    made = import_squad(written(tmp_path, squad(asked("1994", 46), asked("", None, name="2") | {"question": " "})), out)
    assert (made.documents, made.questions) == (1, 1)
    assert made.left_out == [f"{tmp_path}/squad.json: data.0.paragraphs.0.qas.1 asks nothing"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({}, "no 'data'"),
        (squad({"id": "1"}), "no 'data.0.paragraphs.0.qas.0.question'"),
        (squad(asked("1994", 44)), "data.0.paragraphs.0.qas.0: '1994' is not at character 44 of its context"),
        (
            squad(asked("1994", 46), asked("1994", 46)),
            "squad.json: data.0.paragraphs.0.qas.1: id: 'q-1' was there before",
        ),
        ({"data": []}, "There are no questions"),
        ([], "not a gold row"),
    ],
)
def test_what_is_wrong_with_a_squad_file_is_named_with_its_place(
    tmp_path: Path, out: Path, value: object, told: str
) -> None:
    assert told in squad_fault(tmp_path, value, out)


def test_json_that_is_cut_short_is_named_with_its_line(tmp_path: Path, out: Path) -> None:
    (tmp_path / "cut.json").write_text('{\n"data": [')
    with pytest.raises(ImportFormatError, match=r"cut.json is not SQuAD: .* line 2"):
        import_squad(tmp_path / "cut.json", out)


def test_a_folder_that_holds_anything_is_refused_and_left_alone(tmp_path: Path, out: Path) -> None:
    out.mkdir(parents=True)
    (out / "mine.txt").write_text("mine")
    with pytest.raises(ImportFormatError, match="exists and is not empty"):
        import_squad(written(tmp_path, squad(asked("1994", 46))), out)
    assert [path.name for path in out.parent.rglob("*")] == ["tiny", "mine.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path, out: Path) -> None:
    out.mkdir(parents=True)
    import_squad(written(tmp_path, squad(asked("1994", 46))), out)
    assert sorted(path.name for path in out.parent.iterdir()) == ["tiny"]
    assert len(read_gold(out)) == 1


# BEIR

CORPUS = [
    {"_id": "MED-1/a", "title": "Kettles", "text": "The kettle holds two litres.", "metadata": {}},
    {"_id": "MED-1:a", "title": "", "text": "The shed is green."},
    {"_id": "empty", "title": "", "text": ""},
]
QUERIES = [{"_id": "1", "text": "What holds two litres?"}, {"_id": "2", "text": "Never judged?"}]
QRELS = "query-id\tcorpus-id\tscore\n1\tMED-1/a\t2\n1\tMED-1:a\t1\n1\tother\t0\n"


def beir(folder: Path, corpus: Any = CORPUS, queries: Any = QUERIES, qrels: str = QRELS) -> Path:
    (folder / "beir" / "qrels").mkdir(parents=True)
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / "beir" / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (folder / "beir" / "qrels" / "test.tsv").write_text(qrels)
    return folder / "beir"


def test_judged_queries_become_questions_with_their_documents(tmp_path: Path, out: Path) -> None:
    made = import_beir(beir(tmp_path), out)
    assert (out / "docs" / "MED-1_a.md").read_text() == "# Kettles\n\nThe kettle holds two litres.\n"
    assert (out / "docs" / "MED-1_a-2.md").read_text() == "The shed is green.\n"
    (case,) = read_gold(out)
    assert (case.id, case.evidence) == ("1", (GoldEvidence("MED-1_a.md"), GoldEvidence("MED-1_a-2.md")))
    assert case.tags == ("MED-1_a.md=MED-1/a", "MED-1_a-2.md=MED-1:a")
    assert made.left_out == [f"{tmp_path}/beir/corpus.jsonl:3 says nothing"]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"corpus": [*CORPUS, {"_id": 7, "text": "x"}]}, "corpus.jsonl:4: _id: Input should be a valid string"),
        ({"corpus": [*CORPUS, CORPUS[0]]}, "corpus.jsonl:4: _id: 'MED-1/a' was there before"),
        ({"queries": [{"_id": "1"}]}, "queries.jsonl:1: no 'text'"),
        ({"queries": QUERIES[1:]}, "qrels/test.tsv: there is no query '1'"),
        ({"qrels": "1\tMED-1/a\n"}, "test.tsv:1: not a query, a document and a whole number"),
        ({"qrels": QRELS + "1\tMED-1/a\tmuch\n"}, "test.tsv:5: not a query, a document and a whole number"),
        ({"qrels": QRELS + "1\tgone\t1\n"}, "test.tsv:5: there is no document 'gone' in corpus.jsonl"),
        ({"qrels": ""}, "There are no questions"),
    ],
)
def test_what_is_wrong_with_a_beir_folder_is_named_with_its_line(
    tmp_path: Path, out: Path, parts: dict[str, Any], told: str
) -> None:
    with pytest.raises(ImportFormatError) as caught:
        import_beir(beir(tmp_path, **parts), out)
    assert told in str(caught.value)
    assert not out.exists()


def test_ids_of_a_beir_folder_may_hold_blanks(tmp_path: Path, out: Path) -> None:
    corpus, queries = [{"_id": "doc 1", "text": "The kettle."}], [{"_id": "q 1", "text": "What?"}]
    import_beir(beir(tmp_path, corpus, queries, "query-id\tcorpus-id\tscore\nq 1\tdoc 1\t1\n"), out)
    assert [(case.id, case.tags) for case in read_gold(out)] == [("q 1", ("doc_1.md=doc 1",))]


def test_a_folder_that_is_no_beir_names_what_it_lacks(tmp_path: Path, out: Path) -> None:
    with pytest.raises(ImportFormatError, match=r"qrels/test.tsv cannot be read: No such file"):
        import_beir(tmp_path, out)


# The command


def test_what_was_imported_is_asked_and_agrees_with_its_documents(tmp_path: Path, footnote: RunFootnote) -> None:
    file = written(tmp_path, squad(asked("1994", 46), asked("", None, name="q-2", is_impossible=True)))
    assert footnote("eval", "import", "squad", file, "tiny").code == 0
    ran = footnote("eval", "tiny", "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["questions"]) == (0, 2)
    assert told["measures"]["citation_span_recall"]["value"] == 1.0
    checked = footnote("eval", "lint", "tiny", "--json")
    assert checked.code == 0
    assert {found["level"] for found in json.loads(checked.out)} <= {"warning", "note"}
