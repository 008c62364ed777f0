"""Recognises corrections, and questions about the answer just given, by their wording.

It knows English, German, French, Spanish and Italian. One that it misses is taken for a follow-up, like any other.
"""

import re
from collections.abc import Sequence

from indexes.text.tokenization import content_words, stem
from rag.question.collection import about_collection
from rag.question.decomposition import ASKING, depends_on_context

_LONGEST = 90
"""Characters of such a question: a longer one asks something of its own."""
_THAT = r"(?:that|this|it|so|the (?:answer|above)|your (?:last )?answer|what you (?:just )?said)"
_LANGUAGE = (
    r"(?:english|german|french|spanish|italian|portuguese|dutch|polish|englisch|deutsch|französisch|spanisch|italienisch|"
    r"anglais|allemand|français|espagnol|italien|inglés|alemán|francés|español|italiano|inglese|tedesco|francese|spagnolo)"
)
_DOUBTS = (
    r"really|seriously|sure|wirklich|sicher|echt|vraiment|de verdad|davvero",
    rf"are you (?:really |quite |absolutely )?(?:sure|certain)(?: (?:about|of) {_THAT})?",
    rf"is {_THAT} (?:really )?(?:right|correct|true|certain)",
    rf"{_THAT}(?: is|['’]s) (?:not (?:right|true|correct)|wrong)",
    r"(?:bist du|sind sie) (?:dir |sich )?(?:da |ganz )?sicher|stimmt das|das stimmt nicht",
    r"[êe]tes[- ]vous s[ûu]re?|(?:tu )?es[- ](?:tu )?s[ûu]re?",
    r"¿?est[áa]s? segur[oa]|sei sicur[oa]",
)
_PROOFS = (
    rf"where (?:exactly )?(?:does|did) (?:it|that|this|the \w+) say {_THAT}",
    r"where (?:exactly )?is (?:that|this|it) (?:written|stated|said|from)",
    r"where (?:exactly )?(?:do|did) you (?:get|find|have|read|see) (?:that|this|it)(?: from)?",
    r"(?:what(?:'s| is| are) )?(?:the |your )?(?:sources?|evidence|proof)(?: (?:for|of) (?:that|this))?",
    r"says who|how do you know(?: (?:that|this))?|why do you (?:say|think) (?:that|so)",
    r"show me (?:where|the (?:source|passage|place))(?: (?:that|it|this) (?:says (?:that|so|it)|is(?: from)?))?",
    r"wo steht das(?: genau| geschrieben)?|woher (?:weißt du|wissen sie|hast du|haben sie) das",
    r"(?:die |was ist die )?quellen?",
    r"o[ùu] est-ce (?:que c['’]est )?(?:écrit|dit)|(?:quelle est )?la source",
    r"¿?d[óo]nde (?:lo )?(?:dice|pone)(?: eso)?|dove (?:lo|è) (?:dice|scritto)",
)
_OTHERWISE = (
    rf"(?:summari[sz]e|shorten|rephrase|repeat|translate|explain|simplify|reword|quote) {_THAT}(?: .{{0,40}})?",
    rf"say {_THAT} again|what do you mean(?: by {_THAT})?",
    r"tl;?dr|in short|in a nutshell|shorter|more briefly",
    rf"(?:(?:say|give|write) {_THAT} )?(?:in|into|auf|en) {_LANGUAGE}",
    r"fass(?:e|en sie)? (?:das|es)(?: bitte)?(?: kurz)? zusammen",
    r"r[ée]sume[zr]? (?:ça|cela)|resume eso|riassumi(?:lo)?",
)
_ABOUT_ANSWER = re.compile(
    r"(?:(?:and|ok(?:ay)?|hm+|wait|but|please|can you|could you|und|bitte)[\s,]+){0,3}"
    rf"(?:{'|'.join((*_DOUBTS, *_PROOFS, *_OTHERWISE))})"
    r"(?:[\s,]+(?:please|bitte|thanks|svp|s['’]il (?:te|vous) pla[îi]t|por favor|per favore))?[\s?!.…]*",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"(?:(?:no|nope|sorry|oh|wait|nein|non)[\s,;:.!–—-]+)*"
    r"(?:(?:no|nope|sorry|nein|non)[,;:.!–—-]+\s*|(?:but )?i (?:meant|mean)\s+|i was asking (?:about|for)\s+"
    r"|(?:actually|rather)[,;:]\s*|ich meinte?\s+|ich meine\s+|je voulais dire\s+|quise decir\s+|intendevo\s+)"
    r"(?P<rest>.*\w.*)",
    re.IGNORECASE | re.DOTALL,
)
_ASKS = re.compile(
    r"(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did|can|may|must|has|have|will|wer|was|wann|wo|"
    r"warum|wie|welche\w*|qui|que|quand|où|comment|combien|quién|qué|cuándo|dónde|cómo|chi|quando|dove|come)\b",
    re.IGNORECASE,
)
_OWN_WORDS = 5
"""A correction that asks in so many words is a question of its own."""
_LEANS = re.compile(
    r"(?:and|but|so|or|then|also|what about|how about|what if|und|aber|dann|auch|et|mais|alors|y|pero|e|ma)\b"
    r"|.*\b(?:that|those|one|ones|same|other|others|another|else|former|latter|too|also|instead|both|each|such|above"
    r"|jene\w*|gleiche\w*|andere\w*|auch|davon|dafür|dabei|damit|autres?|aussi|celui|celle|otr[oa]s?|también"
    r"|altr[oaie]|anche)\b",
    re.IGNORECASE | re.DOTALL,
)
"""How a question begins that goes on from the one before, and words that mean something named there."""
_NAME = re.compile(r"(?<!^)\b(?!I\b)[A-Z][\w-]+")
_OWN_MATTER = 3
"""Words that say something, from which a question that names nothing has a subject of its own."""
_FIGURE = re.compile(r"\b\d+(?:[.,]\d+)*\b")


def is_about_answer(text: str) -> bool:
    """Return whether it asks about the last answer alone: are you sure? where does it say that?"""
    return len(text) <= _LONGEST and _ABOUT_ANSWER.fullmatch(text.strip()) is not None


def stands_alone(text: str) -> bool:
    """Return whether a question names its subject itself, so that it may be on another one than those before it."""
    if depends_on_context(text) or _LEANS.match(text) or not _ASKS.match(text):
        return False
    matter = {stem(word) for word in content_words(text)} - ASKING
    return len(matter) >= _OWN_MATTER or (len(matter) > 1 and _NAME.search(text) is not None)


def resolve_turns(messages: Sequence[str]) -> list[str]:
    """Return the questions that a user's messages stand for, oldest first.

    A question about an answer repeats the question before it; a correction replaces it. Needs at least one message.
    """
    *earlier, last = messages
    first, *rest = [*(text for text in earlier if not about_collection(text)), last]
    questions = [first]
    for text in rest:
        if is_about_answer(text):
            continue
        match = _CORRECTION.fullmatch(text.strip())
        correction = match["rest"].strip(" ?!.") if match else ""
        own_question = _ASKS.match(correction) and len(correction.split()) >= _OWN_WORDS
        if correction and not own_question and len(correction) <= _LONGEST:
            question, bare = questions.pop(), correction.removeprefix("in ").removeprefix("for ")
            same = [figure for figure in _FIGURE.findall(question) if len(figure) == len(bare)]
            if _FIGURE.fullmatch(bare) and len(same) == 1:  # 2022, not 2021
                text = question.replace(same[0], bare)
            else:
                text = f"{question.rstrip(' ?!.')}, {correction}?"
        questions.append(text)
    return questions
