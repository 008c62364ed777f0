"""Takes the words out of a reply by which a model says that the sources do not answer. Nobody is shown them."""

import re

from rag.prompting.prompts import NO_ANSWER, NOT_ANSWERED

_DRESS = r"[\s*_`\"'>•-]{0,20}"
"""Characters that models put around a sentinel."""
_GAP = re.compile(rf"{_DRESS}{NOT_ANSWERED}[*_`\"']*:?")
_BEGUN = re.compile(
    rf"{_DRESS}(?:{'|'.join(sorted({word[:n] for word in (NOT_ANSWERED, NO_ANSWER) for n in range(len(word) + 1)}))})"
    r"[\s*_`\"'.]*\Z"
)
_HELD = 80
"""Characters at the end of the text in which a sentinel may have begun."""
_LONGEST = 300
"""Characters kept of the unanswered part."""
_NOTHING = re.compile(r"(?:none|nothing|n/?a|no part|nichts|rien|nada)?", re.IGNORECASE)
_TRIM = " \t*_`\"'>•-.:;<>[]()"


class SentinelFilter:
    """Takes the sentinels out of a streamed reply. ``feed`` and ``finish`` return the text that is settled.

    ``NO_ANSWER`` at the beginning declines the whole. ``NOT_ANSWERED: …`` names a part, up to the end of its line.
    """

    def __init__(self) -> None:
        self.declined = False
        self._held = ""
        self._has_text = False
        self._parts: list[str] = []
        self._part: str | None = None
        """The unanswered part that is being read, or None outside of one."""

    @property
    def unanswered(self) -> str:
        """The parts that are not answered, in the model's words; empty if it names none."""
        return "; ".join(dict.fromkeys(self._parts))[:_LONGEST]

    def feed(self, piece: str) -> str:
        """Take a piece of the reply."""
        self._held += piece
        settled = ""
        while not self.declined:
            if self._part is not None:
                line, newline, self._held = self._held.partition("\n")
                self._part = (self._part + line)[:_LONGEST]
                if not newline:
                    return settled
                self._end_part()
                settled += "\n" if self._has_text else ""
            elif gap := _GAP.search(self._held):
                settled += self._settle(self._held[: gap.start()])
                self._part, self._held = "", self._held[gap.end() :]
            else:
                begun = _BEGUN.search(self._held, max(0, len(self._held) - _HELD))
                end = begun.start() if begun else len(self._held)
                ready, self._held = self._held[:end], self._held[end:]
                if not self._has_text and _is_no_answer(ready):
                    self.declined = True
                    return settled
                return settled + self._settle(ready)
        return settled

    def finish(self) -> str:
        """Take the end of the reply."""
        if self._part is not None:
            self._end_part()
        held, self._held = self._held, ""
        if not _is_no_answer(held):
            return "" if self.declined else self._settle(held)
        self.declined = self.declined or not self._has_text
        return ""

    def _settle(self, text: str) -> str:
        self._has_text = self._has_text or any(map(str.isalnum, text))
        return text

    def _end_part(self) -> None:
        part, self._part = (self._part or "").strip(_TRIM), None
        if not _NOTHING.fullmatch(part):
            self._parts.append(part)


def _is_no_answer(text: str) -> bool:
    return re.match(rf"{_DRESS}{NO_ANSWER}", text) is not None
