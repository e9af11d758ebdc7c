"""Requests and answers of the sample portal, and what HTTP says about them: validators and compression."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Headers = tuple[tuple[bytes, bytes], ...]
_HTML = (b"content-type", b"text/html; charset=utf-8")
SERVER = (
    (b"server", b"Microsoft-IIS/8.5"),
    (b"x-powered-by", b"ASP.NET"),
    (b"microsoftsharepointteamservices", b"15.0.0.4420"),
)
_PRIVATE = (b"cache-control", b"private, max-age=0")


@dataclass(frozen=True, slots=True)
class Request:
    """What the site looks at; header names are in small letters."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""

    @property
    def origin(self) -> str:
        """Scheme and host as the client sees them."""
        return "http://" + self.headers.get(b"host", b"localhost").decode("latin-1")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, ready to be sent."""

    status: int
    headers: Headers
    body: bytes


def html(body: bytes, validators: Headers, status: int = 200) -> Answer:
    """An answer of HTML, with its validators."""
    return Answer(status, (*SERVER, _HTML, _PRIVATE, (b"content-length", b"%d" % len(body)), *validators), body)


def file(kind: bytes, body: bytes, *more: tuple[bytes, bytes]) -> Answer:
    """An answer of any other kind, always 200."""
    return Answer(200, (*SERVER, (b"content-type", kind), (b"content-length", b"%d" % len(body)), *more), body)


def not_modified(validators: Headers) -> Answer:
    """The answer to a client whose copy is good."""
    return Answer(304, (*SERVER, _PRIVATE, *validators), b"")


def zipped(request: Request, answer: Answer) -> Answer:
    """The answer compressed, where the client takes gzip."""
    if b"gzip" not in request.headers.get(b"accept-encoding", b""):
        return answer
    body = gzip.compress(answer.body, compresslevel=1, mtime=0)
    kept = tuple(header for header in answer.headers if header[0] != b"content-length")
    more = ((b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding"), (b"content-length", b"%d" % len(body)))
    return Answer(answer.status, (*kept, *more), body)


def weak_etag(content: bytes) -> bytes:
    """A weak validator of the content."""
    return b'W/"%b"' % hashlib.blake2b(content, digest_size=8).hexdigest().encode()


def unchanged(request: Request, validators: Mapping[bytes, bytes]) -> bool:
    """Whether the client's copy is the same; If-None-Match goes before If-Modified-Since (RFC 9110, 13.2.2)."""
    known = request.headers.get(b"if-none-match")
    if known is not None:
        etag = validators.get(b"etag", b"").removeprefix(b"W/")
        offered = {one.strip().removeprefix(b"W/") for one in known.split(b",")}
        return bool(etag) and (etag in offered or b"*" in offered)
    since, modified = request.headers.get(b"if-modified-since"), validators.get(b"last-modified")
    if since is None or modified is None:
        return False
    try:
        return parsedate_to_datetime(modified.decode()) <= parsedate_to_datetime(since.decode("latin-1"))
    except (TypeError, ValueError):
        return False
