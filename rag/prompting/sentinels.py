"""What a model writes to say that the sources do not answer: taken out as it comes, so that no one is shown it."""

import re

from rag.prompting.prompts import NO_ANSWER, NOT_ANSWERED

_DRESS = r"[\s*_`\"'>•-]{0,20}"
"""What models put around such a word."""
_GAP = re.compile(rf"{_DRESS}{NOT_ANSWERED}[*_`\"']*:?")
_BEGUN = re.compile(
    rf"{_DRESS}(?:{'|'.join(sorted({word[:n] for word in (NOT_ANSWERED, NO_ANSWER) for n in range(len(word) + 1)}))})"
    r"[\s*_`\"'.]*\Z"
)
_HELD = 80
"""Characters at the end of what was read in which such a word may have begun."""
_LONGEST = 300
"""Characters that are kept of the part that is not answered."""
_NOTHING = re.compile(r"(?:none|nothing|n/?a|no part|nichts|rien|nada)?", re.IGNORECASE)
_TRIM = " \t*_`\"'>•-.:;<>[]()"


class Sentinels:
    """A reply less what is no part of an answer. ``feed`` and ``finish`` return what is settled of it.

    ``NO_ANSWER`` at its beginning declines the whole; a line ``NOT_ANSWERED: …``, or the rest of one, tells a part.
    """

    def __init__(self) -> None:
        self.declined = False
        self._held = ""
        self._spoke = False
        self._parts: list[str] = []
        self._part: str | None = None
        """Of the line that is being read, what it tells; None in any other."""

    @property
    def unanswered(self) -> str:
        """The part that is not answered, in the model's words; empty where it tells none."""
        return "; ".join(dict.fromkeys(self._parts))[:_LONGEST]

    def feed(self, piece: str) -> str:
        self._held += piece
        settled = ""
        while not self.declined:
            if self._part is not None:
                if not self._read_part():
                    break
                settled += "\n" if self._spoke else ""
            elif found := _GAP.search(self._held):
                settled += self._said(self._held[: found.start()])
                self._part, self._held = "", self._held[found.end() :]
            else:
                return settled + self._ready()
        return settled

    def finish(self) -> str:
        if self._part is not None:
            self._end_part()
        held, self._held = self._held, ""
        if not _is_no_answer(held):
            return "" if self.declined else self._said(held)
        self.declined = self.declined or not self._spoke
        return ""

    def _ready(self) -> str:
        """What is held, but for an end in which a sentinel may have begun."""
        begun = _BEGUN.search(self._held, max(0, len(self._held) - _HELD))
        ready, held = (self._held, "") if begun is None else (self._held[: begun.start()], self._held[begun.start() :])
        self._held = held
        if not self._spoke and _is_no_answer(ready):
            self.declined = True
            return ""
        return self._said(ready)

    def _said(self, text: str) -> str:
        self._spoke = self._spoke or any(map(str.isalnum, text))
        return text

    def _read_part(self) -> bool:
        """Whether it ended with what is held."""
        line, newline, self._held = self._held.partition("\n")
        self._part = ((self._part or "") + line)[:_LONGEST]
        if newline:
            self._end_part()
        return bool(newline)

    def _end_part(self) -> None:
        part, self._part = (self._part or "").strip(_TRIM), None
        if not _NOTHING.fullmatch(part):
            self._parts.append(part)


def _is_no_answer(text: str) -> bool:
    return re.match(rf"{_DRESS}{NO_ANSWER}", text) is not None
