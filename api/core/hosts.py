"""The host names of a server."""

from ipaddress import ip_address

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
ANY_HOST = frozenset({"*"})


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
