"""The names that a server goes by."""

import re
from collections.abc import Collection
from ipaddress import ip_address

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
ANY_HOST = frozenset({"*"})
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\[\]:/@\s]+)(:\d+)?", re.IGNORECASE)


def hosts_for(address: str) -> frozenset[str]:
    """The names that a server listening at ``address`` answers to: on loopback its own only, elsewhere any.

    A page of another site can have its name resolve to 127.0.0.1 and then read what we answer (DNS rebinding);
    the Host header tells.
    """
    if address == "localhost":
        return LOOPBACK_HOSTS
    try:
        ip = ip_address(address)
    except ValueError:
        return ANY_HOST
    return LOOPBACK_HOSTS | {f"[{ip}]" if ip.version == 6 else str(ip)} if ip.is_loopback else ANY_HOST


def knows(hosts: Collection[str], host: str) -> bool:
    """Whether a name, with or without a port, is among those, in lower case and without."""
    match = _HOST.fullmatch(host)
    return "*" in hosts or (match is not None and match["name"].lower() in hosts)
