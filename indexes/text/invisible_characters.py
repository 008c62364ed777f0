"""Characters that a reader cannot see, as ranges to put between the brackets of a regular expression."""

import re

LINE_BREAKS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
"""Every kind of line break but the newline alone."""
CONTROLS = "\x00-\x08\x0e-\x1f\x7f-\x9f"
"""The controls of ASCII and Latin-1, except white space."""
FORMATTING = (
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e01ef\ud800-\udfff"
)
"""Soft hyphens, zero-width and direction-changing characters, Unicode tags, the variation selectors that carry bytes,
and lone surrogates. The joiners U+200C and U+200D are left out: Persian, Hindi and emoji are spelled with them."""
IGNORABLE = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e01f0-\U000e0fff"
)
"""What else Unicode calls default-ignorable: fillers, variation selectors, and reserved code points."""
