"""Bad input: one clear message, a failing exit or a 4xx, and nothing lost."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.app.fastapi_app import create_app
from api.app.http_server import AddressError, listen
from fakes.answerer import ScriptedAnswerer
from fakes.engines import SAMPLES, OpenEngine, Ran, RunFootnote
from fakes.services import fake_services
from indexes.ingest.changes import SyncPlan
from indexes.ingest.sync import SyncListener
from rag.engine.engine import open_writer
from rag.settings import Settings
from rag.types import Question

PARENTS = "How long can fathers and other second parents stay off on full pay?"
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with one good file."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "good.txt").write_text("The kettle in the kitchen holds two litres.\n")
    return folder


@pytest.fixture
def lock_elsewhere(own_index: Path) -> Iterator[int]:
    """Another process writes ``own_index``: its id."""
    code = (
        "import sys; from pathlib import Path; from indexes.storage.lock import writer_lock\n"
        "with writer_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(own_index)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
        holder.communicate()


def complaint(ran: Ran) -> str:
    """The one line on standard error of a run that failed and printed nothing else."""
    assert ran.code == 1
    assert ran.out == ""
    assert ran.err.startswith("Error: ")
    assert ran.err.count("\n") == 1, ran.err
    return ran.err.removeprefix("Error: ").strip()


async def assert_nothing_is_lost(open_engine: OpenEngine, index: Path) -> None:
    engine = open_engine(index)
    assert engine.catalog.counts()[0] == 12
    assert "8 weeks" in (await engine.assistant.answer(Question(PARENTS))).text


# What is to be indexed


def test_a_folder_that_is_not_there_is_named(footnote: RunFootnote, tmp_path: Path) -> None:
    told = complaint(footnote("index", tmp_path / "nowhere", "--index", tmp_path / "index"))
    assert told == f"There is no folder {tmp_path / 'nowhere'}."


def test_an_empty_folder_says_what_could_be_indexed(footnote: RunFootnote, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    told = complaint(footnote("index", tmp_path / "empty", "--index", tmp_path / "index"))
    assert told.startswith(f"Nothing to index in {tmp_path / 'empty'}: no file is a document (.pdf, .docx")


def test_an_index_that_found_nothing_to_index_is_not_asked(footnote: RunFootnote, tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_text("no PDF")
    footnote("index", tmp_path / "bad.pdf", "--index", tmp_path / "index")
    told = complaint(footnote("ask", PARENTS, "--index", tmp_path / "index"))
    assert told == f"The index in {tmp_path / 'index'} is empty: fill it with `footnote index DOCS`."


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
async def test_a_wrong_folder_costs_an_index_nothing(
    footnote: RunFootnote, own_index: Path, opened: OpenEngine, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "empty").mkdir()
    complaint(footnote("index", tmp_path / folder, "--index", own_index))
    await assert_nothing_is_lost(opened, own_index)


async def test_a_folder_that_lost_its_files_costs_an_index_nothing(
    footnote: RunFootnote, own_index: Path, opened: OpenEngine, docs: Path
) -> None:
    assert "--allow-delete" in complaint(footnote("index", docs, "--index", own_index))
    await assert_nothing_is_lost(opened, own_index)


def test_files_that_cannot_be_read_are_named_and_the_others_indexed(
    footnote: RunFootnote, docs: Path, tmp_path: Path
) -> None:
    (docs / "binary.txt").write_bytes(bytes(range(256)) * 40)
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7\n" + b"\0garbage" * 100)
    (docs / "empty.md").write_text(" \n")
    (docs / "folder.txt").mkdir()
    ran = footnote("index", docs, "--index", tmp_path / "index")
    assert ran.code == 1
    assert re.search(r"added +1 *\n", ran.out)
    assert re.search(r"failed +3 *\n", ran.out)
    assert "failed binary.txt: is not text" in ran.out
    assert "failed broken.pdf: is not a PDF, or damaged\n" in ran.out
    assert "failed empty.md: holds no text\n" in ran.out
    assert "Traceback" not in ran.out + ran.err
    assert "two litres" in footnote("ask", "How much does the kettle hold?", "--index", tmp_path / "index").out


@pytest.mark.skipif(AS_ROOT, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_named(footnote: RunFootnote, docs: Path, tmp_path: Path) -> None:
    (docs / "secret.txt").write_text("Nobody may read this.\n")
    (docs / "secret.txt").chmod(0)
    ran = footnote("index", docs, "--index", tmp_path / "index")
    assert ran.code == 1
    assert "failed secret.txt: cannot be opened: Permission denied\n" in ran.out


def test_a_file_that_goes_while_it_is_indexed_is_named(docs: Path, tmp_path: Path) -> None:
    (docs / "fleeting.txt").write_text("Here now.\n")

    class Remover(SyncListener):
        def planned(self, plan: SyncPlan) -> None:
            plan.source("fleeting.txt").unlink()

    with open_writer(Settings(index={"dir": tmp_path / "index"})) as writer:
        report = writer.run([docs], Remover())
    assert report.failed == {"fleeting.txt": "cannot be opened: No such file or directory"}
    assert report.added == ["good.txt"]


# What is asked


def test_an_empty_question_is_refused(footnote: RunFootnote, samples_index: Path) -> None:
    told = complaint(footnote("ask", "  \n", "--index", samples_index))
    assert told == "The question is empty: write what you want to know."


def test_a_question_of_200_kilobytes_is_refused(footnote: RunFootnote, samples_index: Path) -> None:
    told = complaint(footnote("ask", "why? " * 40_000, "--index", samples_index))
    assert told.startswith("The question has 199,999 characters, and the limit is 8,000: ")


@pytest.mark.parametrize(
    ("question", "status", "kind"),
    [(" ", 400, "bad-question"), ("why? " * 40_000, 413, "question-too-long"), (7, 422, "bad-request")],
    ids=["empty", "200 kB", "no text"],
)
@pytest.mark.parametrize("path", ["/v1/ask", "/v1/ask/stream"])
async def test_over_http_a_question_that_cannot_be_asked_is_a_problem(
    question: object, status: int, kind: str, path: str
) -> None:
    answerer = ScriptedAnswerer()
    transport = httpx.ASGITransport(create_app(fake_services(answerer, max_question_chars=8000)))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.post(path, json={"question": question})
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert response.json()["type"] == f"urn:footnote:problem:{kind}"
    assert answerer.asked == []


@pytest.mark.parametrize("written", ["{}x", '{"role": "user"}', '[{"role": "king", "text": "?"}]', "[1]"])
def test_a_history_that_is_no_conversation_is_refused_and_kept(
    footnote: RunFootnote, samples_index: Path, tmp_path: Path, written: str
) -> None:
    history = tmp_path / "talk.json"
    history.write_text(written)
    told = complaint(footnote("ask", PARENTS, "--history", history, "--index", samples_index))
    assert told.startswith(f"{history} is not a conversation (")
    assert history.read_text() == written


def test_a_history_that_cannot_be_written_is_said_after_the_answer(
    footnote: RunFootnote, samples_index: Path, tmp_path: Path
) -> None:
    history = tmp_path / "no folder" / "talk.json"
    ran = footnote("ask", PARENTS, "--history", history, "--index", samples_index)
    assert ran.code == 1
    assert "8 weeks" in ran.out
    assert ran.err.endswith(f"Error: The conversation cannot be written to {history}: No such file or directory.\n")


# Where it is asked


@pytest.mark.parametrize("command", [("ask", PARENTS), ("status",), ("serve",)], ids=lambda command: command[0])
def test_a_missing_index_says_how_to_make_one(footnote: RunFootnote, command: tuple[str, ...]) -> None:
    told = complaint(footnote(*command, "--index", "nowhere"))
    assert told == "There is no index in nowhere: make one with `footnote index DOCS`."
    assert not Path("nowhere").exists()


def test_an_embedding_model_that_is_not_here_changes_nothing_and_the_old_one_answers(
    footnote: RunFootnote, own_index: Path, opened: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("FOOTNOTE_EMBEDDING__MODEL", "another-model")
        told = complaint(footnote("index", SAMPLES, "--index", own_index))
        assert told.startswith("The embedding model 'another-model' is not on this machine.")
        asked = footnote("ask", PARENTS, "--index", own_index)
    assert asked.code == 0
    assert "handbook/leave-policy.pdf, page" in asked.out
    assert "model all-MiniLM-L6-v2 made the index, and answers until `footnote index` ran with another" in asked.err
    asyncio.run(assert_nothing_is_lost(opened, own_index))


async def test_an_index_that_another_process_writes_is_not_written_and_answers(
    footnote: RunFootnote, own_index: Path, opened: OpenEngine, lock_elsewhere: int
) -> None:
    told = complaint(footnote("index", SAMPLES, "--index", own_index))
    assert told.startswith(f"Another process is writing the index in {own_index}: process {lock_elsewhere} on ")
    await assert_nothing_is_lost(opened, own_index)


@pytest.mark.parametrize("command", [("ask", PARENTS), ("index", SAMPLES), ("status",)], ids=lambda c: str(c[0]))
def test_a_corrupt_catalog_is_said_to_be_one_and_is_left_alone(
    footnote: RunFootnote, own_index: Path, command: tuple[str, ...]
) -> None:
    catalog = own_index / "catalog.sqlite3"
    catalog.write_bytes(b"no database at all " * 1000)
    assert "file is not a database" in complaint(footnote(*command, "--index", own_index))
    assert catalog.read_bytes() == b"no database at all " * 1000


async def test_a_corrupt_snapshot_of_chroma_costs_nothing(own_index: Path, opened: OpenEngine) -> None:
    for file in (own_index / "chroma").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:100])
    await assert_nothing_is_lost(opened, own_index)


def test_a_port_in_use_is_said_with_the_way_out(footnote: RunFootnote, samples_index: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = complaint(footnote("serve", "--port", port, "--index", samples_index))
    assert told.startswith(f"Cannot listen at 127.0.0.1, port {port}: another program uses it; choose another with")


def test_a_server_that_still_loads_its_model_has_its_port_already() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(AddressError, match="another program uses it"):
        listen("127.0.0.1", first.getsockname()[1])


# How it is set up

SETTINGS = {
    "no TOML": ("[llm]\nmodel = a\n", "footnote.toml is not valid TOML: ", "(at line 2, column 9)."),
    "no UTF-8": ("[llm]\nmodel = 'caf\udce9'\n", "footnote.toml is not valid TOML: ", "can't decode byte 0xe9"),
    "wrong value": ("[index]\n\n[retrieval]\nlimit = 'all'\n", "footnote.toml, line 4, retrieval.limit: ", "integer"),
    "out of range": ("answer.min_confidence = 1.5\n", "footnote.toml, line 1, answer.min_confidence: ", "less than"),
    "unknown key": ("[llm]\nmodle = 'a'\n", "footnote.toml, line 2, llm.modle: ", "there is no such setting."),
    "unknown part": ("\n[lmm]\nmodel = 'a'\n", "footnote.toml, line 2, lmm: ", "there is no such setting."),
    "no model": ("[llm]\nbase_url = 'http://127.0.0.1:1/v1'\n", "llm.base_url is set and llm.model is not: ", ""),
}
VARIABLES = {
    "FOOTNOTE_SERVER__PORT": ("http", "FOOTNOTE_SERVER__PORT: Input should be a valid integer"),
    "FOOTNOTE_LLM__MODLE": ("a", "FOOTNOTE_LLM__MODLE: there is no such setting."),
    "FOOTNOTE_PORT": ("80", "FOOTNOTE_PORT: there is no such setting."),
    "FOOTNOTE_LLM__OPTIONS": ("{", "A FOOTNOTE_ variable is not the JSON that its setting takes: "),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_a_wrong_configuration_is_said_with_its_place(footnote: RunFootnote, samples_index: Path, case: str) -> None:
    written, start, part = SETTINGS[case]
    Path("footnote.toml").write_bytes(written.encode(errors="surrogateescape"))
    told = complaint(footnote("ask", PARENTS, "--index", samples_index))
    assert told.startswith(start)
    assert part in told


@pytest.mark.parametrize("name", VARIABLES)
def test_a_wrong_variable_is_named(
    footnote: RunFootnote, samples_index: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    value, start = VARIABLES[name]
    monkeypatch.setenv(name, value)
    assert complaint(footnote("ask", PARENTS, "--index", samples_index)).startswith(start)


def test_a_missing_configuration_file_is_named(footnote: RunFootnote, samples_index: Path) -> None:
    told = complaint(footnote("ask", PARENTS, "--index", samples_index, "--config", "other.toml"))
    assert told == "There is no configuration file other.toml."


def test_doctor_says_what_is_wrong_with_the_configuration(footnote: RunFootnote) -> None:
    Path("footnote.toml").write_text("[llm]\nmodle = 'a'\n")
    ran = footnote("doctor")
    assert ran.code == 1
    assert "wrong configuration: footnote.toml, line 2, llm.modle: there is no such setting.\n" in ran.out


# How it is said


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (("ask", PARENTS, "--index", "nowhere"), "index-missing"),
        (("ask", "", "--index", "nowhere"), "bad-question"),
        (("index", "nowhere"), "no-documents"),
        (("status", "--config", "nowhere.toml"), "bad-configuration"),
        (("eval", "nowhere.jsonl"), "bad-gold"),
    ],
)
def test_for_machines_a_failure_is_json(footnote: RunFootnote, command: tuple[str, ...], kind: str) -> None:
    ran = footnote(*command, "--json")
    assert (ran.code, ran.err) == (1, "")
    assert json.loads(ran.out)["error"]["type"] == f"urn:footnote:problem:{kind}"


def test_a_gold_file_is_wrong_at_a_line(footnote: RunFootnote, samples_index: Path, tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"id": "1", "question": "?", "answers": [], "evidence": [], "answerable": false}\n{"id": "2"\n')
    told = complaint(footnote("eval", gold, "--index", samples_index))
    assert told.startswith(f"{gold}:2: not a gold row: ")
