"""An estimate of token counts, for models whose tokenizer is not on this machine."""

import re

_TOKENISH = re.compile(r"[A-Za-z]{1,4}|\d{1,2}|[^\x00-\x7f]+| (?=\d)|\S|\n")


def estimate_tokens(text: str) -> int:
    """Estimate the number of tokens of a text, on the high side.

    Measured against OpenAI's cl100k_base and o200k_base it is 1.3 to 1.5 times the count of English prose, code and
    tables, never below 0.94 times in 3,000 characters of our development sets, and 1.1 to 4 times that of most other
    languages. Undercounted are random strings (base64: 0.6 times), rows of emoji (0.8) and Finnish (0.9).
    """
    return sum(1 if run.isascii() else (len(run.encode()) + 1) // 2 for run in _TOKENISH.findall(text))
