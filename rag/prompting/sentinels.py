"""Takes the words out of a reply by which a model says that the sources do not answer. Nobody is shown them."""

import re

from rag.citations.markers import without_markers
from rag.prompting.parroting import is_parroted

_DRESS = r"[\s*_`\"'<>\[(•-]{0,20}"
"""Characters that models put around a sentinel."""
# As they are prescribed, in any case, with Markdown's escape; and in other spellings where no prose reads so
_NOT_ANSWERED = (
    r"(?:(?i:not\\?_\s?answered)|NOT[ -]?ANSWERED|NotAnswered"
    r"|(?:(?i:not\\?_\s?answer)|UNANSWERED|Not[ -][Aa]nswered|Unanswered)(?=[*_`\"' \])]{0,3}:))"
)
_NO_ANSWER = r"(?:(?i:no\\?_\s?answer(?:ed)?)|NO[ -]?ANSWER(?:ED)?|NoAnswer)(?!\w)"
_GAP = re.compile(rf"{_DRESS}{_NOT_ANSWERED}[*_`\"'\])>]*\s?:?")
_DECLINE = re.compile(rf"{_DRESS}{_NO_ANSWER}")
_BARE_DECLINE = re.compile(rf"{_DRESS}no answer(?: found| available| given)?[.!]?{_DRESS}", re.IGNORECASE)
_MAYBE_ANSWERED = "".join(f"(?:{letter}" for letter in "answered") + ")?" * len("answered")
_BEGUN = re.compile(
    rf"{_DRESS}(?:(?:not?|un|[nu])(?:\\?[_ -]?\s?{_MAYBE_ANSWERED}(?: \w{{0,9}})?[\s*_`\"'.!]*)?)?\Z", re.IGNORECASE
)
_HELD = 80
"""Characters at the end of the text in which a sentinel may have begun."""
_LONGEST = 300
"""Characters kept of the unanswered part."""
_NOTHING = re.compile(r"(?:none|nothing|n/?a|no part|nichts|rien|nada)?", re.IGNORECASE)
_TRIM = " \t*_`\"'>•-.:;<>[]()"


_PARROTED = re.compile(
    r"(?:and,? )?(?:in a few words,? )?the (?:other )?part (?:of the question )?that (?:they|the sources) do not "
    r"answer",
    re.IGNORECASE,
)
"""Our own word for the part, which small models repeat in its place."""


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
            elif (gap := _GAP.search(self._held)) and not (
                gap.end() == len(self._held) and _BEGUN.match(self._held, gap.start())  # letters of it may come
            ):
                settled += self._settle(self._held[: gap.start()])
                self._part, self._held = "", self._held[gap.end() :]
            else:
                begun = _BEGUN.search(self._held, max(0, len(self._held) - _HELD))
                end = begun.start() if begun else len(self._held)
                ready, self._held = self._held[:end], self._held[end:]
                if not self._has_text and _DECLINE.match(ready):
                    self.declined = True
                    return settled
                return settled + self._settle(ready)
        return settled

    def finish(self) -> str:
        """Take the end of the reply."""
        held, self._held = self._held, ""
        if self._part is None and (gap := _GAP.search(held)) and not self.declined:
            return self._settle(held[: gap.start()])
        if self._part is not None:
            self._end_part()
        if _DECLINE.match(held) or (not self._has_text and _BARE_DECLINE.fullmatch(held)):
            self.declined = self.declined or not self._has_text
            return ""
        return "" if self.declined else self._settle(held)

    def _settle(self, text: str) -> str:
        self._has_text = self._has_text or any(map(str.isalnum, text))
        return text

    def _end_part(self) -> None:
        part, self._part = _PARROTED.sub("", without_markers(self._part or "")).strip(_TRIM), None
        if not _NOTHING.fullmatch(part) and not is_parroted(part):
            self._parts.append(part)
