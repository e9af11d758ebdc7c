"""Which addresses may be asked at all: nothing private, no odd ports. Pure.

The address that Scrapy connects to is the one its resolver returned, so the check stands in two places: on literals
before the request (Twisted skips the resolver for them), and on every answer of the resolver, which closes rebinding.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from scraper.config import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

USUAL_PORTS = frozenset({80, 443})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, Teredo, NAT64), else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def refused(address: str, allowed: Sequence[Network]) -> str | None:
    """Why an IP address may not be connected to; None if it may, or if the words are no IP address."""
    try:
        parsed = ipaddress.ip_address(address.strip("[]").split("%")[0])
    except ValueError:
        return None
    meant = inner(parsed)
    if any(one in network for one in (parsed, meant) for network in allowed if one.version == network.version):
        return None
    if not meant.is_global or meant.is_multicast:
        return f"{address} is no public address; CONGTIN_ALLOW_NETWORKS opens networks such as {meant}"
    return None


def refused_url(url: str, allowed: Sequence[Network], ports: Collection[int] = ()) -> str | None:
    """Why a URL may not be asked: scheme, control characters, port, or an address that `refused` refuses."""
    if "\\" in url or any(ord(letter) < 33 for letter in url):
        return "the address holds a backslash, a space or a control character"
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError as error:
        return f"not an address: {error}"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return f"only http and https are asked, not {parts.scheme!r}"
    if port not in USUAL_PORTS and port not in ports:
        return f"port {port} is neither 80 nor 443, nor stated in the source's file"
    return refused(parts.hostname, allowed)
