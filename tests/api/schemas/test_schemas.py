import json
from dataclasses import replace
from datetime import date

import pytest
from pydantic import ValidationError

from api.rendering.links import Links
from api.schemas.answer import AnswerContext, answer_body, answer_to_wire, event_frames
from api.schemas.question import AskRequest
from fakes.answerer import answer, passage, unverified_answer
from indexes.ingest.documents import document_id
from indexes.types import Filters, Hit, Query
from rag.errors import QuestionError, QuestionTooLongError
from rag.types import Completed, Delta, Near, Question, Retrieval, Retrieved, Turn

LEAVE = answer("Staff get 25 days [1].\nThey may save them [2][1].", {1: "25 days\nof leave", 2: "may be saved"})


def test_an_answer_becomes_plain_json() -> None:
    told = answer_to_wire(LEAVE)
    assert json.loads(json.dumps(told)) == told
    assert list(told) == [
        "id",
        "conversation",
        "question",
        "text",
        "status",
        "model",
        "citations",
        "sentences",
        "retrieval",
        "confidence",
        "usage",
        "cut_short",
        "timings",
        "cached",
        "unanswered",
        "declined_by",
        "unmatched_filters",
        "searched_languages",
        "nearest",
        "advice",
        "html",
    ]
    assert told["question"] == "?"
    assert told["usage"] == {"input_tokens": 11, "output_tokens": 7, "cached_input_tokens": None, "cost": None}
    assert told["timings"] == {"retrieve": 0.25, "total": 1.5}


def test_a_citation_names_the_place_in_words_and_in_numbers() -> None:
    assert answer_to_wire(LEAVE)["citations"][0] == {
        "number": 1,
        "document": "id of hr/leave.pdf",
        "path": "hr/leave.pdf",
        "title": "leave.pdf",
        "place": "page 4, lines 12–13",
        "quote": "25 days\nof leave",
        "url": None,
        "locator": {
            "page": 4,
            "sheet": None,
            "slide": None,
            "line_start": 12,
            "line_end": 13,
            "char_start": 0,
            "char_end": 16,
            "heading": ["Leave"],
        },
        "answer_spans": [[18, 21], [45, 48]],
        "support": 0.9,
    }


def test_where_a_server_is_asked_each_place_has_a_link_that_opens_it() -> None:
    declined = replace(LEAVE, nearest=(Near("hr/leave.pdf", "Leave", passage("25 days").locator),))
    told = answer_body(declined, AnswerContext(links=Links("http://localhost:8000")))
    view = "http://localhost:8000/view"
    assert told.citations[1].url == f"{view}/id of hr/leave.pdf?start=0&end=12&page=4"
    assert told.nearest[0].url == f"{view}/{document_id('hr/leave.pdf')}?start=0&end=7&page=4"
    assert [hit.url for hit in told.retrieval.hits] == [citation.url for citation in told.citations]


def test_the_spans_of_a_citation_are_its_markers() -> None:
    told = answer_to_wire(LEAVE)
    for citation in told["citations"]:
        assert {told["text"][start:end] for start, end in citation["answer_spans"]} == {f"[{citation['number']}]"}


def test_a_sentence_carries_its_verdict() -> None:
    told = answer_to_wire(answer("So it is [1].", {1: "so"}, verdicts=("unsupported",)))
    sentence = {"text": "So it is [1].", "start": 0, "end": 13, "citations": [1], "support": 0.9}
    assert told["sentences"] == [sentence | {"verdict": "unsupported", "finding": "", "contradicted": False}]


def test_an_unverified_answer_keeps_its_text_and_says_which_sentence_is_contradicted() -> None:
    told = answer_to_wire(unverified_answer())
    assert (told["status"], told["declined_by"], told["text"]) == ("unverified", None, unverified_answer().text)
    assert [sentence["contradicted"] for sentence in told["sentences"]] == [True, False]


def test_a_partial_answer_says_which_part_is_not_answered() -> None:
    told = answer_to_wire(replace(LEAVE, status="partly", unanswered="who signs"))
    assert (told["status"], told["unanswered"]) == ("partly", "who signs")


def test_a_declined_answer_says_who_declined_and_where_to_look() -> None:
    locator = passage("25 days", page=4).locator
    declined = replace(LEAVE, status="declined", declined_by="model", nearest=(Near("hr/leave.pdf", "Leave", locator),))
    told = answer_to_wire(declined)
    (near,) = told["nearest"]
    assert (told["declined_by"], near["path"], near["place"]) == ("model", "hr/leave.pdf", "page 4, line 12")
    assert (near["title"], near["locator"]["char_end"]) == ("Leave", 7)
    assert near["document"] == document_id("hr/leave.pdf")


def test_advice_is_given_only_where_no_language_model_answered() -> None:
    assert answer_to_wire(answer("Yes.", model="offline-extractive"), "Connect one.")["advice"] == "Connect one."
    assert answer_to_wire(answer("Yes.", model="gpt"), "Connect one.")["advice"] is None


def test_what_was_found_is_told_with_its_text_and_place() -> None:
    found = Retrieved(Retrieval(Query("leave"), (Hit(passage("25 days", "a/b.md", page=None), 0.5),)))
    (frame,) = event_frames(found, AnswerContext(links=Links("https://docs.example/")))
    assert frame.event == "retrieval"
    assert json.loads(frame.data) == {
        "query": "leave",
        "hits": [
            {
                "document": "id of a/b.md",
                "path": "a/b.md",
                "title": "b.md",
                "place": "line 12",
                "url": "https://docs.example/view/id of a/b.md?start=0&end=7",
                "page": None,
                "score": 0.5,
                "text": "25 days",
            }
        ],
        "left_out": {"passages": 0, "shortened": 0, "turns": 0},
    }


def test_a_delta_of_several_lines_is_one_line_of_json() -> None:
    (frame,) = event_frames(Delta("one\r\ntwo\n"))
    assert frame.data.splitlines() == [frame.data]
    assert json.loads(frame.data) == {"text": "one\r\ntwo\n"}


def test_a_completed_answer_tells_its_citations_and_then_itself() -> None:
    frames = list(event_frames(Completed(LEAVE)))
    assert [frame.event for frame in frames] == ["citation", "citation", "answer"]
    assert [json.loads(frame.data) for frame in frames[:2]] == answer_to_wire(LEAVE)["citations"]
    assert json.loads(frames[2].data) == answer_to_wire(LEAVE)


def test_a_request_becomes_a_question_with_its_history() -> None:
    asked = AskRequest.model_validate(
        {
            "question": "  And then? ",
            "history": [{"role": "user", "text": "Leave?"}, {"role": "assistant", "text": "25."}],
        }
    )
    expected = Question("And then?", history=(Turn("user", "Leave?"), Turn("assistant", "25.")))
    assert asked.to_question(max_chars=100) == expected


def test_a_request_may_be_confined() -> None:
    filters = {"paths": ["hr/**"], "since": "2024-05-31"}
    asked = AskRequest.model_validate({"question": "Leave?", "filters": filters, "recency_days": 30})
    confined = Filters(("hr/**",), since=date(2024, 5, 31))
    assert asked.to_question(max_chars=100) == Question("Leave?", filters=confined, recency_days=30)


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_nothing_is_not_a_question(text: str) -> None:
    with pytest.raises(QuestionError, match="empty"):
        AskRequest(question=text).to_question(max_chars=10)


def test_a_question_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert AskRequest(question="x" * 10).to_question(max_chars=10).text == "x" * 10
    with pytest.raises(QuestionTooLongError, match="11 characters, and the limit is 10"):
        AskRequest(question="x" * 11).to_question(max_chars=10)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": 5},
        {"question": "a", "colour": "red"},
        {"question": "a", "history": [{"role": "system", "text": "b"}]},
        {"question": "a", "history": [{"role": "user", "text": "b", "name": "c"}]},
        {"question": "\ud800"},
        {"question": "a", "history": [{"role": "user", "text": "\udfff"}]},
    ],
)
def test_a_request_of_another_shape_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AskRequest.model_validate(body)
