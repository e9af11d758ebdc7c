"""Which addresses may be asked at all: nothing private, no odd ports. Pure.

The address that Scrapy connects to is the one its resolver returned, so the check stands in two places: on literals
before the request (Twisted skips the resolver for them), and on every answer of the resolver, which closes rebinding.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from scraper.config import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

USUAL_PORTS = frozenset({80, 443})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")  # RFC 8215: for networks of one's own
_COMPATIBLE = ipaddress.ip_network("::/96")
_NUMBER = re.compile(r"0x[0-9a-f]{0,12}|[0-9]{1,12}")
_BAD_CHARACTER = re.compile(r"[\0- \\]")


def inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, compatible, 6to4, Teredo, NAT64), else the address."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    compatible = address in _COMPATIBLE and not (address.is_loopback or address.is_unspecified)
    if address in _NAT64 or compatible:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _address(words: str) -> Address | None:
    """An IP address in any spelling that a resolver takes for one (127.1, 0x7f000001, ①②⑦.⓪.⓪.①); None for a name."""
    words = unicodedata.normalize("NFKC", words.strip("[]").split("%")[0]).replace("。", ".").lower()
    try:
        return ipaddress.ip_address(words)
    except ValueError:
        pass
    numbers = words.removesuffix(".").split(".")
    if len(numbers) > 4 or not all(map(_NUMBER.fullmatch, numbers)):
        return None
    try:
        *heads, tail = [int(one[2:] or "0", 16) if one.startswith("0x") else int(one, _base(one)) for one in numbers]
        if any(head > 255 for head in heads):
            return None
        return ipaddress.IPv4Address(sum(head << (24 - 8 * place) for place, head in enumerate(heads)) + tail)
    except ValueError:
        return None


def _base(number: str) -> int:
    return 8 if number.startswith("0") else 10


def refused(address: str, allowed: Sequence[Network]) -> str | None:
    """Why an IP address may not be connected to; None if it may, or if the words are no IP address."""
    parsed = _address(address)
    if parsed is None:
        return None
    meant = inner(parsed)
    if _within(parsed, allowed):
        return None
    if not meant.is_global or meant.is_multicast or (parsed.version == 6 and parsed in _LOCAL_NAT64):
        return f"{address} is no public address; CONGTIN_ALLOW_NETWORKS opens networks such as {meant}"
    return None


def is_address(words: str) -> bool:
    """Whether a host is an IP address, in any spelling that a resolver takes for one, and no name."""
    return _address(words) is not None


def within(address: str, allowed: Sequence[Network]) -> bool:
    """Whether an IP address lies in a network that the operator opened; what is no IP address does not."""
    parsed = _address(address)
    return parsed is not None and _within(parsed, allowed)


def _within(address: Address, allowed: Sequence[Network]) -> bool:
    either = (address, inner(address))
    return any(one in network for one in either for network in allowed if one.version == network.version)


def opted_out(url: str, hosts: Collection[str]) -> str | None:
    """Why a URL's host is never asked: it, or what it is a subdomain of, is among `hosts`; None if it may be asked."""
    try:
        name = (urlsplit(url).hostname or "").rstrip(".") if hosts else ""
    except ValueError:
        return None  # no address at all, as `refused_url` says
    found = next((host for host in hosts if name == host or name.endswith(f".{host}")), None)
    return f"{found} is not asked: CONGTIN_OPT_OUT names it" if found else None


def refused_url(url: str, allowed: Sequence[Network], ports: Collection[int] = ()) -> str | None:
    """Why a URL may not be asked: scheme, control characters, port, or an address that `refused` refuses."""
    if _BAD_CHARACTER.search(url):
        return "the address holds a backslash, a space or a control character"
    try:
        parts = urlsplit(url)
        port = {"http": 80, "https": 443}.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError as error:
        return f"not an address: {error}"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return f"only http and https are asked, not {parts.scheme!r}"
    if port not in USUAL_PORTS and port not in ports:
        return f"port {port} is neither 80 nor 443, nor stated in the source's file"
    return refused(parts.hostname, allowed)
