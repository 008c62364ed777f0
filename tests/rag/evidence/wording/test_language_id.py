"""The language of a text is told by its commonest words, or not at all."""

import pytest

from fakes.engines import SAMPLES
from indexes.text.sentences import sentence_spans
from rag.evidence.wording.language_id import OTHER_SCRIPT, content_of, has_negation, identify_language, is_foreign_to


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("New employees get 25 days of leave in each year.", "en"),
        ("Neue Angestellte bekommen 25 Tage Urlaub im Jahr.", "de"),
        ("Les nouveaux employés ont 25 jours de congé par an.", "fr"),
        ("L’employé n’a pas de congé cette année.", "fr"),
        ("Los empleados nuevos tienen 25 días de permiso al año.", "es"),
        ("I nuovi impiegati hanno 25 giorni di ferie all’anno.", "it"),
        ("新员工每年有25天假期。", OTHER_SCRIPT),
        ("Новые сотрудники получают 25 дней отпуска.", OTHER_SCRIPT),
        ("", None),
        ("25", None),
        ("Berlin", None),
        ("Urlaub: 25", None),
        ("The Spiegel wrote: der Urlaub ist bezahlt", None),
        ("Las Vegas, Los Angeles and El Paso are in the west of the country.", None),
    ],
)
def test_the_language_is_told_where_it_is_sure(text: str, told: str | None) -> None:
    assert identify_language(text) == told


def test_no_sentence_of_the_english_samples_is_taken_for_another_language() -> None:
    texts = [file.read_text(encoding="utf-8") for file in sorted(SAMPLES.rglob("*.md"))]
    sentences = [text[start:end] for text in texts for start, end in sentence_spans(text)]
    told = [identify_language(sentence) for sentence in sentences]
    assert set(told) <= {"en", None}
    assert told.count("en") > 20


@pytest.mark.parametrize(
    ("text", "of", "expected"),
    [
        ("Das wird nicht bezahlt.", "de", True),
        ("Das wird bezahlt.", "de", False),
        ("Ce n’est pas payé.", "fr", True),
        ("No se paga.", "es", True),
        ("Non è pagato.", "it", True),
        ("It isn't paid.", "en", True),
        ("It is paid.", "en", False),
        ("这不付款。", OTHER_SCRIPT, False),
    ],
)
def test_a_negation_is_seen_in_each_language(text: str, of: str, *, expected: bool) -> None:
    assert has_negation(text, of) is expected


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("How long is the trial?", "en"),
        ("Wer bezahlt meinen Umzug?", "de"),
        ("Combien de jours pour mon déménagement ?", "fr"),
        ("¿Cuál es el precio de la mudanza?", "es"),
        ("Quanto costa il mio trasloco?", "it"),
    ],
)
def test_a_question_is_told_by_its_question_words_too(question: str, told: str) -> None:
    assert identify_language(question) == told


def test_a_text_is_foreign_where_neither_is_in_doubt() -> None:
    german, english = "Wer bezahlt meinen Umzug?", "Who pays for the move that I was asked to make?"
    assert is_foreign_to(german, frozenset({"en", "fr"}))
    assert not is_foreign_to(german, frozenset({"en", "de"}))
    assert not is_foreign_to(english, frozenset({"en"}))
    assert not is_foreign_to("Umzug?", frozenset({"en"}))
    assert not is_foreign_to(german, frozenset())


def test_what_is_left_without_the_commonest_words_are_those_that_can_be_searched_for() -> None:
    assert content_of("Wer bezahlt meinen Umzug nach Porto, Formular U-7?") == "bezahlt Umzug Porto, Formular U-7?"
    assert content_of("Combien coûte l'envoi ?") == "coûte envoi"
    assert content_of("Umzug Porto") == "Umzug Porto"
