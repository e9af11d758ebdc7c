"""What one fetch came to: the closed list, and how to tell from a status, an error or a page's text. Pure.

Only OK, EMPTY_OK and NOT_MODIFIED may change what the archive says.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Outcome(StrEnum):
    """What one fetch came to."""

    OK = "OK"
    NOT_MODIFIED = "NOT_MODIFIED"
    EMPTY_OK = "EMPTY_OK"
    EMPTY = "EMPTY"
    TRUNCATED = "TRUNCATED"
    TOO_BIG = "TOO_BIG"
    TOO_COMPLEX = "TOO_COMPLEX"
    BROKEN = "BROKEN"
    TIMEOUT = "TIMEOUT"
    NETWORK = "NETWORK"
    DNS = "DNS"
    TLS = "TLS"
    SERVER_ERROR = "SERVER_ERROR"
    REDIRECT_LOOP = "REDIRECT_LOOP"
    MOVED = "MOVED"
    REFUSED = "REFUSED"
    ROBOTS = "ROBOTS"
    RATE_LIMITED = "RATE_LIMITED"
    BLOCKED = "BLOCKED"
    CHALLENGE = "CHALLENGE"
    LOGIN = "LOGIN"
    MAINTENANCE = "MAINTENANCE"
    NOT_FOUND = "NOT_FOUND"
    SOFT404 = "SOFT404"
    GONE = "GONE"
    DRIFT = "DRIFT"
    STALE = "STALE"

    @property
    def trusted(self) -> bool:
        """Whether it may change what the archive says."""
        return self in _TRUSTED

    @property
    def missing(self) -> bool:
        """Whether it says that the page is not there."""
        return self in _MISSING

    @property
    def answered(self) -> bool:
        """Whether the question is settled: nothing failed that another try could mend."""
        return self in _TRUSTED or self in {Outcome.NOT_FOUND, Outcome.GONE, Outcome.ROBOTS}

    @property
    def shut_out(self) -> bool:
        """Whether the portal keeps us out, rather than failing."""
        return self in _SHUT_OUT


_TRUSTED = frozenset({Outcome.OK, Outcome.EMPTY_OK, Outcome.NOT_MODIFIED})
_MISSING = frozenset({Outcome.NOT_FOUND, Outcome.GONE, Outcome.SOFT404})
_SHUT_OUT = frozenset(
    {Outcome.BLOCKED, Outcome.CHALLENGE, Outcome.LOGIN, Outcome.MAINTENANCE, Outcome.RATE_LIMITED, Outcome.ROBOTS}
)

# By the name of the exception's class, so that this room needs to know neither Scrapy nor Twisted.
_BY_ERROR = {
    "TimeoutError": Outcome.TIMEOUT,
    "TCPTimedOutError": Outcome.TIMEOUT,
    "DownloadTimeoutError": Outcome.TIMEOUT,
    "UserTimeoutError": Outcome.TIMEOUT,
    "DNSLookupError": Outcome.DNS,
    "CannotResolveHostError": Outcome.DNS,
    "DownloadCancelledError": Outcome.TOO_BIG,
    "ResponseDataLossError": Outcome.TRUNCATED,
    "_DataLoss": Outcome.TRUNCATED,
    "PotentialDataLoss": Outcome.TRUNCATED,
    "ParseError": Outcome.BROKEN,
    "ResponseFailed": Outcome.NETWORK,
    "ResponseNeverReceived": Outcome.NETWORK,
    "ConnectionRefusedError": Outcome.NETWORK,
    "DownloadConnectionRefusedError": Outcome.NETWORK,
    "DownloadFailedError": Outcome.NETWORK,
    "ConnectionLost": Outcome.NETWORK,
    "ConnectionDone": Outcome.NETWORK,
    "ConnectError": Outcome.NETWORK,
    "UnsupportedURLSchemeError": Outcome.REFUSED,
    "SchemeNotSupported": Outcome.REFUSED,
    "NotSupported": Outcome.REFUSED,
    "RefusedAddress": Outcome.REFUSED,
    "RobotsDisallow": Outcome.ROBOTS,
    "HostPaused": Outcome.RATE_LIMITED,
    "RedirectLoop": Outcome.REDIRECT_LOOP,
    "MovedAway": Outcome.MOVED,
    "SentToLogin": Outcome.LOGIN,
}


_UNCONNECTED = frozenset({"ConnectionRefusedError", "DownloadConnectionRefusedError", "NoRouteError", "ConnectError"})


def of_status(status: int, *, retry_after: bool = False) -> Outcome:
    """What an HTTP status says; with a Retry-After header a 503 is a limit and no failure."""
    if status == 503 and retry_after:
        return Outcome.RATE_LIMITED
    by_status = {
        200: Outcome.OK,
        304: Outcome.NOT_MODIFIED,
        401: Outcome.LOGIN,
        403: Outcome.BLOCKED,
        404: Outcome.NOT_FOUND,
        408: Outcome.TIMEOUT,
        410: Outcome.GONE,
        429: Outcome.RATE_LIMITED,
        451: Outcome.BLOCKED,
    }
    if status in by_status:
        return by_status[status]
    if status in {301, 302, 303, 307, 308}:
        return Outcome.MOVED
    return Outcome.SERVER_ERROR if 500 <= status < 600 else Outcome.BROKEN


def of_error(error: BaseException) -> Outcome:
    """What an error of the download says: the most telling of the error, its bases and its causes."""
    classes = _classes(error)
    names = [base.__name__ for base in classes]
    # pyOpenSSL's own, which Twisted hands on, is called Error and nothing else.
    if any("SSL" in name or "Certificate" in name or "VerificationError" in name for name in names) or any(
        base.__module__.startswith("OpenSSL.") for base in classes
    ):
        return Outcome.TLS
    found = [_BY_ERROR[name] for name in names if name in _BY_ERROR]
    telling = [outcome for outcome in found if outcome is not Outcome.NETWORK]
    return (telling or found or [Outcome.NETWORK])[0]


def is_unconnected(error: BaseException) -> bool:
    """Whether an error of the download says that no connection was made: nobody listens there, or no way leads there.

    Of a time-out it is not known whether there was one.
    """
    names = {base.__name__ for base in _classes(error)}
    return bool(names & _UNCONNECTED) and of_error(error) is Outcome.NETWORK


def _classes(error: BaseException) -> list[type]:
    """The classes of an error, of its bases and of its causes, the nearest first."""
    seen: list[BaseException] = []
    queue: list[BaseException | None] = [error]
    while queue:
        one = queue.pop(0)
        if one is None or one in seen or len(seen) > 20:
            continue
        seen.append(one)
        queue += [one.__cause__, one.__context__]
        # Twisted's ResponseFailed carries failures that hold the error itself.
        queue += [getattr(reason, "value", None) for reason in getattr(one, "reasons", None) or ()]
    return [base for one in seen for base in type(one).__mro__]


_HINTS = (
    (
        re.compile(
            r"unsupported protocol|protocol version|dh key too small|ee key too small|no shared cipher|legacy",
            re.IGNORECASE,
        ),
        "the server speaks only TLS that is no longer safe (before 1.2, or short keys); its operator must renew it",
    ),
    (
        re.compile(r"certificate verify failed|VerificationError|CertificateRefused", re.IGNORECASE),
        'its certificate does not hold; tls = "accept-invalid" in the source\'s file takes it all the same',
    ),
)


def hint(message: str) -> str:
    """The message of an error under TLS, with what it means and what can be done before it; any other as it is."""
    means = next((said for pattern, said in _HINTS if pattern.search(message)), "")
    return f"{means} ({message})" if means else message


_CHALLENGE = re.compile(
    r"document\.cookie\s*=[^;]{0,200};?.{0,400}location\.(reload|href|replace)|cf-chl-|/cdn-cgi/challenge-platform|"
    r"just a moment\.\.\.|g-recaptcha|h-captcha|hcaptcha\.com",
    re.IGNORECASE | re.DOTALL,
)
_BLOCKED = re.compile(
    r"request rejected.{0,200}support id|access denied|web application firewall|bị chặn truy cập",
    re.IGNORECASE | re.DOTALL,
)
_MAINTENANCE = re.compile(
    r"(đang|tạm dừng để|hệ thống)\s+(được\s+)?(bảo trì|nâng cấp)|under maintenance|temporarily unavailable",
    re.IGNORECASE,
)


def of_text(html: str, visible: str) -> Outcome | None:
    """What a page served with 200 really is, where it holds neither article nor listing; None if it tells nothing.

    Takes the page's source and its visible text. Looked at only when nothing could be read from the page, so that
    an article about maintenance stays an article.
    """
    if len(html) < 20_000 and _CHALLENGE.search(html):
        return Outcome.CHALLENGE
    if _BLOCKED.search(visible[:2000]):
        return Outcome.BLOCKED
    if len(visible) < 3000 and _MAINTENANCE.search(visible):
        return Outcome.MAINTENANCE
    return None
