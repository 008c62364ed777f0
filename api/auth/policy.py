"""Whom the server lets in, as its address and the settings have it."""

from urllib.parse import urlsplit

from api.auth.api_keys import KeyAuthenticator, KeyStore
from api.core.hosts import ANY_HOST, hosts_for
from indexes.errors import FootnoteError
from rag.settings import ServerSettings


class KeysNeededError(FootnoteError):
    """The server would be open to others, and there is no key by which anyone could come in."""

    kind = "keys-needed"


def make_authenticator(server: ServerSettings) -> KeyAuthenticator:
    return KeyAuthenticator(KeyStore(server.dir), wants_key=wants_key(server))


def wants_key(server: ServerSettings) -> bool:
    """Where others than this machine's programs can reach it: by its address, or by a proxy before it."""
    return server.keys == "always" or ANY_HOST in (hosts_for(server.host), hosts_for(_public_name(server)))


def check_keys(server: ServerSettings) -> None:
    """Raises ``KeysNeededError``."""
    if wants_key(server) and not KeyStore(server.dir).usable():
        raise KeysNeededError(
            f"There is no key in {server.dir} that opens anything, and without one nobody comes in at "
            f"{server.public_url or server.host}: make one with `footnote keys create NAME --groups a,b`."
        )


def allowed_hosts(server: ServerSettings) -> frozenset[str]:
    """The hosts that requests may name."""
    return hosts_for(server.host) | ({_public_name(server)} if server.public_url else frozenset())


def allowed_origins(server: ServerSettings) -> frozenset[str]:
    """Where a page of ours may come from, other than the address that a request names."""
    parts = urlsplit(server.public_url or "")
    return frozenset({f"{parts.scheme}://{parts.netloc}".lower()} if parts.netloc else ())


def _public_name(server: ServerSettings) -> str:
    """Its name alone; that of this machine where no proxy is named."""
    name = urlsplit(server.public_url or "http://localhost").hostname or ""
    return f"[{name}]" if ":" in name else name
