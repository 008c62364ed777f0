"""Who may use the server, by its address and its settings."""

from urllib.parse import urlsplit

from api.auth.api_keys import KeyAuthenticator, KeyStore
from api.core.hosts import ANY_HOST, hosts_for
from indexes.errors import FootnoteError
from rag.settings import ServerSettings


class KeysNeededError(FootnoteError):
    """Other machines could reach the server, but there is no valid key."""

    kind = "keys-needed"


def make_authenticator(server: ServerSettings) -> KeyAuthenticator:
    """Return the authenticator by the keys in ``server.dir``."""
    return KeyAuthenticator(KeyStore(server.dir), wants_key=wants_key(server))


def wants_key(server: ServerSettings) -> bool:
    """Tell whether callers need a key: always by setting, or if other machines reach the address or its proxy."""
    return server.keys == "always" or ANY_HOST in (hosts_for(server.host), hosts_for(_public_name(server)))


def check_keys(server: ServerSettings) -> None:
    """Raise ``KeysNeededError`` if callers need a key and there is none."""
    if wants_key(server) and not KeyStore(server.dir).usable():
        raise KeysNeededError(
            f"There is no valid key in {server.dir}, and callers at {server.public_url or server.host} need one: "
            "make one with `footnote keys create NAME --groups a,b`."
        )


def allowed_hosts(server: ServerSettings) -> frozenset[str]:
    """Return the host names that requests may use."""
    return hosts_for(server.host) | ({_public_name(server)} if server.public_url else frozenset())


def allowed_origins(server: ServerSettings) -> frozenset[str]:
    """Return the origins of our page besides the address of the request: that of the public URL."""
    parts = urlsplit(server.public_url or "")
    return frozenset({f"{parts.scheme}://{parts.netloc}".lower()} if parts.netloc else ())


def _public_name(server: ServerSettings) -> str:
    """Return the host name in the public URL, or ``localhost`` without one."""
    name = urlsplit(server.public_url or "http://localhost").hostname or ""
    return f"[{name}]" if ":" in name else name
