"""In which language a text is written, by its commonest words: English, German, French, Spanish, Italian; or a script.

They say nothing where they do not tell: then no text is taken to be in another language than any other.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from indexes.text.tokenization import words

OTHER_SCRIPT = "other script"
_EVERY: Mapping[str, frozenset[str]] = {
    tongue: frozenset(small.split())
    for tongue, small in {
        "en": "the a an of and to in is are was were on for with that this these by as from at it its be been or not"
        " which who have has had they their would can could may must will should about after before than more when"
        " where each every all any only but if into you your we our he she his her there no do does did per"
        " year years day days week weeks month months hours",
        "de": "der die das den dem des ein eine einen einem einer eines und oder ist sind war waren wird werden wurde"
        " wurden nicht kein keine mit auf für von zu im am zum zur bei beim aus nach wie auch sich haben hat hatte"
        " hatten als dass daß ihr ihre seine sein nur noch über vor durch um bis wenn dann sie er es wir man kann"
        " können muss müssen darf dürfen soll sollen mehr jede jeder jedes alle in an was ab gibt sowie laut beträgt"
        " erhält erhalten bekommt bekommen jahr jahre jahren tage tagen woche wochen monat monate stunden",
        "fr": "le la les l du de des d un une et ou est sont était étaient a ont pour dans sur avec que qui par au aux"
        " ne pas plus ce cet cette ces il elle ils elles se leur leurs on nous vous son sa ses en à où mais comme si"
        " tout tous chaque peut doit an année années jour jours semaine semaines mois heures",
        "es": "el la los las un una unos unas de del y o es son fue eran para en con que por al a no se su sus como"
        " más este esta estos estas lo le les hay pero si cuando todo todos cada puede debe ser está están tiene"
        " tienen año años día días semana semanas mes meses horas",
        "it": "il lo la gli le i un uno una di del dello della dei degli delle e o è sono era erano per in con che da"
        " dal dalla al alla ai alle non si su come più questo questa questi queste nel nella nei nelle ha hanno ma se"
        " ogni può deve ed anno anni giorno giorni settimana settimane mese mesi",
    }.items()
}
_TIMES = Counter(word for small in _EVERY.values() for word in small)
_SMALL = {tongue: frozenset(word for word in small if _TIMES[word] == 1) for tongue, small in _EVERY.items()}
"""Without those that two of them have."""
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
def tongue(text: str) -> str | None:
    """Its tag, or ``OTHER_SCRIPT``; None where that is not sure."""
    letters = _LETTERS.findall(text)
    if len(letters) > 2 * len(_LATIN.findall(text)):
        return OTHER_SCRIPT
    found = set(_plain(text))
    first, second = sorted(((len(found & small), tag) for tag, small in _SMALL.items()), reverse=True)[:2]
    return first[1] if first[0] >= max(_LEAST, _CLEARLY * second[0]) else None


def denies(text: str, of: str) -> bool:
    """Whether it has a negation of the language; of one that is not known, none is seen."""
    said = _plain(text)
    return bool(_NEGATIONS.get(of, frozenset()) & set(said)) or any(word.endswith(("n't", "n’t")) for word in said)


def _plain(text: str) -> list[str]:
    """``l'été`` is two words."""
    return words(_ELISION.sub(" ", text))
