"""Names of files in HTTP headers, as browsers and older programs read and write them."""

import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

_FALLBACK = re.compile(r'[^ -~]+|["/\\%]+')
"""What a quoted name must not hold: other characters than ASCII's, quotes, slashes, and what looks like an escape."""
_ESCAPED_BY_BROWSERS = re.compile("%(?:0A|0D|22)", re.IGNORECASE)


def attachment(name: str) -> str:
    """Return the ``Content-Disposition`` of a download, with a name in ASCII for older programs.

    See RFC 6266, appendix D.
    """
    letters = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    plain = PurePosixPath(_FALLBACK.sub("_", letters))
    if not re.search("[A-Za-z0-9]", plain.stem):
        plain = PurePosixPath(f"download{plain.suffix}")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def sent_name(name: str) -> str:
    """Return the name of a form's file as its sender knows it: browsers escape quotes and line ends, and nothing else.

    See "multipart/form-data encoding" in https://html.spec.whatwg.org/.
    """
    return _ESCAPED_BY_BROWSERS.sub(lambda escaped: unquote(escaped[0]), name)
