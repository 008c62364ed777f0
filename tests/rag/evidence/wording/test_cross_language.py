"""A sentence in another language than its source: figures, names and negation are compared, and prove nothing."""

import asyncio

import pytest

from fakes.entailment import FixedEntailment
from fakes.passages import passage
from indexes.types import Passage
from rag.citations.markers import MarkerStream
from rag.evidence.wording.cross_language import FINDING
from rag.verification.checker import CheckedText, Checker

ENGLISH = passage(
    "New employees get 25 days of leave in each year, from May 12, 2024 on. It is not paid to those in the ACME "
    "scheme. Revenue rose to 1,200.5 million euros, of which Anna Meyer had five percent."
)
GERMAN = passage("Neue Angestellte bekommen 25 Tage Urlaub im Jahr. Die Leitung genehmigt ihn, und er wird bezahlt.")


def checked(said: str, source: Passage = ENGLISH, opinion: float | None = None) -> CheckedText:
    stream = MarkerStream([source])
    stream.feed(f"{said} [1].")
    stream.finish()
    checker = Checker(entailment=FixedEntailment(opinion)) if opinion is not None else Checker()
    return asyncio.run(checker.check(stream.text, stream.marks(), [source]))


@pytest.mark.parametrize(
    "said",
    [
        "Neue Angestellte bekommen 25 Tage Urlaub im Jahr",
        "Les nouveaux employés ont 25 jours de congé par an",
        "Los empleados nuevos tienen 25 días de permiso al año",
        "I nuovi impiegati hanno 25 giorni di ferie all’anno",
        "新员工每年有25天假期",
        "Cette règle est en vigueur à partir du 12 mai 2024 pour tous",
        "Der Umsatz ist auf 1.200,5 Millionen Euro gestiegen",
        "Der Anteil der Frau Meyer beträgt 5 Prozent",
    ],
)
def test_where_its_figures_or_names_agree_it_is_weak_and_says_why(said: str) -> None:
    (sentence,) = checked(said).sentences
    assert (sentence.verdict, sentence.finding, sentence.foreign) == ("weak", FINDING, True)


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ("Neue Angestellte bekommen 26 Tage Urlaub im Jahr", "26: in no source"),
        ("Neue Angestellte bekommen 25 Tage Urlaub im Jahr, und das seit 2019", "2019: in no source"),
        ("Neue Angestellte der IBM bekommen 25 Tage Urlaub im Jahr", "ibm: in no source"),
        ("Das Formular E1042 ist für 25 Tage Urlaub im Jahr", "e1042: in no source"),
        ("Los 25 días de permiso al año son para Carlos Mendoza", "carlos, mendoza: in no source"),
        ("新员工每年有31天假期", "31: in no source"),
    ],
)
def test_a_figure_or_a_name_that_its_source_has_not_decides(said: str, finding: str) -> None:
    told = checked(said, opinion=0.95)
    (sentence,) = told.sentences
    assert (sentence.verdict, sentence.finding) == ("unsupported", finding)
    assert not told.answers


@pytest.mark.parametrize(
    "said",
    [
        "Die Leitung genehmigt den Urlaub, und er wird bezahlt",
        "Neue Angestellte bekommen im ersten Jahr nicht die 25 Tage Urlaub",
        "El permiso de los empleados está pagado por la empresa",
    ],
)
def test_where_nothing_agrees_or_only_one_denies_it_stays_unsupported(said: str) -> None:
    (sentence,) = checked(said).sentences
    assert (sentence.verdict, sentence.finding, sentence.foreign) == ("unsupported", FINDING, True)


@pytest.mark.parametrize(
    ("said", "opinion", "verdict"),
    [
        ("Die Leitung genehmigt den Urlaub, und er wird bezahlt", 0.95, "supported"),
        ("Die Leitung genehmigt den Urlaub, und er wird bezahlt", 0.6, "weak"),
        ("Die Leitung genehmigt den Urlaub, und er wird bezahlt", 0.05, "unsupported"),
        ("Neue Angestellte bekommen 25 Tage Urlaub im Jahr", 0.95, "supported"),
        ("Neue Angestellte bekommen 25 Tage Urlaub im Jahr", 0.05, "unsupported"),
    ],
)
def test_a_second_opinion_decides(said: str, opinion: float, verdict: str) -> None:
    (sentence,) = checked(said, opinion=opinion).sentences
    assert (sentence.verdict, sentence.foreign) == (verdict, verdict != "supported")


def test_in_the_language_of_its_source_it_is_checked_as_ever() -> None:
    (same,) = checked("Neue Angestellte bekommen 25 Tage Urlaub im Jahr", GERMAN).sentences
    assert (same.verdict, same.foreign) == ("supported", False)
    (invented,) = checked("Die Leitung bekommt im Jahr 25 Autos und ein Schiff", GERMAN).sentences
    assert (invented.verdict, invented.foreign) == ("unsupported", False)
    assert "in no source" in invented.finding


def test_a_sentence_without_a_source_gets_none_in_another_language() -> None:
    stream = MarkerStream([ENGLISH])
    stream.feed("Neue Angestellte bekommen 25 Tage Urlaub im Jahr.")
    stream.finish()
    told = asyncio.run(Checker().check(stream.text, stream.marks(), [ENGLISH]))
    assert [(s.verdict, s.citations, s.finding) for s in told.sentences] == [("uncited", (), "")]


def test_a_title_in_another_language_makes_no_sentence_foreign() -> None:
    film = passage(
        "Das Boot und der Film is the title of a book that has won 6 prizes. It was written by two of them in the year "
        "1982, and there are all the pictures which they had from before this, with more than they would be about."
    )
    (sentence,) = checked("Das Boot und der Film won 6 prizes near Hamburg", film).sentences
    assert (sentence.verdict, sentence.finding, sentence.foreign) == ("unsupported", "hamburg: in no source", False)
