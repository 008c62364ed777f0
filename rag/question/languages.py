"""The languages that an answer may be in: by tag, as ``de`` or ``pt-BR``, or by name, as German or Deutsch."""

import re
from collections.abc import Iterable, Mapping

from rag.errors import LanguageError

_TABLE = """
af Afrikaans|am Amharic|ar Arabic العربية|az Azerbaijani|be Belarusian|bg Bulgarian Български|bn Bengali বাংলা|
bs Bosnian Bosanski|ca Catalan Català|cs Czech Čeština|cy Welsh Cymraeg|da Danish Dansk|de German Deutsch|
el Greek Ελληνικά|en English|eo Esperanto|es Spanish Español|et Estonian Eesti|eu Basque Euskara|fa Persian فارسی|
fi Finnish Suomi|fil Filipino|fr French Français|ga Irish Gaeilge|gl Galician Galego|gu Gujarati|he Hebrew עברית|
hi Hindi हिन्दी|hr Croatian Hrvatski|hu Hungarian Magyar|hy Armenian|id Indonesian|is Icelandic Íslenska|
it Italian Italiano|ja Japanese 日本語|ka Georgian|kk Kazakh|km Khmer|kn Kannada|ko Korean 한국어|lb Luxembourgish|
lt Lithuanian Lietuvių|lv Latvian Latviešu|mk Macedonian|ml Malayalam|mn Mongolian|mr Marathi|ms Malay Melayu|
mt Maltese Malti|my Burmese|nb Norwegian Norsk|ne Nepali|nl Dutch Nederlands|nn Nynorsk|pa Punjabi|pl Polish Polski|
pt Portuguese Português|ro Romanian Română|ru Russian Русский|sk Slovak Slovenčina|sl Slovenian Slovenščina|
sq Albanian Shqip|sr Serbian Српски|sv Swedish Svenska|sw Swahili Kiswahili|ta Tamil தமிழ்|te Telugu|th Thai ไทย|
tr Turkish Türkçe|uk Ukrainian Українська|ur Urdu|uz Uzbek|vi Vietnamese|zh Chinese 中文|zu Zulu
"""
_ROWS = tuple(row.split() for row in _TABLE.replace("\n", "").split("|"))
_NAMES: Mapping[str, str] = {tag: name for tag, name, *_ in _ROWS}
_TAGS: Mapping[str, str] = {name.casefold(): tag for tag, *names in _ROWS for name in names} | {"no": "nb"}
_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:[-_](?P<script>[a-z]{4}))?(?:[-_](?P<region>[a-z]{2}|\d{3}))?", re.IGNORECASE
)


def make_language(name: str | None) -> str | None:
    """Return the tag (BCP 47: language, script, region) of a tag or name; None for None. Raises ``LanguageError``."""
    if name is None:
        return None
    plain = name.strip().casefold()
    match = _TAG.fullmatch(_TAGS.get(plain, plain))
    language = _TAGS.get(match["language"].lower(), match["language"].lower()) if match else ""
    if match is None or language not in _NAMES:
        raise LanguageError(
            f"language: {name[:40]!r} is not a known language: give a tag, as de or pt-BR, or a name, as German."
        )
    parts = (language, (match["script"] or "").title(), (match["region"] or "").upper())
    return "-".join(part for part in parts if part)


def language_names(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the English names of those of the tags that are languages, sorted."""
    return tuple(sorted(_NAMES[tag] for tag in tags if tag in _NAMES))


def language_name(tag: str) -> str:
    """Return the English name, with the tag if it says more than the language: ``Portuguese (pt-BR)``."""
    name = _NAMES[tag.partition("-")[0]]
    return f"{name} ({tag})" if "-" in tag else name
