"""Answers what is asked about the collection from the catalog, and confines a question to the documents it names."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

from indexes.types import Scope
from rag.answering.query_rewriting import search_query
from rag.protocols import Answerer, Library
from rag.question.collection import Recognised, about_collection, names_in
from rag.safety.output_filter import OutputFilter
from rag.types import Answer, Completed, Delta, Event, Question, Retrieval, Retrieved

INDEX = "index"
"""``Answer.model`` of an answer that no writer wrote: it states a fact of the index, and needs no footnote."""
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Texts:
    """What is said in one language. ``documents`` takes their number, ``more`` that of those not listed."""

    documents: str
    more: str
    invitation: str
    welcome: str


_TEXTS: Mapping[str, Texts] = {
    "en": Texts(
        "Documents that you may read here: {}.",
        "… and {} more",
        "Ask a question about the documents: each sentence of the answer names its place in them.",
        "You are welcome.",
    ),
    "de": Texts(
        "Dokumente, die du hier lesen darfst: {}.",
        "… und {} weitere",
        "Stell eine Frage zu den Dokumenten: Jeder Satz der Antwort nennt seine Stelle darin.",
        "Gern geschehen.",
    ),
    "fr": Texts(
        "Documents que vous pouvez lire ici : {}.",
        "… et {} autres",
        "Posez une question sur les documents : chaque phrase de la réponse y indique son passage.",
        "Je vous en prie.",
    ),
    "es": Texts(
        "Documentos que puedes leer aquí: {}.",
        "… y {} más",
        "Haz una pregunta sobre los documentos: cada frase de la respuesta indica su lugar en ellos.",
        "De nada.",
    ),
    "it": Texts(
        "Documenti che puoi leggere qui: {}.",
        "… e altri {}",
        "Fai una domanda sui documenti: ogni frase della risposta indica il suo punto nei documenti.",
        "Prego.",
    ),
}


class CollectionAnswerer(Answerer):
    """Answers about the collection itself; every other question is the other answerer's."""

    def __init__(self, answerer: Answerer, library: Library) -> None:
        self._answerer = answerer
        self._library = library

    async def stream(self, question: Question) -> AsyncGenerator[Event]:
        """See ``Answerer``."""
        if recognised := about_collection(question.text):
            answer = await asyncio.to_thread(self._describe, question, recognised)
            yield Retrieved(answer.retrieval)
            yield Delta(answer.text)
            yield Completed(answer)
            return
        confined = await asyncio.to_thread(self._confine, question)
        async with aclosing(self._answerer.stream(confined)) as events:
            async for event in events:
                if isinstance(event, Completed):
                    event = Completed(replace(event.answer, question=question))
                yield event

    def _describe(self, question: Question, recognised: Recognised) -> Answer:
        """Return the answer from the catalog, within what the asker may read."""
        began = time.perf_counter()
        texts = _TEXTS.get(question.language or "") or _TEXTS[recognised.language]
        if recognised.matter == "thanks":
            text = texts.welcome
        else:
            paths, total = self._library.documents(Scope(question.audience, question.filters), limit=_LISTED)
            text = texts.documents.format(total)
            if recognised.matter == "documents":
                rest = [texts.more.format(total - len(paths))] if total > len(paths) else []
                text = "\n".join(
                    [f"{text}\n", *(f"- `{_plain(path)}`" for path in paths), *(f"- {more}" for more in rest)]
                )
            elif recognised.matter != "count":
                text = f"{texts.invitation} {text}"
        retrieval = Retrieval(search_query(question), ())
        timings = {"total": time.perf_counter() - began}
        return Answer(question, text.strip(), "answered", (), (), retrieval, INDEX, confidence=1.0, timings=timings)

    def _confine(self, question: Question) -> Question:
        """Return the question with the documents that it names as its filter, if there are such that may be read."""
        scope = Scope(question.audience, question.filters)
        named = [self._library.named(name, scope) for name in names_in(question.text)]
        if not named or not all(named):
            return question
        paths = tuple(path for found in named for path in found)
        return replace(question, filters=replace(question.filters, paths=paths))


def _plain(path: str) -> str:
    """Return a path as it may stand in code: nothing in it is a link, a marker or the end of the code."""
    output_filter = OutputFilter(frozenset())
    text = output_filter.feed(path.replace("`", "'")) + output_filter.finish()
    return "".join(character if character.isprintable() else " " for character in text)
