"""What a message wants of the bot, by its words: the one place where that is decided."""

import re
import unicodedata

_STOPS = frozenset(("stop", "stopp", "halt", "arrête", "alto", "ferma"))
_HELPS = frozenset(("help", "help me", "hilfe", "aide", "ayuda", "aiuto"))
_COURTESIES = frozenset(
    (
        "thanks thank you so very much many a lot cheers thx ty great good cool nice perfect awesome ok okay "
        "got it to know that this helped helps helpful was is all clear done welcome "
        "danke dankeschön vielen herzlichen dank schön sehr super prima gut alles klar hat geholfen das "
        "merci beaucoup bien parfait super gracias muchas perfecto vale genial grazie mille perfetto"
    ).split()
)
"""Words that thank or nod. A message of nothing else asks nothing."""
_EMOJI_NAME = re.compile(r":[a-z0-9_+'-]+:")
_QUESTION_MARK = re.compile(r"(?:^|\s)(?:QUESTION (?:EXCLAMATION )?MARK|INTERROBANG)\b")
_OPENING_MARK = re.compile(r"\bINVERTED\b|\bINITIAL\b")
_OPENING_WORD = re.compile(
    r"(?:(?:and|but|or|und|aber|oder|et|mais|ou|y|pero|o|e|ma)\s+)?"
    r"(?:what|how|who|whom|whose|when|where|which|why"
    r"|wie|wer|wen|wem|wessen|wann|wo|welche[mnrs]?|warum|wieso"
    r"|quel(?:le)?s?|comment|qui|quand|où|combien|pourquoi"
    r"|qué|cómo|quién(?:es)?|cuándo|dónde|cuál(?:es)?|cuánt[oa]s?"
    r"|cosa|chi|dove|quale|quali|quant[oaie]|perché)\b",
    re.IGNORECASE,
)
"""How a question begins whose writer leaves the question mark out."""
_VOCATIVE = re.compile(r"(?!footnote\b)(?P<name>[^\W\d_][\w'’-]*)\s*[,:]\s", re.IGNORECASE)
"""How somebody is named who is spoken to."""
_YOU = re.compile(
    r"\b(?:you|your|du|dir|dich|dein\w*|ihr|euch|eure?|tu|toi|ton|vous|votre|vos|tú|usted(?:es)?|voi|lei|tuo|tua)\b",
    re.IGNORECASE,
)
_NO_NAMES = frozenset(
    (
        "and also so well hi hello hey sorry yes no please but or then now next first second third last finally lastly "
        "today tonight tomorrow yesterday later meanwhile soon again once usually normally sometimes otherwise instead "
        "still however though anyway actually honestly seriously basically generally ideally maybe perhaps if when "
        "question monday tuesday wednesday thursday friday saturday sunday "
        "ja nein hallo bitte und oder aber dann jetzt zuerst zuletzt heute morgen gestern später danach nochmal "
        "normalerweise sonst stattdessen trotzdem eigentlich vielleicht frage also "
        "montag dienstag mittwoch donnerstag freitag samstag sonntag "
        "oui non bonjour pardon et ou mais alors maintenant ensuite enfin aujourd'hui demain hier sinon normalement "
        "sí no hola perdón y pero entonces ahora luego hoy mañana ayer normalmente quizás "
        "sì ciao scusa ma allora adesso ora poi oggi domani ieri normalmente forse"
    ).split()
)
"""Words before a comma that name nobody."""
_GREEK, _ARMENIAN_QUESTION_MARK = re.compile("[Ͱ-Ͽἀ-῿]"), "՞"
_SENTENCE_END = re.compile(r"[.!։…。！]\s+")


def is_question(text: str) -> bool:
    """Whether the text ends in a question mark of any script; quotes, brackets and emoji may follow it."""
    shown = _EMOJI_NAME.sub("", text).rstrip()
    end = len(shown)
    while end and not shown[end - 1].isalnum():
        end -= 1
    if any(map(_is_question_mark, shown[end:])):
        return True
    if shown.endswith(";") and _GREEK.search(shown):  # on Greek keyboards it is the question mark
        return True
    return _ARMENIAN_QUESTION_MARK in _SENTENCE_END.split(shown.rstrip("։. "))[-1]  # it stands within the last word


def continues(text: str) -> bool:
    """Whether a message of a thread may ask on without a mention: a question, and not one to somebody who is named."""
    if _EMOJI_NAME.sub("", text).lstrip().startswith("@"):
        return False
    if _names_somebody(text) and _YOU.search(text):
        return False
    return is_question(text) or _OPENING_WORD.match(text) is not None


def is_courtesy(text: str) -> bool:
    """Whether the text only thanks, nods or has emoji."""
    shown = _EMOJI_NAME.sub("", text)
    words = re.findall(r"\w+", shown.lower())
    return bool(text) and not is_question(text) and all(word in _COURTESIES for word in words)


def is_stop(text: str) -> bool:
    """Whether the text wants an answer stopped."""
    return _bare(text) in _STOPS


def is_help(text: str) -> bool:
    """Whether the text asks what the bot does."""
    return _bare(text) in _HELPS


def _names_somebody(text: str) -> bool:
    """Return whether the text begins with a name, as one writes to a person."""
    vocative = _VOCATIVE.match(text)
    name = vocative["name"] if vocative else ""
    return name[:1].isupper() and name.lower() not in _NO_NAMES | _COURTESIES


def _bare(text: str) -> str:
    return text.lower().strip(" .!?")


def _is_question_mark(char: str) -> bool:
    name = unicodedata.name(char, "")
    return _QUESTION_MARK.search(name) is not None and not _OPENING_MARK.search(name)
