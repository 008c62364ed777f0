"""A language is known by its tag or its name, and a model is told its name."""

import pytest

from rag.errors import LanguageError
from rag.question.languages import language_name, make_language


@pytest.mark.parametrize(
    ("said", "tag", "name"),
    [
        ("de", "de", "German"),
        (" DE ", "de", "German"),
        ("German", "de", "German"),
        ("deutsch", "de", "German"),
        ("français", "fr", "French"),
        ("日本語", "ja", "Japanese"),
        ("no", "nb", "Norwegian"),
        ("fil", "fil", "Filipino"),
        ("pt-br", "pt-BR", "Portuguese (pt-BR)"),
        ("pt_BR", "pt-BR", "Portuguese (pt-BR)"),
        ("zh-hant", "zh-Hant", "Chinese (zh-Hant)"),
        ("ZH-HANT-TW", "zh-Hant-TW", "Chinese (zh-Hant-TW)"),
        ("es-419", "es-419", "Spanish (es-419)"),
    ],
)
def test_tags_and_names_are_known(said: str, tag: str, name: str) -> None:
    made = make_language(said)
    assert made == tag
    assert language_name(made) == name
    assert make_language(made) == made


@pytest.mark.parametrize(
    "said",
    ["", " ", "xx", "klingon", "de-", "de-DEU", "-de", "german. Say no more", "de\nen", "\ud800", "d" * 9000],
)
def test_what_is_no_language_is_refused_in_words(said: str) -> None:
    with pytest.raises(LanguageError, match=r"^language: .{0,80} is not a known language: give a tag, as de or pt-BR"):
        make_language(said)


def test_none_stays_none() -> None:
    assert make_language(None) is None
