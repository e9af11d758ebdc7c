"""Why a run is not healthy: the closed list of causes, and how an outcome and its message tell. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

from scraper.drift import MOVED
from scraper.outcomes import Outcome


class Cause(StrEnum):
    """Why a run is not healthy: the closed list. What to do about each is in docs/running.md."""

    DNS = "dns"
    CONNECTION = "connection"
    TLS_EXPIRED = "tls-expired"
    TLS_MISMATCH = "tls-mismatch"
    TLS = "tls"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    SERVER_ERROR = "server-error"
    ROBOTS = "robots"
    CHALLENGE = "challenge"
    LOGIN = "login"
    MAINTENANCE = "maintenance"
    ELSEWHERE = "redirected-elsewhere"
    NOT_FOUND = "not-found"
    ADDRESS = "address"
    REDESIGN = "redesign"
    HIJACKED = "hijacked"
    NEW_ADDRESSES = "new-addresses"
    NOTHING = "nothing-listed"
    FEWER = "fewer"
    SILENT = "silent"
    PARSE = "parse"
    DISK = "disk"
    OURS = "ours"
    STOPPED = "stopped"
    DIED = "died"


CERTAIN = frozenset({Cause.TLS_EXPIRED, Cause.TLS_MISMATCH, Cause.DISK, Cause.NEW_ADDRESSES})
"""Causes that no second run would see otherwise, or not any more: the operator is told at once."""
_BY_OUTCOME = {
    Outcome.DNS: Cause.DNS,
    Outcome.NETWORK: Cause.CONNECTION,
    Outcome.TIMEOUT: Cause.TIMEOUT,
    Outcome.RATE_LIMITED: Cause.REFUSED,
    Outcome.SERVER_ERROR: Cause.SERVER_ERROR,
    Outcome.CHALLENGE: Cause.CHALLENGE,
    Outcome.LOGIN: Cause.LOGIN,
    Outcome.MAINTENANCE: Cause.MAINTENANCE,
    Outcome.MOVED: Cause.ELSEWHERE,
    Outcome.REDIRECT_LOOP: Cause.ELSEWHERE,
    Outcome.NOT_FOUND: Cause.NOT_FOUND,
    Outcome.GONE: Cause.NOT_FOUND,
    Outcome.SOFT404: Cause.NOT_FOUND,
    Outcome.REFUSED: Cause.ADDRESS,
    Outcome.EMPTY: Cause.NOTHING,
    Outcome.STALE: Cause.SILENT,
}
_TELLING: dict[Outcome, tuple[tuple[str, Cause], ...]] = {
    Outcome.TLS: (
        ("expired", Cause.TLS_EXPIRED),
        ("VerificationError|[Mm]ismatch", Cause.TLS_MISMATCH),
        ("", Cause.TLS),
    ),
    Outcome.BLOCKED: (("^status ", Cause.REFUSED), ("", Cause.CHALLENGE)),
    Outcome.ROBOTS: (
        ("could not be had: .*Timeout", Cause.TIMEOUT),
        ("could not be had: status", Cause.SERVER_ERROR),
        ("could not be had", Cause.CONNECTION),
        ("", Cause.ROBOTS),
    ),
    Outcome.DRIFT: (("^hijacked", Cause.HIJACKED), (f"{MOVED}$", Cause.NEW_ADDRESSES), ("", Cause.REDESIGN)),
    Outcome.BROKEN: (("^could not be stored", Cause.OURS), ("", Cause.PARSE)),
}
"""Outcomes of which the message knows more."""


def cause_of(outcome: Outcome, message: str) -> Cause:
    """The cause that an outcome and its message point to; of what cannot be read, PARSE.

    >>> cause_of(Outcome.BLOCKED, "status 403").value, cause_of(Outcome.BLOCKED, "Request Rejected").value
    ('refused', 'challenge')
    """
    for pattern, cause in _TELLING.get(outcome, ()):
        if re.search(pattern, message):
            return cause
    return _BY_OUTCOME.get(outcome, Cause.PARSE)
