"""What the page talks to besides questions, over data made up for a test: sessions, documents, conversations, feedback.

Its addresses and shapes are the server's own; it stands before them in a real application.
"""

import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from PIL import Image, ImageDraw

from api.context.services import COOKIE, Caller, ServicesDep
from api.core.inquiry import Inquiry
from api.core.principals import LOCAL, Principal, UnauthorizedError
from api.core.problems import problem
from api.middleware.guards import render
from api.schemas.answer import AnswerContext, Frame, event_frames
from indexes.ingest.documents import document_id
from indexes.types import Locator, Passage
from rag.types import Answer, Citation, Question


@dataclass(slots=True)
class FakeDocument:
    """Its text is cut into sections at blank lines; each is a page where it has pages."""

    path: str
    text: str
    title: str = ""
    paged: bool = False
    uploaded: bool = False
    heading: str = ""

    @property
    def id(self) -> str:
        return document_id(self.path)

    def listed(self) -> dict[str, Any]:
        return {
            "id": self.id, "path": self.path, "title": self.title or self.path.rpartition("/")[2],
            "media_type": "application/pdf" if self.paged else "text/plain", "dated": "2024-05-31", "labels": [],
            "bytes": len(self.text), "pages": len(self.sections()) if self.paged else None, "uploaded": self.uploaded,
        }  # fmt: skip

    def sections(self) -> list[dict[str, Any]]:
        parts = list(re.finditer(r"[^\f]+\f?" if self.paged else r"(?s).+?(?:\n\n|\Z)", self.text))
        return [
            {
                "char_start": part.start(), "char_end": part.end(), "line": self.text.count("\n", 0, part.start()) + 1,
                "heading": [self.heading] if self.heading else [], "page": number if self.paged else None,
                "sheet": None, "slide": None, "kind": "prose",
            }
            for number, part in enumerate(parts, 1)
        ]  # fmt: skip

    def opened(self, start: int, end: int) -> dict[str, Any]:
        end = min(end, len(self.text))
        sections = [one for one in self.sections() if one["char_start"] < end and one["char_end"] > start]
        return self.listed() | {
            "text": self.text[start:end],
            "text_start": start,
            "text_end": end,
            "characters": len(self.text),
            "sections": sections,
            "has_original": True,
            "has_pages": self.paged,
        }

    def place(self, quote: str) -> Locator:
        start = self.text.index(quote)
        page = self.text.count("\f", 0, start) + 1 if self.paged else None
        line = self.text.count("\n", 0, start) + 1
        return Locator(start, start + len(quote), line, line + quote.count("\n"), page=page)


def cited(said: Answer, *documents: FakeDocument) -> Answer:
    """Its citations quote the documents in turn, or the last one: their quotes must stand there."""

    def of(citation: Citation, document: FakeDocument) -> Citation:
        place = document.place(citation.quote)
        passage = Passage(f"{document.path}#0", document.id, document.path, document.title, "", document.text, place)
        return replace(citation, passage=passage, locator=place)

    padded = [*documents, *[documents[-1]] * len(said.citations)]
    return replace(said, citations=tuple(of(c, d) for c, d in zip(said.citations, padded, strict=False)))


@dataclass(slots=True)
class Front:
    """Also the doorkeeper, where ``key`` is set. ``events`` are what the index tells after an upload."""

    documents: list[FakeDocument] = field(default_factory=list)
    key: str | None = None
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=lambda: [INDEXED])
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    feedback: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    max_excerpt: int = 500_000
    pictures: list[str] = field(default_factory=list)

    @property
    def wants_key(self) -> bool:
        return self.key is not None

    def authenticate(self, key: str | None) -> Principal:
        if self.key is None:
            return LOCAL
        if key != self.key:
            raise UnauthorizedError("Send a key.")
        return Principal("k1", "Ada", LOCAL.audience, may_write=True)

    def before(self, app: FastAPI) -> FastAPI:
        """The application with this in front of it."""
        known = list(app.router.routes)
        app.include_router(_router(self))
        app.router.routes[:] = [*app.router.routes[len(known) :], *known]
        return app

    def find(self, document: str) -> FakeDocument | None:
        return next((one for one in self.documents if one.id == document), None)


INDEXED: tuple[str, dict[str, Any]] = ("finished", {"added": 1, "changed": 0, "removed": 0, "failed": []})
_GONE = {"conversation": "There is no such conversation.", "document": "There is no such document."}


def _missing(what: str) -> Response:
    return render(problem("not-found", _GONE[what]))


def _sse(event: str, data: dict[str, Any]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data)}\n\n".encode()


def _router(front: Front) -> APIRouter:
    router = APIRouter(prefix="/v1")
    _sessions(router, front)
    _documents(router, front)
    _conversations(router, front)
    _asking(router, front)
    return router


def _sessions(router: APIRouter, front: Front) -> None:
    def told(principal: Principal) -> dict[str, Any]:
        features = dict.fromkeys(("documents", "conversations", "feedback"), True)
        return {
            "id": principal.id, "name": principal.name, "groups": [], "may_write": principal.may_write,
            "key_needed": front.key is not None, "features": features,
        }  # fmt: skip

    @router.get("/session")
    def session(caller: Caller) -> dict[str, Any]:
        return told(caller)

    @router.post("/session")
    async def log_in(request: Request, response: Response) -> dict[str, Any]:
        key = (await request.json())["key"]
        principal = front.authenticate(key)
        response.set_cookie(COOKIE, key, httponly=True, samesite="strict")
        return told(principal)

    @router.delete("/session", status_code=204)
    def log_out(response: Response) -> None:
        response.delete_cookie(COOKIE)


def _documents(router: APIRouter, front: Front) -> None:
    @router.get("/documents")
    def documents(caller: Caller, q: str = "") -> dict[str, Any]:
        found = [one.listed() for one in front.documents if q.lower() in one.path.lower()]
        return {"documents": found, "next": None, "total": len(found)}

    @router.get("/documents/{document}", response_model=None)
    def document(document: str, caller: Caller, start: Annotated[int, Query(alias="from")] = 0, to: int = 2**31) -> Any:
        found = front.find(document)
        return found.opened(start, min(to, start + front.max_excerpt)) if found else _missing("document")

    @router.get("/documents/{document}/pages/{page}.png", response_model=None)
    def picture(document: str, page: int, request: Request, caller: Caller) -> Response:
        found = front.find(document)
        if not found:
            return _missing("document")
        front.pictures.append(f"{page}?{request.url.query}")
        return Response(
            _drawn(found.text.split("\f")[page - 1], request.query_params.get("quote")), media_type="image/png"
        )

    @router.post("/documents", status_code=202, response_model=None)
    async def upload(file: UploadFile, caller: Caller) -> Any:
        if not await file.read():
            return render(problem("bad-request", "The file is empty."))
        added = FakeDocument(f"uploads/{file.filename}", "uploaded", uploaded=True)
        front.documents.append(added)
        return {"id": added.id, "path": added.path}

    @router.delete("/documents/{document}", status_code=204)
    def delete(document: str, caller: Caller) -> None:
        front.documents = [one for one in front.documents if one.id != document]

    @router.get("/index/events")
    def events(caller: Caller) -> StreamingResponse:
        return StreamingResponse((_sse(*event) for event in front.events), media_type="text/event-stream")


def _drawn(text: str, quote: str | None) -> bytes:
    picture = Image.new("RGB", (1000, 1300), "white")
    draw = ImageDraw.Draw(picture)
    y = 80
    for line in text.splitlines():
        if quote and line and (line in quote or quote in line):
            draw.rectangle((70, y - 4, 930, y + 24), fill="#ffe58a")
        draw.text((80, y), line, fill="black", font_size=20)
        y += 32
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _conversations(router: APIRouter, front: Front) -> None:
    def kept(conversation: str) -> dict[str, Any] | None:
        return front.kept.get(conversation)

    Kept = Annotated[dict[str, Any] | None, Depends(kept)]  # noqa: N806 - a type

    @router.get("/conversations")
    def conversations(caller: Caller) -> dict[str, Any]:
        listed = [{k: v for k, v in one.items() if k != "turns"} for one in reversed(front.kept.values())]
        return {"conversations": listed, "next": None}

    @router.post("/conversations", status_code=201)
    def create(caller: Caller) -> dict[str, Any]:
        one = {"id": f"c{len(front.kept)}", "title": "", "created": "2024-05-31", "updated": "2024-05-31", "turns": []}
        return front.kept.setdefault(str(one["id"]), one)

    @router.get("/conversations/{conversation}.md")
    def export(kept: Kept, caller: Caller) -> Response:
        return Response("# exported", headers={"Content-Disposition": 'attachment; filename="conversation.md"'})

    @router.get("/conversations/{conversation}", response_model=None)
    def read(kept: Kept, caller: Caller) -> Any:
        if not kept:
            return _missing("conversation")
        turns = [turn | {"feedback": front.feedback.get(turn["id"])} for turn in kept["turns"]]
        return kept | {"turns": turns}

    @router.patch("/conversations/{conversation}")
    async def rename(kept: Kept, caller: Caller, request: Request) -> dict[str, Any]:
        assert kept
        kept["title"] = (await request.json())["title"]
        return {k: v for k, v in kept.items() if k != "turns"}

    @router.delete("/conversations/{conversation}", status_code=204)
    def delete(conversation: str, caller: Caller) -> None:
        del front.kept[conversation]

    @router.post("/answers/{answer}/feedback")
    async def give(answer: str, caller: Caller, request: Request) -> Any:
        front.feedback[answer] = await request.json()
        return front.feedback[answer]


def _asking(router: APIRouter, front: Front) -> None:
    @router.post("/ask/stream")
    async def ask(services: ServicesDep, caller: Caller, request: Request) -> StreamingResponse:
        body = await request.json()
        front.asked.append(body)
        return StreamingResponse(
            _told(front, Inquiry(question=Question(body["question"])), services, body), media_type="text/event-stream"
        )


async def _told(front: Front, ask: Inquiry, services: ServicesDep, body: dict[str, Any]) -> AsyncIterator[bytes]:
    async for event in services.questions.stream(ask):
        for frame in event_frames(event, AnswerContext(services.advice, ask.id, html=body["html"])):
            if frame.event == "answer":
                _keep(front, frame, ask, body)
            yield frame.encode()


def _keep(front: Front, frame: Frame, ask: Inquiry, body: dict[str, Any]) -> None:
    conversation = front.kept[body["conversation"]]
    conversation["title"] = conversation["title"] or ask.question.text
    turn = {"id": ask.id, "question": ask.question.text, "answer": json.loads(frame.data), "withheld": False}
    conversation["turns"].append(turn)
