"""The sample documents, asked every gold question: whatever is cited stands where the citation says."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import httpx
import pytest

from api.schemas.answer import AnswerBody
from eval.gold.files import read_gold
from eval.metrics.summary import finish_run
from eval.regression.gate_rule import make_ruling
from eval.runs.folder import RunFolder
from eval.runs.provenance import collect_provenance
from eval.runs.runner import answer_case, run_cases, with_gold_locations
from fakes.engines import ROOT, RememberingEncoder, RunFootnote, WarmEngine
from indexes.text.tokenization import words
from indexes.types import Document
from rag.extractive.writer import NAME
from rag.protocols import Answerer
from rag.settings import Settings
from rag.types import Answer, Citation, Event, Question

CASES = read_gold(ROOT / "eval" / "gold" / "samples.jsonl")
PARENTS = "How long can fathers and other second parents stay off on full pay?"
EIGHT_WEEKS = r'\[\d\] handbook/leave-policy\.pdf, page 3, lines? \d+(–\d+)?: "[^"]*8 weeks[^"]*"'
BASELINE = ROOT / "eval" / "gold" / "samples-baseline"
"""What `footnote eval baseline` kept of a run of the samples: a change that makes the engine worse fails here."""


class Noting:
    """An answerer whose answers are kept."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer
        self.answers: list[Answer] = []

    async def answer(self, question: Question) -> Answer:
        self.answers.append(await self._answerer.answer(question))
        return self.answers[-1]

    def stream(self, question: Question) -> AsyncGenerator[Event]:
        return self._answerer.stream(question)


@dataclass(frozen=True)
class Asked:
    """Every gold question, once."""

    run: RunFolder
    answers: list[Answer]
    documents: dict[str, Document]

    @property
    def citations(self) -> list[Citation]:
        return [citation for answer in self.answers for citation in answer.citations]

    def document(self, citation: Citation) -> Document:
        return self.documents[citation.passage.document_id]


@pytest.fixture(scope="module")
def asked(
    samples_index: Path, encoder: RememberingEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    settings = Settings(index={"dir": samples_index})
    engine = WarmEngine(settings, encoder)
    noting, folder = Noting(engine.assistant), RunFolder(tmp_path_factory.mktemp("run"))
    asking = with_gold_locations(partial(answer_case, answerer=noting), engine.catalog.document_at)
    about = collect_provenance(engine, CASES, "samples", "", retrieval_only=False)
    asyncio.run(run_cases(folder, about, CASES, asking, lambda _: None))
    finish_run(folder)
    ids = {citation.passage.document_id for answer in noting.answers for citation in answer.citations}
    documents = {i: document for i in ids if (document := engine.catalog.document(i))}
    yield Asked(folder, noting.answers, documents)
    engine.close()


def test_every_quote_is_the_text_of_its_document_at_its_span(asked: Asked) -> None:
    assert len(asked.citations) > len(CASES) / 2
    for citation in asked.citations:
        text, place = asked.document(citation).text, citation.locator
        assert text[place.char_start : place.char_end] == citation.quote
        assert citation.quote.strip()


def test_every_place_is_the_one_that_the_document_itself_gives(asked: Asked) -> None:
    for citation in asked.citations:
        place = citation.locator
        told = asked.document(citation).locate(place.char_start, place.char_end)
        assert replace(told, heading=place.heading) == place
        assert place.heading[: len(told.heading)] == told.heading  # a short section joins one below it


def test_lines_count_from_the_top_of_the_page_or_of_the_file(asked: Asked) -> None:
    for citation in asked.citations:
        document, place = asked.document(citation), citation.locator
        top = min(s.char_start for s in document.sections if s.page == place.page)
        assert place.line_start == 1 + document.text.count("\n", top, place.char_start)
        assert place.line_end == place.line_start + citation.quote.count("\n")


def test_a_pdf_has_pages_and_nothing_else_has(asked: Asked) -> None:
    for citation in asked.citations:
        assert (citation.locator.page is not None) == citation.passage.path.endswith(".pdf")


def test_lines_of_plain_files_are_those_of_an_editor(asked: Asked) -> None:
    plain = [c for c in asked.citations if c.passage.path.endswith((".txt", ".md"))]
    assert plain
    for citation in plain:
        lines = (ROOT / "samples" / citation.passage.path).read_text(encoding="utf-8").split("\n")
        cited = "\n".join(lines[citation.locator.line_start - 1 : citation.locator.line_end])
        assert citation.quote in cited


def test_markers_count_from_one_in_order_of_first_use(asked: Asked) -> None:
    for answer in asked.answers:
        used = dict.fromkeys(int(number) for number in re.findall(r"\[(\d+)\]", answer.text))
        assert list(used) == [citation.number for citation in answer.citations]
        assert list(used) == list(range(1, len(used) + 1))


def test_markers_stand_where_the_citations_say(asked: Asked) -> None:
    for answer in asked.answers:
        for citation in answer.citations:
            spans = [m.span() for m in re.finditer(re.escape(f"[{citation.number}]"), answer.text)]
            assert list(citation.answer_spans) == spans


def test_every_word_of_an_offline_answer_stands_in_its_sources(asked: Asked) -> None:
    for answer in (answer for answer in asked.answers if answer.citations):
        said = set(words(re.sub(r"\[\d+\]", " ", answer.text)))
        sources = [f"{citation.passage.context} {citation.passage.text}" for citation in answer.citations]
        # the heads of a row's columns may stand in the context, with other signs between their words
        assert said <= set(words(" ".join(sources).replace("_", " ")))
        assert answer.model == NAME


def test_an_answer_has_sources_or_is_declined(asked: Asked) -> None:
    for answer in asked.answers:
        assert (answer.status == "declined") == (not answer.citations) == (not answer.sentences)


def test_the_gate_lets_the_engine_pass(asked: Asked) -> None:
    assert make_ruling(RunFolder(BASELINE), asked.run).failures == []


def test_ask_shows_the_answer_and_then_its_numbered_sources(samples_index: Path, footnote: RunFootnote) -> None:
    ran = footnote("ask", PARENTS, "--index", samples_index)
    answer, _, sources = ran.out.partition("\n\n")
    assert ran.code == 0
    assert "8 weeks" in answer
    assert "[1]" in answer
    assert re.search(EIGHT_WEEKS, sources)
    assert f"{NAME}: " in ran.err  # how to connect a language model


def test_ask_prints_json_that_is_an_answer_on_the_wire(samples_index: Path, footnote: RunFootnote) -> None:
    ran = footnote("ask", PARENTS, "--index", samples_index, "--json")
    told = AnswerBody.model_validate_json(ran.out)
    assert (ran.code, told.status, told.model) == (0, "answered", NAME)
    assert told.advice
    assert told.citations[0].path == "handbook/leave-policy.pdf"


def test_a_history_file_keeps_the_conversation(samples_index: Path, footnote: RunFootnote, tmp_path: Path) -> None:
    history = tmp_path / "talk.json"
    asking = ("--index", samples_index, "--history", history)
    assert footnote("ask", "What is the hotel limit in Lisbon?", *asking).code == 0
    assert "PLN 540" in footnote("ask", "And in Gdańsk?", *asking).out
    turns = json.loads(history.read_text(encoding="utf-8"))
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 2
    assert [turn["text"] for turn in turns[::2]] == ["What is the hotel limit in Lisbon?", "And in Gdańsk?"]


def test_status_tells_what_the_index_holds(samples_index: Path, footnote: RunFootnote) -> None:
    told = json.loads(footnote("status", "--index", samples_index, "--json").out)
    assert (told["documents"], told["passages not yet in Chroma"]) == (12, 0)
    assert told["embedding model"] == "all-MiniLM-L6-v2"


def test_doctor_finds_nothing_wrong(samples_index: Path, footnote: RunFootnote) -> None:
    ran = footnote("doctor", "--index", samples_index, "--json")
    assert ran.code == 0
    assert {finding["check"] for finding in json.loads(ran.out)} >= {"configuration", "language model", "index"}


def test_serve_answers_and_ends_when_it_is_told_to(samples_index: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "api.commands.cli", "serve", "--port", "0", "--index", str(samples_index)]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr
            url = re.search(r"http://[\d.:]+/", server.stderr.readline())
            assert url
            with httpx.Client(base_url=url[0], timeout=60, trust_env=False) as client:
                assert client.get("/healthz").json()["documents"] == 12
                told = client.post("/v1/ask", json={"question": PARENTS}).json()
            assert any("8 weeks" in citation["quote"] for citation in told["citations"])
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=60) == 0
        finally:
            server.kill()
