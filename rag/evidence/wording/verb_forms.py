"""Brings the past forms of irregular English verbs, which share no stem with the verb, to its base form."""

from functools import lru_cache

from indexes.text.tokenization import stem, stems

_FORMS = {
    past: line.split()[0]
    for line in (
        "be was were been|become became|begin began begun|break broke broken|bring brought|build built|buy bought|"
        "catch caught|choose chose chosen|come came|deal dealt|draw drew drawn|drink drank drunk|drive drove driven|"
        "eat ate eaten|fall fell fallen|feed fed|feel felt|fight fought|find found|fly flew flown|forbid forbade "
        "forbidden|forget forgot forgotten|freeze froze frozen|give gave given|go went gone|grow grew grown|hang hung|"
        "hear heard|hide hid hidden|hold held|keep kept|know knew known|lay laid|lead led|leave left|lend lent|"
        "lie lay lain|lose lost|make made|mean meant|meet met|pay paid|ride rode ridden|ring rang rung|rise rose risen|"
        "run ran|say said|see saw seen|seek sought|sell sold|send sent|shake shook shaken|shine shone|shoot shot|"
        "show shown|sing sang sung|sink sank sunk|sit sat|sleep slept|speak spoke spoken|spend spent|stand stood|"
        "steal stole stolen|stick stuck|strike struck|swear swore sworn|swim swam swum|take took taken|teach taught|"
        "tear tore torn|tell told|think thought|throw threw thrown|understand understood|wake woke woken|"
        "wear wore worn|win won|withdraw withdrew withdrawn|write wrote written"
    ).split("|")
    for past in line.split()[1:]
}
_STEMS = {stem(un + past): un + stem(base) for past, base in _FORMS.items() for un in ("", "un")}


@lru_cache(maxsize=4096)
def base_stems(text: str) -> tuple[str, ...]:
    """Return the stems of the content words in order, as ``stems``, of irregular verbs that of the base form."""
    return tuple(_STEMS.get(one, one) for one in stems(text))


def base_stem(word: str) -> str:
    """Return the stem of a lower-case word, of an irregular verb that of the base form."""
    plain = stem(word)
    return _STEMS.get(plain, plain)
