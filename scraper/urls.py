"""Addresses: joined as browsers do, made equal where they name one page, refused where they trap a crawler.

The cases are those of `reliability.md`, section 7 (B22 and part D); the parameters that portals add are those of
`portals.md`, section 6. All functions work in time about linear in the length of the address.
Longer than others: they share what an address is made of, its parts, escapes and names that say nothing.
"""

from __future__ import annotations

import base64
import hashlib
import html
import ipaddress
import re
import unicodedata
from collections import Counter
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_LONGEST = 2000
_DEFAULT_PORTS = {"http": "80", "https": "443"}

_PARTS = re.compile(r"(https?)://([^/?#]*)([^?#]*)((?:\?[^#]*)?)", re.IGNORECASE)
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")
_HOST = re.compile(r"(?!.{254})[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class BadAddress(ValueError):  # reads as what it is: `except BadAddress`
    """An address that no page can have. The message says what is wrong with which address."""

    def __init__(self, wrong: str, url: str) -> None:
        shown = url if len(url) <= 100 else url[:100] + "…"
        super().__init__(f"{wrong}: {shown!r}")


class _Parts(NamedTuple):
    scheme: str
    authority: str
    path: str
    query: str  # with its "?"


def _split(url: str) -> _Parts:
    found = _PARTS.match(url)
    if not found:
        raise BadAddress("not an http address", url)
    return _Parts(found[1].lower(), found[2], found[3], found[4])


def _netloc(parts: _Parts, url: str) -> str:
    """Host and port in one form: lower case, punycode, no final dot, no default port, no credentials."""
    authority = parts.authority.rpartition("@")[2]
    name, port = authority, ""
    if ":" in authority and not authority.endswith("]"):
        name, _, port = authority.rpartition(":")
    if port and not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= 65535):
        raise BadAddress("bad port", url)
    name = _host_name(name, url)
    port = port.lstrip("0")
    return name if not port or port == _DEFAULT_PORTS[parts.scheme] else f"{name}:{port}"


def _host_name(name: str, url: str) -> str:
    if not name:
        raise BadAddress("no host", url)
    try:
        if name.startswith("[") and name.endswith("]"):
            return f"[{ipaddress.IPv6Address(name[1:-1]).compressed}]"
        if not name.isascii() and len(name) < 254:
            name = unicodedata.normalize("NFC", name).encode("idna").decode("ascii")
    except ValueError as error:  # UnicodeError is one
        raise BadAddress("bad host", url) from error
    name = name.lower().removesuffix(".")
    if not _HOST.fullmatch(name):
        raise BadAddress("bad host", url)
    return name


def host(url: str) -> str:
    """The host, and the port if it is not the default, for grouping requests; empty if the address has none.

    >>> host("HTTPS://SNV.Example.vn.:443/portal"), host("mailto:a@example.vn")
    ('snv.example.vn', '')
    """
    try:
        return _netloc(_split(url.strip()), url)
    except BadAddress:
        return ""


# --- joining

_AROUND = "".join(map(chr, range(0x21)))
_WITHIN = {ord(c): None for c in "\t\n\r"}
# A link that needs nothing but its beginning: 1 µs instead of 6, and most links are.
_PLAIN_LINK = re.compile(
    r"(?:(https?://[a-z0-9-]{1,50}(?:\.[a-z0-9-]{1,50}){1,3})?(/)(?!/)|((?:\.\./)*+)(?=[a-zA-Z0-9_-]))"
    r"[!$-;=@-\[\]-_a-z|~]*+(?:\?[!$-;=?-\[\]-_a-z|~]+)?"
)
_NOT_SENT = re.compile(r"[^!#-;=?-_a-z|~]+")  # what browsers percent-encode


def join(base: str, href: str) -> str | None:
    r"""The absolute address of a link, without its fragment, resolved as browsers do (B22); None if it leads nowhere.

    Spaces and controls around it and line breaks within it are dropped, "\" is "/", dots are resolved, and what may
    not stand in an address is percent-encoded as UTF-8. None for an empty link, one within the page ("#..."), other
    schemes than http and https, and what cannot be read. Credentials are dropped: no link logs the archive in.

    >>> join("https://snv.example.vn/portal/Pages/tin.aspx", "..\\VanBan/a b.pdf#page=2")
    'https://snv.example.vn/portal/VanBan/a%20b.pdf'
    """
    plain = _PLAIN_LINK.fullmatch(href)
    if plain and "/." not in href[plain.end(3) if plain[3] else 0 :] and "%2e" not in href.lower():
        host, rooted, up = plain.groups()
        if host:
            return href
        if rooted or ":" not in href:
            folder, ends = _folders(base)
            if not ends:
                return None
            return (
                folder[: ends[0 if rooted else max(len(ends) - 1 - len(up) // 3, 0)]] + href[1 if rooted else len(up) :]
            )
    link = _tidied(href)
    if not link:
        return None
    try:
        parts = _resolved(_tidied(base), link)
        netloc = _netloc(parts, link)
    except BadAddress:
        return None
    query = "" if parts.query == "?" else parts.query
    return f"{parts.scheme}://{netloc}{_as_sent(_without_dots(parts.path))}{_as_sent(query)}"


@lru_cache(maxsize=256)
def _folders(base: str) -> tuple[str, Sequence[int]]:
    """The folder of an address, and where in it the root, the folders below that and it itself end.

    Nothing of what is no address.
    """
    try:
        parts = _split(_tidied(base))
        root = f"{parts.scheme}://{_netloc(parts, base)}/"
    except BadAddress:
        return "", ()
    segments = _as_sent(_without_dots(parts.path.rpartition("/")[0] + "/")).split("/")[1:-1]
    ends = list(accumulate((len(one) + 1 for one in segments), initial=len(root)))
    return root + "".join(f"{one}/" for one in segments), ends


def _tidied(href: str) -> str:
    """As a browser reads it; without the fragment, so that a link within the page is empty."""
    href = _SURROGATE.sub("\ufffd", href.strip(_AROUND).translate(_WITHIN)).partition("#")[0]
    path, mark, query = href.partition("?")
    return path.replace("\\", "/") + mark + query


def _resolved(base: str, link: str) -> _Parts:
    scheme = _SCHEME.match(link)
    if scheme:
        name, rest = scheme[1].lower(), link[scheme.end() :]
        if name not in _DEFAULT_PORTS:
            raise BadAddress("not an http address", link)
        if rest.startswith("/") or not base.lower().startswith(name + ":"):
            return _split(f"{name}://{rest.lstrip('/')}")
        link = rest  # "http:page.html" on an http page is relative
    on = _split(base)
    if link.startswith("//"):
        return _split(f"{on.scheme}://{link.lstrip('/')}")
    path, mark, query = link.partition("?")
    if not path:
        return on._replace(query=mark + query if mark else on.query)
    if not path.startswith("/"):
        path = on.path.rpartition("/")[0] + "/" + path
    return on._replace(path=path, query=mark + query)


def _without_dots(path: str) -> str:
    segments: list[str] = []
    plain = ""
    for segment in path.split("/")[1:]:
        plain = re.sub("%2e", ".", segment, flags=re.IGNORECASE) if "%2" in segment else segment
        if plain == "..":
            del segments[-1:]
        elif plain != ".":
            segments.append(segment)
    if plain in (".", ".."):
        segments.append("")
    return "/" + "/".join(segments)


def _as_sent(text: str) -> str:
    return _NOT_SENT.sub(_percent, text)


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{code:02X}" for code in found[0].encode())


# --- one form

# RFC 3986, section 2.3, and the marks that RFC 2396 counted in: browsers escape them or not as they like.
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!*'()"
_ESCAPES = re.compile("(?:%[0-9a-fA-F]{2})+|%")
_STAND_IN = 0xDC00
_KEPT_ESCAPED = {code: _STAND_IN + code for code in range(0x80) if chr(code) not in _UNRESERVED}
_UNSAFE = re.compile(r"[^A-Za-z0-9\-._~!*'()$&+,;=:@/?]")
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_~!*'$&+,=:@-][A-Za-z0-9_~!*'$&+,=:@.-]*)+")

_SESSION_SUFFIX = re.compile(r";jsessionid=[^/;&]*", re.IGNORECASE)
_SESSION_SEGMENT = re.compile(r"\((?:[a-z]\([^()]*\))+\)", re.IGNORECASE)
_NOT_IDENTITY = frozenset(
    {
        *("p_auth", "p_p_state", "p_p_state_rcv", "redirect", "savelastpath", "jsessionid", "phpsessid", "_"),
        *(
            "_ga",
            "_gl",
            "dclid",
            "fbclid",
            "gbraid",
            "gclid",
            "igshid",
            "mc_cid",
            "mc_eid",
            "msclkid",
            "wbraid",
            "yclid",
        ),
        "zarsrc",  # Zalo's
        *("amp", "print", "replytocom", "share"),  # the same page in another dress (D15)
    }
)
_NOT_IDENTITY_PREFIXES = ("utm_", "zalo", "aspsessionid")


def canonical(url: str, *, fold_case: bool = False, drop: Collection[str] = ()) -> str:
    """The one form of all addresses of a page (D1-D8, D17); it is its own canonical form.

    Host in lower case and punycode; no default port, final dot, credentials or fragment; dots and doubled slashes
    resolved, no final slash; escapes only where needed, in upper case, of NFC; session and tracking parameters and
    those named in `drop` (without regard to case) dropped, the others sorted by name. A query without "=" is a name
    by itself (VNPT's `?/<slug>/<id>`) and stays. With `fold_case` the path is in lower case: for IIS and SharePoint,
    where /portal/Pages is /portal/pages.

    Raises `BadAddress` for what is not http(s), has no or a bad host, holds controls, or is over 2,000 characters.

    >>> canonical("HTTP://snv.example.vn:80/portal//Pages/./tin%2daspx/?b=2&a=1&utm_source=zalo#top")
    'http://snv.example.vn/portal/Pages/tin-aspx?a=1&b=2'
    """
    return _canonical(url, fold_case, tuple(drop))


@lru_cache(maxsize=4096)  # menus and side columns come again on every page
def _canonical(url: str, fold_case: bool, drop: tuple[str, ...]) -> str:
    url = url.strip(" ")
    if not url.isascii():  # before the escapes are looked for: of a decomposed "%0Ế" the E would belong to one
        url = unicodedata.normalize("NFC", url)
    if len(url) > _LONGEST:
        raise BadAddress(f"{len(url):,} characters", url)
    if _CONTROL.search(url) or _SURROGATE.search(url):
        raise BadAddress("control characters", url)
    head, mark, tail = url.partition("?")
    parts = _split(head.replace("\\", "/") + mark + tail)
    one = f"{parts.scheme}://{_netloc(parts, url)}{_one_path(parts.path, fold_case=fold_case)}"
    if len(parts.query) > 1:
        one += _one_query(parts.query[1:], frozenset(map(str.lower, drop)))
    if len(one) > _LONGEST:
        raise BadAddress(f"{len(one):,} characters when escaped", url)
    return one


def _decoded(text: str) -> str:
    """The text with its escapes undone where that loses nothing.

    An escape that must stay, because its character would mean something else or is no UTF-8, becomes the lone
    surrogate U+DC00 + byte: no address holds one, and neither case nor normal form change it.
    """
    if "%" in text:
        text = _ESCAPES.sub(_unescaped, text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _unescaped(found: re.Match[str]) -> str:
    if found[0] == "%":  # by itself: it stands for itself
        return chr(_STAND_IN + 0x25)
    return bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "surrogateescape").translate(_KEPT_ESCAPED)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0]) - _STAND_IN
    return f"%{code:02X}" if 0 <= code <= 0xFF else _percent(found)


def _one_path(path: str, *, fold_case: bool) -> str:
    if _PLAIN_PATH.fullmatch(path):
        return path.lower() if fold_case else path
    path = _decoded(path)
    if fold_case:
        path = unicodedata.normalize("NFC", path.lower())
    segments: list[str] = []
    for segment in _SESSION_SUFFIX.sub("", path).split("/")[1:]:
        if segment == "..":
            del segments[-1:]
        elif segment != "." and not _SESSION_SEGMENT.fullmatch(segment):
            segments.append(segment)
    return "/" + "/".join(_UNSAFE.sub(_escaped, segment) for segment in segments if segment)


def _one_query(query: str, drop: frozenset[str]) -> str:
    fields = [
        _UNSAFE.sub(_escaped, field)
        for field in _SESSION_SUFFIX.sub("", _decoded(query)).split("&")
        if field and not _says_nothing(field.partition("=")[0].lower(), drop)
    ]
    if any("=" in field for field in fields):
        fields.sort(key=lambda field: field.partition("=")[0])
    return "?" + "&".join(fields) if fields else ""


def _says_nothing(name: str, drop: frozenset[str]) -> bool:
    """Whether the parameter tells a visit and not a page."""
    return (
        name in _NOT_IDENTITY
        or name in drop
        or name.startswith(_NOT_IDENTITY_PREFIXES)
        or (name.startswith("_") and name.endswith(("_redirect", "_savelastpath")))
    )


_ONE_VIEW = frozenset(
    {
        *(
            "t",
            "v",
            "ver",
            "version",
            "rev",
            "ts",
            "time",
            "timestamp",
            "rand",
            "random",
            "rnd",
            "nonce",
        ),  # no cached copy
        *(
            "token",
            "access_token",
            "ticket",
            "auth",
            "sig",
            "signature",
            "expires",
            "download",
        ),  # for this visitor alone
    }
)


def file(canonical_url: str) -> str:
    """What names a picture or a document: its canonical address without what is put there for one view of it (D19).

    >>> file("https://example.vn/VanBan/a.pdf?token=9f"), file("https://example.vn/tai.ashx?id=5&token=9f")
    ('https://example.vn/VanBan/a.pdf', 'https://example.vn/tai.ashx?id=5')
    """
    head, _, query = canonical_url.partition("?")
    fields = [field for field in query.split("&") if field and field.partition("=")[0].lower() not in _ONE_VIEW]
    return f"{head}?{'&'.join(fields)}" if fields else head


def key(canonical_url: str) -> str:
    """What names a page however it is reached: the canonical address without scheme and leading "www." (D4).

    >>> key("https://www.example.vn/tin?id=1")
    'example.vn/tin?id=1'
    """
    return re.sub(r"\Ahttps?://(?:www\.(?=[^/?]*\.))?", "", canonical_url)


def spellings(canonical_url: str) -> tuple[str, ...]:
    """The canonical addresses that differ from this one by scheme and leading "www." alone, itself among them (D4).

    >>> spellings("http://example.vn/tin")[:2]
    ('https://example.vn/tin', 'https://www.example.vn/tin')
    """
    rest = key(canonical_url)
    return tuple(f"{scheme}://{www}{rest}" for scheme in ("https", "http") for www in ("", "www."))


def record_id(name: str) -> str:
    """The short name of a record: 80 bits of the SHA-256 of its long one, as 16 letters and digits.

    >>> record_id("example.vn/tin?id=1")
    'd55ah6vp7hy2pzku'
    """
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return base64.b32encode(digest[:10]).decode("ascii").lower()


# --- traps

_BEFORE_PATH = re.compile(r"\A(?:[a-zA-Z][a-zA-Z0-9+.\-]*:)?//[^/?#]*")


def trap(url: str, *, max_depth: int = 20, max_length: int = _LONGEST, max_repeats: int = 2) -> str | None:
    """Why the address looks like one of a crawler trap (D12, D16), or None.

    Language switchers and bad relative links nest without end: /en/vi/en/vi/en. Numbers of one or two digits may
    repeat, as dates do: /2023/7/7/7.

    >>> trap("https://example.vn/en/vi/en/vi/en/tin.html")
    "segment 'en' repeated 3 times"
    """
    if len(url) > max_length:
        return f"address of {len(url):,} characters"
    if _CONTROL.search(url):
        return "control characters in the address"
    path = re.split("[?#]", _BEFORE_PATH.sub("", url), maxsplit=1)[0]
    segments = [segment.lower() for segment in path.split("/") if segment]
    if len(segments) > max_depth:
        return f"path depth {len(segments)} > {max_depth}"
    for segment, times in Counter(segments).most_common():
        if times > max_repeats and not (len(segment) <= 2 and segment.isdecimal()):
            return f"segment {segment[:40]!r} repeated {times} times"
    return None


# --- WebForms

_STRING = r"""\s*+(?:'((?:[^'\\]|\\.)*+)'|"((?:[^"\\]|\\.)*+)")"""
_POSTBACK = re.compile(rf"(?:__doPostBack|WebForm_PostBackOptions)\s*+\({_STRING}\s*+,{_STRING}", re.DOTALL)
_CALL = re.compile(r"\(|%28|&")  # most links have no bracket, not even an escaped one
_ESCAPED_CALL = re.compile(r"""(?:__doPostBack|WebForm_PostBackOptions)\s*+\(\s*+\\['"]""")


def postback(href: str) -> tuple[str, str] | None:
    r"""Target and argument of a link that posts an ASP.NET form, or None if it does not.

    Reads `__doPostBack` and `WebForm_DoPostBackWithOptions`, in a `javascript:` address or a handler, with either
    quotes, also when these are escaped for HTML, for an address or for a string around them.

    >>> postback("javascript:__doPostBack('ctl00$grv','Page$2')")
    ('ctl00$grv', 'Page$2')
    """
    if not _CALL.search(href):
        return None
    script = html.unescape(href)
    if script.lstrip().lower().startswith("javascript:") or not _POSTBACK.search(script):
        script = unquote(script)
    if _ESCAPED_CALL.search(script):
        script = re.sub(r"""\\(['"])""", r"\1", script)
    found = _POSTBACK.search(script)
    if not found:
        return None
    target, argument = found[1] or found[2] or "", found[3] or found[4] or ""
    return _unquoted(target), _unquoted(argument)


def _unquoted(string: str) -> str:
    return re.sub(r"\\(.)", r"\1", string, flags=re.DOTALL)
