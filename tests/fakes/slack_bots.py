"""The bot as it is put together, before a fake Slack, over Socket Mode or HTTP; and answerers for it."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from api.app.fastapi_app import create_app
from api.core.principals import Principal
from api.history.feedback_store import Feedback, FeedbackStores
from api.slack.bot import Bot
from api.slack.factory import make_bot, make_oauth
from api.slack.http_mode import slack_routes
from api.slack.socket_mode import SocketMode
from fakes.answerer import answer, telling
from fakes.services import fake_services
from fakes.serving import serving
from fakes.slack.server import FakeSlack
from rag.protocols import Answerer
from rag.settings import Settings, load_settings
from rag.types import Answer, Event, Near, Question

Transport = Literal["socket", "http"]
BASE = "https://docs.acme.example"
DECLINED = "The documents do not answer this question."


@dataclass(frozen=True, slots=True)
class Book:
    """A document: what it says to a question that has one of its words, and who may read it."""

    words: str
    says: str
    readers: tuple[str, ...] = ("everyone",)
    path: str = "hr/leave.pdf"


LEAVE = Book("leave|holiday", "New employees get 25 days of leave")
PAY = Book("salary|pay", "The director earns 200,000", ("hr",), "hr/pay.pdf")


class Library(Answerer):
    """Answers from the books that the question's audience may read, after ``delay`` seconds; else declines."""

    def __init__(self, *books: Book, delay: float = 0.0) -> None:
        self.books, self.delay = books, delay
        self.asked: list[Question] = []
        self.gate: asyncio.Event | None = None
        """Where there is one, the answer's end waits for it."""

    async def stream(self, question: Question) -> AsyncGenerator[Event]:
        self.asked.append(question)
        said = replace(self._said(question), question=question)
        *begun, last = telling(said)
        for event in begun:
            await asyncio.sleep(self.delay / 3)
            yield event
        if self.gate is not None:
            await self.gate.wait()
        yield last

    async def answer(self, question: Question) -> Answer:
        async for event in self.stream(question):
            if hasattr(event, "answer"):
                return event.answer
        raise AssertionError("it always completes")

    def _said(self, question: Question) -> Answer:
        asked = question.text.lower()
        found = [b for b in self.books if re.search(b.words, asked) and question.audience.may_read(b.readers)]
        if not found:
            seen = [b for b in self.books if question.audience.may_read(b.readers)]
            near = tuple(
                Near(b.path, b.path.rpartition("/")[2], answer("x[1]", {1: "x"}).citations[0].locator) for b in seen
            )
            return replace(answer(DECLINED, status="declined"), sentences=(), nearest=near[:3])
        lines = [f"{book.says} [{number}]." for number, book in enumerate(found, 1)]
        return answer("\n".join(lines), {n: book.says for n, book in enumerate(found, 1)}, path=found[0].path)


@dataclass
class Ballot:
    """Keeps feedback, the last of each answer."""

    known: Callable[[str], bool] = lambda _: True
    kept: dict[tuple[str, str], Feedback] = field(default_factory=dict)

    def rate(self, principal: Principal, answer_id: str, feedback: Feedback) -> bool:
        if self.known(answer_id):
            self.kept[principal.id, answer_id] = feedback
        return self.known(answer_id)


def slack_settings(slack: FakeSlack, folder: Path, **parts: Any) -> Settings:
    tokens = {"bot_token": slack.bot_token, "app_token": slack.app_token, "signing_secret": slack.signing_secret}
    chosen = {**tokens, "api_url": slack.base_url, **parts}
    return load_settings(slack=chosen, server={"dir": folder, "public_url": BASE}, journal={"on": True})


@asynccontextmanager
async def answering(
    slack: FakeSlack,
    answerer: Answerer,
    settings: Settings,
    transport: Transport = "socket",
    ballot: Ballot | None = None,
) -> AsyncIterator[Bot]:
    """The bot, connected."""
    at = fake_services(answerer, feedback=FeedbackStores(ballot) if ballot else None)
    bot = make_bot(settings, replace(at, count_documents=lambda _: 1204))
    assert settings.slack.signing_secret is not None
    assert settings.slack.app_token is not None
    if transport == "socket":
        async with SocketMode(bot, settings.slack.app_token.get_secret_value(), settings.slack.api_url):
            yield bot
        return
    routes = slack_routes(bot, settings.slack.signing_secret.get_secret_value(), make_oauth(settings))
    async with serving(create_app(replace(at, slack=routes)), lifespan="on") as url:
        slack.request_url = f"{url}/slack/events"
        yield bot
        slack.request_url = None


class Start(Protocol):
    def __call__(self, library: Answerer | None = None, **parts: Any) -> AbstractAsyncContextManager[Bot]: ...
