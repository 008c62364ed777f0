"""The host names of a server."""

import re
from collections.abc import Collection
from ipaddress import ip_address

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
ANY_HOST = frozenset({"*"})
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\[\]:/@\s]+)(:\d+)?", re.IGNORECASE)


def hosts_for(address: str) -> frozenset[str]:
    """Return the host names of a server that listens at ``address``: on loopback its own, elsewhere any.

    A foreign page can make its name resolve to 127.0.0.1 and then read our responses (DNS rebinding). The Host header
    reveals it.
    """
    if address == "localhost":
        return LOOPBACK_HOSTS
    try:
        ip = ip_address(address)
    except ValueError:
        return ANY_HOST
    return LOOPBACK_HOSTS | {f"[{ip}]" if ip.version == 6 else str(ip)} if ip.is_loopback else ANY_HOST


def is_known_host(hosts: Collection[str], host: str) -> bool:
    """Tell whether a host, with or without a port, is one of ``hosts`` (lower case, no ports)."""
    match = _HOST.fullmatch(host)
    return "*" in hosts or (match is not None and match["name"].lower() in hosts)
