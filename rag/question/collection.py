"""Recognises what is asked about the collection itself, small talk, and the names of documents, by their wording.

It knows English, German, French, Spanish and Italian. Only a whole utterance counts: a question that says more is one
on the documents.
"""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

Matter = Literal["documents", "count", "greeting", "thanks", "abilities"]


class Recognised(NamedTuple):
    """What an utterance is about, and the tag of its language."""

    matter: Matter
    language: str


_LONGEST = 80
"""Characters of such an utterance."""
_IN = r" (?:in|of) (?:the|your|this) (?:index|library|collection|knowledge base)"
_HERE = rf"(?:{_IN})?"
_ITEMS = r"(?:documents?|files?|docs)"
_UTTERANCES: Mapping[Matter, Mapping[str, str]] = {
    "documents": {
        "en": rf"(?:what|which) {_ITEMS} (?:do you (?:have|know|see)|have you (?:got|read|indexed)"
        r"|can you (?:see|read|search)|are (?:there|here|indexed|available)|are you (?:using|searching))"
        rf"{_HERE}|(?:what|which) {_ITEMS} are{_IN}"
        rf"|(?:list|show)(?: me)?(?: all)?(?: the| your| of the)? {_ITEMS}{_HERE}"
        r"|what(?: is|['’]s) in (?:the|your) (?:index|library|collection|knowledge base)",
        "de": r"welche (?:dokumente|dateien|unterlagen) (?:hast du|haben sie|kennst du|kennen sie|gibt es|siehst du"
        r"|sehen sie|sind (?:da|indexiert|im index|vorhanden))"
        r"|(?:zeig|liste)e?(?: mir)?(?: alle)? (?:dokumente|dateien)(?: auf)?",
        "fr": r"quels (?:documents|fichiers) (?:as[- ]tu|avez[- ]vous|connais[- ]tu|connaissez[- ]vous|y a[- ]t[- ]il"
        r"|sont (?:indexés|disponibles))|liste[rz]?(?:[- ]moi)? (?:tous )?les (?:documents|fichiers)",
        "es": r"¿?qué (?:documentos|archivos|ficheros) (?:tienes|tiene|hay|conoces|conoce|puedes ver)"
        r"|(?:lista|muestra|muéstrame) (?:todos )?los (?:documentos|archivos)",
        "it": r"quali (?:documenti|file) (?:hai|ha|avete|conosci|conosce|ci sono|vedi)"
        r"|elenca (?:tutti )?i (?:documenti|file)",
    },
    "count": {
        "en": rf"how many {_ITEMS}(?: are (?:there|indexed|here)| are(?={_IN})| do you (?:have|know|see)"
        rf"| can you (?:see|read)| have you (?:got|read|indexed))?{_HERE}",
        "de": r"wie ?viele (?:dokumente|dateien|unterlagen) (?:hast du|haben sie|kennst du|gibt es|siehst du"
        r"|sind (?:es|da|im index|indexiert))(?: im index)?",
        "fr": r"combien de (?:documents|fichiers) (?:as[- ]tu|avez[- ]vous|connais[- ]tu|y a[- ]t[- ]il|sont indexés)"
        r"(?: dans (?:l['’]index|la collection))?",
        "es": r"¿?cuántos (?:documentos|archivos|ficheros) (?:tienes|tiene|hay|conoces)(?: en el índice)?",
        "it": r"quanti (?:documenti|file) (?:hai|ha|avete|conosci|ci sono)(?: nell['’]indice)?",
    },
    "greeting": {
        "en": r"(?:hello|hi|hey|good (?:morning|afternoon|evening))(?: there| everyone| all)?(?:,? how are you)?",
        "de": r"hallo|guten (?:morgen|tag|abend)|moin|servus|grüß gott",
        "fr": r"bonjour|bonsoir|salut",
        "es": r"¡?hola|¡?buen[oa]s (?:días|tardes|noches)",
        "it": r"ciao|buongiorno|buonasera|salve",
    },
    "thanks": {
        "en": r"(?:(?:ok(?:ay)?|great|perfect)[,.!]? )?(?:thanks|thank you|thx|cheers)"
        r"(?: a lot| so much| very much| again)?",
        "de": r"(?:vielen |besten |herzlichen )?dank|danke(?: schön| sehr| dir| ihnen)?",
        "fr": r"merci(?: beaucoup| bien)?",
        "es": r"¡?(?:muchas )?gracias",
        "it": r"(?:molte )?grazie(?: mille)?",
    },
    "abilities": {
        "en": r"what (?:can|do) you do(?: for me)?|what can i ask(?: you)?(?: about)?|who are you|what are you"
        r"|help(?: me)?|how can you help(?: me)?",
        "de": r"was (?:kannst du|können sie)(?: für mich tun)?|was kann ich(?: dich| sie)? fragen|wer bist du|hilfe",
        "fr": r"que (?:peux[- ]tu|pouvez[- ]vous) faire(?: pour moi)?|qui es[- ]tu|qui êtes[- ]vous|aide",
        "es": r"¿?qué (?:puedes|sabes) hacer(?: por mí)?|¿?quién eres|ayuda",
        "it": r"(?:che )?cosa (?:puoi|sai) fare(?: per me)?|chi sei|aiuto",
    },
}
_END = r"(?:[\s,]+(?:please|bitte|s['’]il (?:te|vous) pla[îi]t|por favor|per favore))?[\s?!.…👋🙂]*"
_PATTERNS = [
    (Recognised(matter, language), re.compile(f"(?:{pattern}){_END}", re.IGNORECASE))
    for matter, patterns in _UTTERANCES.items()
    for language, pattern in patterns.items()
]

_FILE = r"[\"“„'`«]?(?P<name{}>[\w./-]*\w\.[a-z][a-z0-9]{{0,4}})\b[\"”“'`»]?"
_THE = (
    r"(?:the |der |die |das |dem |le |la |el |il )?(?:file |document |datei |dokument |fichier |archivo |documento )?"
)
_BEFORE = (
    r"(?:in|within|of|per|by|according to|does|is|laut|aus|gemäß|dans|selon|según|secondo|nel|del|du|"
    r"summari[sz]e|sum up|outline|fasse?|résume[rz]?|resum[ea]|riassumi)"
)
_NAMED = re.compile(rf"\b{_BEFORE}\s+{_THE}{_FILE.format('')}", re.IGNORECASE)
_ASKS_SUMMARY = (
    r"summari[sz]e|sum up|outline|(?:give me |write )?(?:an? )?(?:short |brief )?(?:summary|outline|overview) of"
    r"|what(?: is|['’]s) in|fasse?|résume[rz]?|resum[ea]|resumir|riassumi"
)
_SUMMARY = re.compile(
    r"(?:(?:please|can you|could you|bitte|peux-tu|¿?puedes|puoi)[\s,]+){0,2}"
    rf"(?:(?:{_ASKS_SUMMARY})\s+{_THE}{_FILE.format('_of')}(?:\s+zusammen)?"
    rf"|what does {_THE}{_FILE.format('_says')} (?:say|contain)|what is {_THE}{_FILE.format('_on')} about)"
    r"(?:\s+for me)?" + _END,
    re.IGNORECASE,
)


def about_collection(text: str) -> Recognised | None:
    """Return what an utterance asks of the collection, or its small talk; None if it is a question on the documents."""
    plain = " ".join(text.split())
    if len(plain) > _LONGEST:
        return None
    return next((told for told, pattern in _PATTERNS if pattern.fullmatch(plain)), None)


def names_in(text: str) -> list[str]:
    """Return the file names to which a question confines itself: in, according to, summarise minutes.txt."""
    return list(dict.fromkeys(match["name"] for match in _NAMED.finditer(text)))


def asks_for_summary(text: str) -> bool:
    """Return whether a document is to be summarised that is named by its file, and nothing else is asked."""
    return len(text) <= 2 * _LONGEST and _SUMMARY.fullmatch(" ".join(text.split())) is not None
