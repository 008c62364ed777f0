"""OpenAI's chat completions as JSON: an answer, whole and in pieces, and errors."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal

from pydantic import Field

from api.core.problems import Problem
from api.rendering.links import Links
from api.schemas.footnotes import with_footnotes
from api.schemas.openai_request import MODEL
from api.schemas.question import Body
from rag.types import Answer, Usage
from rag.verification.abstention import with_status

Json = dict[str, Any]
# OpenAI's codes for our kinds
_CODES = {
    "unauthorized": "invalid_api_key",
    "no-such-model": "model_not_found",
    "too-many-requests": "rate_limit_exceeded",
    "question-too-long": "context_length_exceeded",
}
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_PIECE = re.compile(r"(?s).{1,64}\S*\s*")


class UrlCitationBody(Body):
    """A citation with its link."""

    start_index: int = Field(description="the start of the marker in the content, in code points")
    end_index: int
    title: str
    url: str = Field(description="opens the source at the quote")


class AnnotationBody(Body):
    """An annotation of the text."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitationBody


class ChoiceMessageBody(Body):
    """The message with the answer."""

    role: Literal["assistant"] = "assistant"
    content: str = Field(description="Markdown, with markers [1], [2]… in order of first use")
    refusal: None = None
    annotations: tuple[AnnotationBody, ...]


class ChoiceBody(Body):
    """The one choice."""

    index: int = 0
    message: ChoiceMessageBody
    logprobs: None = None
    finish_reason: Literal["stop", "length"]


class CachedBody(Body):
    """Cached input tokens."""

    cached_tokens: int


class ChatUsageBody(Body):
    """Tokens; 0 if they are not known."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: CachedBody


class CompletionBody(Body):
    """A chat completion."""

    id: str = Field(description="chatcmpl- and the answer's id")
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: tuple[ChoiceBody, ...]
    usage: ChatUsageBody


class ModelBody(Body):
    """A model."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = MODEL


class ModelsBody(Body):
    """The models."""

    object: Literal["list"] = "list"
    data: tuple[ModelBody, ...]


MODELS = ModelsBody(data=(ModelBody(id=MODEL),))


@dataclass(frozen=True, slots=True)
class Data:
    """A server-sent event without a name: one line of JSON, or OpenAI's word for the end."""

    data: str

    def encode(self) -> bytes:
        """Return the event as it is sent."""
        return f"data: {self.data}\n\n".encode()


END = Data("[DONE]")
EMPTY = "{}"
"""An empty JSON object, for a client that asks for a title, tags or suggestions."""
TEXT_ONLY = (
    "Footnote reads text only: it has not looked at the image, recording or file of this message. "
    "Ask again in words, without it."
)


def completion_body(
    answer: Answer, answer_id: str, links: Links, *, sources: bool = True, annotations: bool = True
) -> CompletionBody:
    """Return the answer as a completion, with doubts and sources after the text, and an annotation for each marker."""
    cited = [(span, citation) for citation in answer.citations for span in citation.answer_spans]
    notes = tuple(
        AnnotationBody(
            url_citation=UrlCitationBody(
                start_index=start,
                end_index=end,
                title=f"{citation.passage.title}, {citation.locator}",
                url=links.to(citation.passage.document_id, citation.locator) or "",
            )
        )
        for (start, end), citation in sorted(cited, key=itemgetter(0))
    )
    content = with_footnotes(answer, links) if sources else with_status(answer)
    message = ChoiceMessageBody(content=content, annotations=notes if annotations else ())
    return _completion(answer_id, message, answer.usage, "length" if answer.cut_short else "stop")


def own_completion(answer_id: str, text: str) -> CompletionBody:
    """Return a completion with a text that comes from no document."""
    return _completion(answer_id, ChoiceMessageBody(content=text, annotations=()), Usage())


def chunks(completion: CompletionBody, *, include_usage: bool) -> Iterator[Data]:
    """Yield the completion in pieces, and the end."""
    choice, usage = completion.choices[0], {"usage": None} if include_usage else {}
    message = choice.message
    yield _chunk(completion, usage, {"role": message.role, "content": ""})
    for piece in _PIECE.findall(message.content):
        yield _chunk(completion, usage, {"content": piece})
    if message.annotations:
        yield _chunk(completion, usage, {"annotations": [note.model_dump() for note in message.annotations]})
    yield _chunk(completion, usage, {}, choice.finish_reason)
    if include_usage:
        yield _data(_head(completion) | {"choices": [], "usage": completion.usage.model_dump()})
    yield END


def status_of(problem: Problem) -> int:
    """Return OpenAI's status: 400 in place of 422."""
    return 400 if problem.status == 422 else problem.status


def error_body(problem: Problem, param: str | None = None) -> Json:
    """Return the problem in OpenAI's shape. Its ``code`` is OpenAI's own, or the problem's kind."""
    kind = problem.type.rpartition(":")[2]
    type_ = _TYPES.get(problem.status, "invalid_request_error" if problem.status < 500 else "server_error")
    return {"error": {"message": problem.detail, "type": type_, "param": param, "code": _CODES.get(kind, kind)}}


def error_data(problem: Problem) -> Data:
    """Return the event of a failure."""
    return _data(error_body(problem))


def _completion(
    answer_id: str, message: ChoiceMessageBody, usage: Usage, finish_reason: Literal["stop", "length"] = "stop"
) -> CompletionBody:
    read, written = usage.input_tokens or 0, usage.output_tokens or 0
    return CompletionBody(
        id=f"chatcmpl-{answer_id}",
        created=int(time.time()),
        choices=(ChoiceBody(message=message, finish_reason=finish_reason),),
        usage=ChatUsageBody(
            prompt_tokens=read,
            completion_tokens=written,
            total_tokens=read + written,
            prompt_tokens_details=CachedBody(cached_tokens=usage.cached_input_tokens or 0),
        ),
    )


def _chunk(completion: CompletionBody, usage: Json, delta: Json, finish_reason: str | None = None) -> Data:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _data(_head(completion) | {"choices": [choice]} | usage)


def _head(completion: CompletionBody) -> Json:
    head = {"id": completion.id, "object": "chat.completion.chunk"}
    return head | {"created": completion.created, "model": completion.model}


def _data(content: Json) -> Data:
    return Data(json.dumps(content, ensure_ascii=False))
