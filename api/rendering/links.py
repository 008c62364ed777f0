"""Links that open a source where the quote stands, for answers that are read elsewhere."""

from dataclasses import dataclass
from urllib.parse import urlencode

from indexes.types import Locator


def view_path(document_id: str, locator: Locator) -> str:
    """The viewer's address on this server, from its root and without a slash before: it shows and marks the span."""
    place = {"start": locator.char_start, "end": locator.char_end}
    if locator.page is not None:
        place["page"] = locator.page
    return f"view/{document_id}?{urlencode(place)}"


def view_url(base: str, document_id: str, locator: Locator) -> str:
    """``base`` is ``server.public_url``, or the address that a request came to."""
    return f"{base.rstrip('/')}/{view_path(document_id, locator)}"


@dataclass(frozen=True, slots=True)
class Links:
    """Where places in documents can be looked at."""

    base: str | None = None
    """As ``view_url`` takes it; None where no server is asked, as on the command line."""

    def to(self, document_id: str, locator: Locator) -> str | None:
        return view_url(self.base, document_id, locator) if self.base else None


NOWHERE = Links()
