"""What is asked about the collection is told by the whole utterance, and a document by its file name."""

import pytest

from rag.question.collection import about_collection, asks_for_summary, names_in


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("What documents do you have?", ("documents", "en")),
        ("which files can you see", ("documents", "en")),
        ("List all documents, please.", ("documents", "en")),
        ("Which documents are in the index?", ("documents", "en")),
        ("Welche Dateien hast du?", ("documents", "de")),
        ("Quels documents avez-vous ?", ("documents", "fr")),
        ("¿Qué documentos hay?", ("documents", "es")),
        ("Quali documenti ci sono?", ("documents", "it")),
        ("How many documents are in the index?", ("count", "en")),
        ("How many files?", ("count", "en")),
        ("Wie viele Dokumente gibt es?", ("count", "de")),
        ("hello", ("greeting", "en")),
        ("Good  morning!", ("greeting", "en")),
        ("Buenos días", ("greeting", "es")),
        ("OK. Thanks a lot!", ("thanks", "en")),
        ("Vielen Dank", ("thanks", "de")),
        ("What can you do?", ("abilities", "en")),
        ("Que pouvez-vous faire ?", ("abilities", "fr")),
    ],
)
def test_what_is_asked_of_the_collection_is_told_with_its_language(text: str, told: tuple[str, str]) -> None:
    assert about_collection(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "What documents do I have to bring to the port office?",
        "How many documents are needed for a berth?",
        "How many files does the archive of 1973 hold?",
        "Which documents are",
        "How many documents are",
        "Hello Kitty",
        "What can you do in Bergen?",
        "Who was thanked?",
        "Help desk hours",
        "hello, how many days of leave do I get?",
        "Thanks. And who pays?",
        "",
    ],
)
def test_a_question_on_the_documents_is_none_on_the_collection(text: str) -> None:
    assert about_collection(text) is None


@pytest.mark.parametrize(
    ("text", "names", "summary"),
    [
        ("Summarise log.txt", ["log.txt"], True),
        ("Could you summarize the file port/log-2.md for me, please?", ["port/log-2.md"], True),
        ("What is in log.txt?", ["log.txt"], True),
        ("What does “log.txt” say?", ["log.txt"], True),
        ("Fasse log.txt zusammen", ["log.txt"], True),
        ("What does log.txt say about the crane?", ["log.txt"], False),
        ("Who signs, according to log.txt and in fees.csv?", ["log.txt", "fees.csv"], False),
        ("Which module imports log.py?", [], False),
        ("What rose by 3.5 in 2024?", [], False),
        ("Summarise the leave policy", [], False),
    ],
)
def test_a_document_is_known_by_the_name_of_its_file(text: str, names: list[str], *, summary: bool) -> None:
    assert (names_in(text), asks_for_summary(text)) == (names, summary)
