"""Identifies the language of a text by its commonest words: English, German, French, Spanish, Italian; or a script."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from indexes.text.tokenization import words

OTHER_SCRIPT = "other script"
_EVERY: Mapping[str, frozenset[str]] = {
    language: frozenset(small.split())
    for language, small in {
        "en": "the a an of and to in is are was were on for with that this these by as from at it its be been or not"
        " which who have has had they their would can could may must will should about after before than more when"
        " where each every all any only but if into you your we our he she his her there no do does did per"
        " year years day days week weeks month months hours what how who why whose",
        "de": "der die das den dem des ein eine einen einem einer eines und oder ist sind war waren wird werden wurde"
        " wurden nicht kein keine mit auf für von zu im am zum zur bei beim aus nach wie auch sich haben hat hatte"
        " hatten als dass daß ihr ihre seine sein nur noch über vor durch um bis wenn dann sie er es wir man kann"
        " können muss müssen darf dürfen soll sollen mehr jede jeder jedes alle in an was ab gibt sowie laut beträgt"
        " erhält erhalten bekommt bekommen jahr jahre jahren tage tagen woche wochen monat monate stunden wer wem"
        " wen wo viel viele warum wann welche welcher welches welchen wieviel wofür ich mir mich mein meine meinen",
        "fr": "le la les l du de des d un une et ou est sont était étaient a ont pour dans sur avec que qui par au aux"
        " ne pas plus ce cet cette ces il elle ils elles se leur leurs on nous vous son sa ses en à où mais comme si"
        " tout tous chaque peut doit an année années jour jours semaine semaines mois heures quel quelle quels quelles"
        " combien comment pourquoi quand qui je mon mes",
        "es": "el la los las un una unos unas de del y o es son fue eran para en con que por al a no se su sus como"
        " más este esta estos estas lo le les hay pero si cuando todo todos cada puede debe ser está están tiene"
        " tienen año años día días semana semanas mes meses horas qué cuál cuáles cuánto cuánta cuántos cuántas cuándo"
        " dónde cómo quién quiénes mi mis",
        "it": "il lo la gli le i un uno una di del dello della dei degli delle e o è sono era erano per in con che da"
        " dal dalla al alla ai alle non si su come più questo questa questi queste nel nella nei nelle ha hanno ma se"
        " ogni può deve ed anno anni giorno giorni settimana settimane mese mesi qual quale quali quanto quanta quanti"
        " quante quando dove perché cosa chi mio mia",
    }.items()
}
_COUNTS = Counter(word for small in _EVERY.values() for word in small)
_UNIQUE = {language: frozenset(word for word in small if _COUNTS[word] == 1) for language, small in _EVERY.items()}
"""The words that no other of the languages has."""
_NEGATIONS: Mapping[str, frozenset[str]] = {
    "en": frozenset("not no never nor none neither without cannot nobody nothing nowhere".split()),
    "de": frozenset("nicht kein keine keinen keinem keiner keines nie niemals niemand nichts ohne weder".split()),
    "fr": frozenset("ne n pas jamais aucun aucune rien sans ni personne".split()),
    "es": frozenset("no nunca jamás ningún ninguna ninguno nada nadie sin ni".split()),
    "it": frozenset("non mai nessun nessuna nessuno niente nulla senza né".split()),
}
_LEAST, _CLEARLY = 2, 3
"""Words of a language that a text must have, and how many times as many as of any other."""
_LETTERS = re.compile(r"[^\W\d_]")
_LATIN = re.compile(r"[a-zà-öø-ÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıĵķĺļľłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźżžß]", re.IGNORECASE)
_ELISION = re.compile(r"(?<=\b[dlnsjmtcDLNSJMTC])['’](?=\w)|(?<=\b(?:qu|Qu))['’](?=\w)")


@lru_cache(maxsize=4096)
def identify_language(text: str) -> str | None:
    """Return the language's tag, or ``OTHER_SCRIPT``; None if the text does not settle it."""
    letters = _LETTERS.findall(text)
    if len(letters) > 2 * len(_LATIN.findall(text)):
        return OTHER_SCRIPT
    tokens = set(_tokens(text))
    first, second = sorted(((len(tokens & small), tag) for tag, small in _UNIQUE.items()), reverse=True)[:2]
    return first[1] if first[0] >= max(_LEAST, _CLEARLY * second[0]) else None


def is_foreign_to(text: str, languages: frozenset[str]) -> bool:
    """Return whether the text is surely in a language that is none of these. Among no languages, nothing is foreign."""
    language = identify_language(text)
    return language is not None and bool(languages) and language not in languages


def has_capital_nouns(language: str) -> bool:
    """Return whether every noun of a language has a capital, so that few capitalised words are names."""
    return language == "de"


def small_words(language: str) -> frozenset[str]:
    """Return the commonest words of a language other than English, which has its stop words."""
    return _EVERY.get(language, frozenset()) if language != "en" else frozenset()


def content_of(text: str) -> str:
    """Return the text without the commonest words of its language."""
    small = _EVERY.get(identify_language(text) or "", frozenset())
    return " ".join(word for word in _ELISION.sub(" ", text).split() if not small.issuperset(words(word)))


def has_negation(text: str, language: str) -> bool:
    """Return whether the text has a negation of the language; an unknown language has none but ``n't``."""
    tokens = set(_tokens(text))
    return bool(_NEGATIONS.get(language, frozenset()) & tokens) or any(t.endswith(("n't", "n’t")) for t in tokens)


def _tokens(text: str) -> list[str]:
    """Split ``l'été`` into two words."""
    return words(_ELISION.sub(" ", text))
