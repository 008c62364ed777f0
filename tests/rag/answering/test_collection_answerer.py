"""Questions about the collection are answered from the catalog, within what the asker may read."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.chat import ScriptedChat
from fakes.documents import document, put
from fakes.encoder import WordsEncoder
from fakes.passages import FixedRetriever, passage
from indexes.storage.catalog import Catalog
from indexes.types import ALL, Audience, Filters
from rag.answering.assistant import Assistant
from rag.answering.collection_answerer import INDEX, CollectionAnswerer
from rag.answering.query_rewriting import search_query
from rag.engine.library import CatalogLibrary
from rag.extractive.writer import ExtractiveWriter
from rag.prompting.llm_writer import LLMWriter
from rag.protocols import Writer
from rag.types import Answer, Completed, Delta, Question, Retrieved, Turn

LOG = "The crane was oiled on Monday. The ferry came late. Nobody was hurt. The night was calm."
STAFF = Audience(frozenset({"staff"}))
CRANE = passage("The crane lifts 40 tonnes.", path="crane.txt")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with closing(Catalog.create(tmp_path / "catalog.sqlite3")) as catalog:
        put(catalog, document("The crane lifts 40 tonnes.", "crane.txt"))
        put(catalog, document(LOG, "port/log.txt", readers=("staff",)))
        yield catalog


class Asking:
    """An answerer over a catalog, and what its retriever was asked."""

    def __init__(self, catalog: Catalog, writer: Writer | None = None) -> None:
        self.model = ScriptedChat("The crane lifts 40 tonnes [1].")
        self.retriever = FixedRetriever(CRANE)
        library = CatalogLibrary(lambda: catalog)
        assistant = Assistant(self.retriever, writer or LLMWriter(self.model), library=library)
        self.answerer = CollectionAnswerer(assistant, library)

    async def ask(self, text: str, audience: Audience = STAFF, filters: Filters = ALL) -> Answer:
        return await self.answerer.answer(Question(text, audience=audience, filters=filters))


async def test_the_documents_are_those_that_the_asker_may_read(catalog: Catalog) -> None:
    asking = Asking(catalog)
    told = await asking.ask("What documents do you have?")
    assert told.text == "Documents that you may read here: 2.\n\n- `crane.txt`\n- `port/log.txt`"
    public = await asking.ask("What documents do you have?", Audience())
    assert public.text == "Documents that you may read here: 1.\n\n- `crane.txt`"
    confined = await asking.ask("How many documents are in the index?", filters=Filters(paths=("port/**",)))
    assert confined.text == "Documents that you may read here: 1."
    assert (asking.model.calls, asking.retriever.asked) == ([], [])


async def test_such_an_answer_is_one_of_the_index_and_cites_nothing(catalog: Catalog) -> None:
    events = [event async for event in Asking(catalog).answerer.stream(Question("How many documents are there?"))]
    retrieved, delta, completed = events
    assert isinstance(completed, Completed)
    told = completed.answer
    assert (told.status, told.model, told.citations, told.sentences) == ("answered", INDEX, (), ())
    assert (retrieved, delta) == (Retrieved(told.retrieval), Delta(told.text))


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("hello", "Ask a question about the documents"),
        ("What can you do?", "Ask a question about the documents"),
        ("thanks", "You are welcome."),
        ("Guten Tag", "Stell eine Frage zu den Dokumenten"),
        ("Merci beaucoup !", "Je vous en prie."),
    ],
)
async def test_small_talk_gets_one_line_in_its_language(catalog: Catalog, text: str, beginning: str) -> None:
    told = (await Asking(catalog).ask(text)).text
    assert told.startswith(beginning)
    assert "\n" not in told


async def test_an_answer_in_a_language_that_is_asked_for(catalog: Catalog) -> None:
    answerer = Asking(catalog).answerer
    for language, text in (("fr", "Je vous en prie."), ("pl", "You are welcome.")):
        assert (await answerer.answer(Question("thanks", language=language))).text == text


async def test_many_documents_are_listed_in_part_and_a_path_is_no_more_than_a_path(catalog: Catalog) -> None:
    for number in range(22):
        put(catalog, document("It is calm.", f"a/{number:02}.txt"))
    put(catalog, document("It is calm.", "A `[x](https://evil.example) <b>.txt"))
    lines = (await Asking(catalog).ask("List the documents")).text.splitlines()
    assert (len(lines), lines[-1]) == (23, "- … and 5 more")
    assert not any(sign in "\n".join(lines) for sign in ("](", "<b>", "https://evil"))


async def test_a_question_that_names_a_document_is_confined_to_it(catalog: Catalog) -> None:
    asking = Asking(catalog)
    filters = Filters(labels=("port",))
    for text, audience, given, expected in [
        ("What does LOG.txt say about oil?", STAFF, ALL, Filters(paths=("port/log.txt",))),
        ("What does log.txt say about oil?", Audience(), ALL, ALL),
        ("What does tower.txt say about oil?", STAFF, ALL, ALL),
        ("What does log.txt say about oil?", STAFF, filters, filters),
        ("Is oil named in log.txt, according to tower.txt?", STAFF, ALL, ALL),
    ]:
        answer = await asking.ask(text, audience, given)
        assert (asking.retriever.asked[-1].filters, answer.question.filters) == (expected, given)


async def test_a_document_is_summarised_from_its_beginning(catalog: Catalog) -> None:
    asking = Asking(catalog, ExtractiveWriter(WordsEncoder(), min_confidence=0.36))
    told = await asking.ask("Summarise log.txt")
    assert told.status == "answered"
    assert {citation.passage.path for citation in told.citations} == {"port/log.txt"}
    assert "The crane was oiled on Monday." in told.text
    assert "The night was calm." not in told.text
    assert {sentence.verdict for sentence in told.sentences} == {"supported"}
    assert asking.retriever.asked == []


async def test_a_summary_of_what_may_not_be_read_is_an_ordinary_question(catalog: Catalog) -> None:
    asking = Asking(catalog)
    told = await asking.ask("Summarise log.txt", Audience())
    assert (len(asking.retriever.asked), "oiled" in told.text) == (1, False)


def test_small_talk_is_no_earlier_question() -> None:
    history = (Turn("user", "hello"), Turn("user", "How strong is the crane?"), Turn("user", "thanks"))
    question = Question("And the ferry?", history)
    assert search_query(question) == search_query(replace(question, history=history[1:2]))
