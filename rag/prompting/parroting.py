"""Finds what a model repeats of its prompt, as small ones do."""

import re
from collections.abc import Iterable

from rag.prompting import prompts

_LEAST_WORDS = 5
"""Words of a line that no answer shares with the prompt by chance."""


class ParrotFilter:
    """Takes lines that repeat the prompt out of a streamed reply, unless one of the ``texts`` of the sources has them.

    ``feed`` and ``finish`` return the text that is settled.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.dropped = False
        """Whether a line was taken out."""
        self._texts = tuple(map(content, texts))
        self._held = ""
        self._released = False
        """Whether the line that is being read is no repetition."""

    def feed(self, piece: str) -> str:
        """Take a piece of the reply."""
        *lines, last = piece.split("\n")
        settled = "".join(self._end_line(f"{line}\n") for line in lines)
        self._held += last
        self._released = self._released or not _is_own(content(self._held))
        if self._released:
            settled, self._held = settled + self._held, ""
        return settled

    def finish(self) -> str:
        """Take the end of the reply."""
        return self._end_line("")

    def _end_line(self, rest: str) -> str:
        line, released = self._held + rest, self._released
        self._held, self._released = "", False
        words = content(line)
        if released or words.count(" ") + 1 < _LEAST_WORDS or not _is_own(f"{words} "):
            return line
        if any(words in text for text in self._texts):
            return line
        self.dropped = True
        return ""


def is_parroted(text: str) -> bool:
    """Return whether a text of three words or more is the prompt's own."""
    words = content(text)
    return words.count(" ") >= 2 and _is_own(f"{words} ")


def content(text: str) -> str:
    """Return the words of a text in small letters, with a blank between them."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _is_own(words: str) -> bool:
    return any(f" {words}" in prompt for prompt in _OWN)


_OWN = tuple(f" {content(prompt)} " for prompt in (prompts.SYSTEM, prompts.ABOUT_ANSWER))
