"""Links that open a source at the quote, for answers that are read elsewhere."""

from dataclasses import dataclass
from urllib.parse import urlencode

from indexes.types import Locator


def view_url(base: str, document_id: str, locator: Locator) -> str:
    """Return the viewer's address that shows and marks the span.

    ``base`` is ``server.public_url``, or the address that a request was sent to.
    """
    query = {"start": locator.char_start, "end": locator.char_end}
    if locator.page is not None:
        query["page"] = locator.page
    return f"{base.rstrip('/')}/view/{document_id}?{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of places in documents."""

    base: str | None = None
    """As for ``view_url``; None without a server, as on the command line."""

    def to(self, document_id: str, locator: Locator) -> str | None:
        """Return the viewer's address, or None without a server."""
        return view_url(self.base, document_id, locator) if self.base else None


NOWHERE = Links()
