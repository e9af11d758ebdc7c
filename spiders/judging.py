"""What an answer is worth before anything is read, and whether it is asked for once more."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from scraper import outcomes
from scraper.items import NONE, Validators
from scraper.outcomes import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from scrapy import Request
    from scrapy.http import Response

TRIES = 2
"""How often a page is asked for again at once whose body came cut, empty, or out of an old cache."""
_CONDITIONS = (b"If-None-Match", b"If-Modified-Since")


def judged(response: Response) -> tuple[Outcome, str]:
    """What status, headers and flags say, and why."""
    outcome = outcomes.of_status(response.status, retry_after=b"Retry-After" in response.headers)
    if outcome is Outcome.MOVED:  # whatever can be followed has been
        return Outcome.BROKEN, f"status {response.status} leads nowhere: {header(response, 'Location')[:200]!r}"
    if outcome is Outcome.NOT_MODIFIED and not _conditional(response):
        return Outcome.BROKEN, "304 to an unconditional request"
    if outcome is not Outcome.OK:
        hint = "; some portals answer no address outside Vietnam" if response.status in {403, 451} else ""
        return outcome, "" if outcome.trusted else f"status {response.status}{hint}"
    if "dataloss" in response.flags:
        return Outcome.TRUNCATED, "the body ends before its end was due"
    if "surplus" in response.flags and not _ends(response):
        return Outcome.TRUNCATED, "the body goes on after its Content-Length"
    if _is_older(response):
        return Outcome.BROKEN, f"a cache gave a copy of {header(response, 'Last-Modified')}, older than ours"
    return Outcome.OK, ""


def once_more(response: Response, outcome: Outcome, message: str) -> Request | None:
    """The same request again for what another try may mend; None where it may not, or after so many tries.

    The fetch that is given up is entered with what it came to.
    """
    request = response.request
    assert request is not None
    stale = outcome is Outcome.BROKEN and (response.status == 304 or _is_older(response))
    tries = request.meta.get("tries", 0)
    if tries >= TRIES or not (stale or outcome in {Outcome.TRUNCATED, Outcome.EMPTY}):
        return None
    came_to = {"outcome": outcome.value, "message": message}
    again = request.replace(meta={**request.meta, "tries": tries + 1, "came_to": came_to}, dont_filter=True)
    if stale:
        again.headers["Cache-Control"] = "no-cache"
        for name in _CONDITIONS:
            again.headers.pop(name, None)
    return again


def conditions(validators: Validators) -> dict[str, bytes | str]:
    """The headers that make a request conditional: the server's validators, byte for byte (RFC 9110 §13.1)."""
    headers: dict[str, bytes | str] = {}
    if validators.etag:
        headers["If-None-Match"] = validators.etag.encode("latin-1", "replace")  # as `header` read it
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified.encode("latin-1", "replace")
    return headers


def validators(response: Response) -> Validators:
    """What the server gave to ask with next time."""
    return Validators(etag=header(response, "ETag") or None, last_modified=header(response, "Last-Modified") or None)


def header(response: Response, name: str) -> str:
    """A header's value; empty where there is none."""
    value = response.headers.get(name)
    return value.decode("latin-1") if value else ""


def _conditional(response: Response) -> bool:
    asked = response.request.headers if response.request else {}
    return any(name in asked for name in _CONDITIONS)


def _ends(response: Response) -> bool:
    """Whether a body that is followed by more is whole: some servers send a line break too many."""
    return b"</html" in response.body[-1_000:].lower() or bool(header(response, "Content-Encoding"))


def _is_older(response: Response) -> bool:
    """Whether a cache that says it is one (RFC 9111 §5.1) gave us less than we had."""
    had: Validators = response.meta.get("had", NONE)
    held, given = _moment(had.last_modified or ""), _moment(header(response, "Last-Modified"))
    aged = header(response, "Age").strip().lstrip("0")
    return bool(aged and held and given and given < held)


def _moment(said: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(said)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else None
