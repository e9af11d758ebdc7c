"""One HTTP request to an address that a user chose, within bounds, to a host that was checked.

A name is resolved once, each of its addresses is checked (`scraper.guard`), and the connection goes to the checked
address: a name that answers otherwise a second time changes nothing. No redirect is followed, no proxy asked, no cookie
kept. Whatever the other side does, an attempt ends in time: each read has what is left of the whole.
"""

from __future__ import annotations

import io
import queue
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from alerts.items import Outcome
from scraper import guard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from alerts.channels.settings import Limits
    from alerts.items import Cause, End
    from scraper.config import Network

AGENT = "congtin"
_PORTS = guard.USUAL_PORTS | {8443}
_LONGEST_PAUSE = 7 * 86_400.0
"""What is asked for beyond a week is a mistake, or meant to keep us away: the retry plan ends sooner."""


class Failed(Exception):
    """No answer was had; `outcome` says what that means."""

    def __init__(self, end: End, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.outcome = Outcome(end=end, cause=cause, detail=detail)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer: its body is cut where it was too long, or came too slowly."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Clock:
    """How many seconds of an attempt are left, of so many in all."""

    def __init__(self, total: float) -> None:
        self._end = time.monotonic() + total

    def left(self, most: float = float("inf")) -> float:
        """Seconds, at least a little: a socket takes 0 for "do not wait". Raises TimeoutError when none are left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, most)


class _Reads(io.RawIOBase):
    """A socket as a file of which each read has what is left of the time."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self._clock = clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        self._sock.settimeout(self._clock.left())
        return self._sock.recv_into(cast("bytearray", buffer))


class _Timed:
    """What `http.client` asks of a socket, each step within what is left of the time."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self._clock = clock

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._clock.left())
        self._sock.sendall(data)

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_Reads(self._sock, self._clock))

    def close(self) -> None:
        """Whoever connected closes: `http.client` would where the answer ends the connection, with its body unread."""


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    limits: Limits,
    context: ssl.SSLContext,
    allowed: Sequence[Network] | None,
) -> Answer:
    """What an address answers to a body. Raises Failed.

    `allowed` are networks that the guard would refuse; None where the address is the operator's own: no guard.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    clock = Clock(limits.total)
    connection = HTTPConnection(host, port)
    connection.auto_open = 0
    try:
        addresses = resolved(host, port, clock.left(limits.connect))
        if allowed is not None and (why := refused(addresses, port, allowed, secure=secure)):
            raise Failed("later", "address", why)
        sock = _connected(addresses, port, limits, clock)
        if secure:
            sock = _secured(sock, host, limits, clock, context)
    except TimeoutError:
        raise Failed("later", "timeout", "no connection in time") from None
    with sock:
        connection.sock = _Timed(sock, clock)
        return _asked(connection, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers, limits)


def resolved(host: str, port: int, timeout: float) -> list[str]:
    """The addresses of a host, in the resolver's order. Raises Failed, and TimeoutError: the resolver has no bound."""
    found: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put(list(dict.fromkeys(str(answer[4][0]) for answer in answers)))
        except (OSError, UnicodeError) as error:
            found.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, daemon=True, name="resolver").start()
    try:
        answer = found.get(timeout=timeout)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError) or not answer:
        raise Failed("later", "dns", f"{host}: the name has no address")
    return answer


def refused(addresses: Sequence[str], port: int, allowed: Sequence[Network], *, secure: bool) -> str | None:
    """Why a host of these addresses may not be connected to; None if it may.

    The words name no address: a user who may not see the network behind us could draw a map of it.
    """
    if any(guard.refused(address, allowed) for address in addresses):
        return "the host's address is no public one, nor in CONGTIN_ALLOW_NETWORKS"
    if all(guard.within(address, allowed) for address in addresses):
        return None
    if not secure:
        return "without TLS only hosts in CONGTIN_ALLOW_NETWORKS are written to"
    if port not in _PORTS:
        return _bad_port(port)
    return None


def refused_url(url: str, allowed: Sequence[Network]) -> str | None:
    """The same for a URL before anything is resolved: what can be said of a host that is named by its address."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    if not guard.is_address(host):
        return None if not secure or parts.port is None or parts.port in _PORTS or allowed else _bad_port(parts.port)
    return refused([host], parts.port or (443 if secure else 80), allowed, secure=secure)


def _bad_port(port: int) -> str:
    return f"port {port} is none of {', '.join(map(str, sorted(_PORTS)))}"


def _connected(addresses: Sequence[str], port: int, limits: Limits, clock: Clock) -> socket.socket:
    """A connection to the first of the addresses that takes one."""
    slow = False
    for address in addresses:
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            sock.settimeout(clock.left(limits.connect))
            sock.connect((address, port))
        except OSError as error:
            sock.close()
            slow = slow or isinstance(error, TimeoutError)
        else:
            return sock
    raise Failed("later", "timeout" if slow else "connection", "the host takes no connection")


def _secured(sock: socket.socket, host: str, limits: Limits, clock: Clock, context: ssl.SSLContext) -> socket.socket:
    try:
        sock.settimeout(clock.left(limits.connect))
        return context.wrap_socket(sock, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        sock.close()
        raise Failed("later", "tls", f"the host's certificate does not hold: {error.verify_message}") from None
    except ssl.SSLError:
        sock.close()
        raise Failed("later", "tls", "no secure connection could be agreed on") from None
    except TimeoutError:
        sock.close()
        raise
    except OSError:
        sock.close()
        raise Failed("later", "connection", "the connection ended before it was secure") from None


def _asked(connection: HTTPConnection, path: str, body: bytes, headers: Mapping[str, str], limits: Limits) -> Answer:
    """The answer to a request. Once its last byte is out, nobody can know what became of it without an answer."""
    everything = {"User-Agent": AGENT, "Accept": "*/*", "Connection": "close", **headers}
    try:
        connection.request("POST", path or "/", body, everything)
    except TimeoutError:
        raise Failed("later", "timeout", "the host did not take the whole message in time") from None
    except OSError:
        raise Failed("later", "connection", "the connection ended before the whole message was out") from None
    try:
        response = connection.getresponse()
    except TimeoutError:
        raise Failed("unknown", "timeout", "sent, and no answer came in time") from None
    except (OSError, HTTPException):
        raise Failed("unknown", "connection", "sent, and the answer was none, or none of HTTP") from None
    return Answer(status=response.status, headers=dict(response.headers), body=_read(response, limits.answer))


def _read(response: HTTPResponse, most: int) -> bytes:
    read = bytearray()
    try:
        while len(read) < most and (more := response.read1(most - len(read))):
            read += more
    except (OSError, HTTPException):
        pass  # what came is the answer: its status is known
    return bytes(read)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that an answer asks to wait (RFC 9110 §10.2.3: seconds, or a date); None if it asks for nothing.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> retry_after({"Retry-After": "90"}, now), retry_after({"Retry-After": "Thu, 01 Jan 2026 12:01:00 GMT"}, now)
    (90.0, 60.0)
    """
    said = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if said.isascii() and said.isdecimal():
        return min(float(said[:12]), _LONGEST_PAUSE)
    try:
        at = parsedate_to_datetime(said)
        seconds = (at if at.tzinfo else at.replace(tzinfo=now.tzinfo)).timestamp() - now.timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return max(0.0, min(seconds, _LONGEST_PAUSE))
