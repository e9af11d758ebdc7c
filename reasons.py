"""Why something is due when it is, in words: what `congtin status ID` tells. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshness import LONGEST, opens
from scraper.rhythm import DAY, minutes, moment

if TYPE_CHECKING:
    from freshness import Agenda
    from roster import Portal
    from scraper.sources import Source

_PEAK_HOURS = 3


def of_source(portal: Portal, agenda: Agenda, member: str | None, now: float) -> str:
    """Why a source is due when it is; `member` is the listing that is due first."""
    if portal.wanted:
        return "somebody asked for it"
    standing = portal.standing
    until = standing.not_before
    if until is not None and minutes(until) > now:
        if standing.failures:
            often = "once" if standing.failures == 1 else f"{standing.failures} times in a row"
            said = f": {portal.trouble}" if portal.trouble else ""
            return f"left alone until {_clock(minutes(until))}, for it failed {often}{said}"
        return f"its host asked to be left alone until {_clock(minutes(until))}"
    if not portal.begun or member is None:
        return "its first crawl"
    found = agenda.when([member], now)
    at = found[0] if found else now
    one = agenda.members[member]
    if at // DAY > max(one.due, now) // DAY:
        return "the budget is spent until then"
    if opens(portal.hours, now) > now:
        return "its hours begin"
    listing = member.partition(" ")[2]
    return f"{listing} is due"


def of_listing(source: Source, listing: str, member: str, agenda: Agenda) -> str:
    """Why a listing is looked at as often as it is."""
    one, interval = agenda.members[member], agenda.interval(member)
    start = peak(agenda.clock(member).week)
    told = f"{one.rhythm.rate:.2g} new a day"
    leading = {source.canonical(section.url) for section in source.leading}
    if listing not in leading:
        told += " that the listings which lead do not show"
    elif one.rhythm.rate * 7 >= 1:
        told += f", most of them from {start:02}:00 to {(start + _PEAK_HOURS) % 24:02}:00"
    if interval is None or interval >= LONGEST:
        return f"{told}: no more than the daily look that everything gets"
    return f"{told}: a look every {_span(interval)} on average is where the budget shortens waiting most"


def peak(week: list[float]) -> int:
    """The hour of the day at which those begin in which a listing publishes most."""
    hours = [sum(week[day * 48 + half] for day in range(7) for half in (2 * hour, 2 * hour + 1)) for hour in range(24)]
    return max(range(24), key=lambda hour: sum(hours[(hour + more) % 24] for more in range(_PEAK_HOURS)))


def _clock(at: float) -> str:
    return f"{moment(at):%d/%m %H:%M}"


def _span(interval: float) -> str:
    return f"{interval:.0f} minutes" if interval < 120 else f"{interval / 60:.1f} hours"
