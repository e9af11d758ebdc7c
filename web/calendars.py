"""Days on which something takes effect, and days until when something is asked for, as iCalendar (RFC 5545)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from icalendar import Calendar, Event, Timezone, TimezoneStandard

from scraper.items import VIETNAM
from web.feed_formats import legal, line, uri

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

PRODUCT = "-//congtin//calendar//VI"
ZONE = "Asia/Ho_Chi_Minh"


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """A day, or a time on it (aware), and what it is the day of.

    `id` is a name for ever; `told_at` is when a page told it first.
    """

    id: str
    on: date | datetime
    told_at: datetime
    title: str
    url: str
    note: str = ""
    categories: tuple[str, ...] = ()


def calendar(name: str, occasions: Iterable[Occasion]) -> bytes:
    """A calendar of whole days, and of moments where the hour is known; they keep nobody busy."""
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", line(name))
    events = [_event(one) for one in occasions]
    if any("TZID" in event["dtstart"].params for event in events):
        made.add_component(_zone())
    for event in events:
        made.add_component(event)
    return bytes(made.to_ical())


def _zone() -> Timezone:
    """Việt Nam's time, the same since Saigon's clocks were set back by an hour in 1975 (IANA time zone database)."""
    since = TimezoneStandard()
    since.add("dtstart", datetime(1975, 6, 13))  # noqa: DTZ001 - a zone's own times have none
    since.add("tzoffsetfrom", timedelta(hours=8))
    since.add("tzoffsetto", timedelta(hours=7))
    since.add("tzname", "+07")
    zone = Timezone()
    zone.add("tzid", ZONE)
    zone.add_component(since)
    return zone


def _event(one: Occasion) -> Event:
    event = Event()
    event.add("uid", str(uuid.uuid5(uuid.NAMESPACE_OID, legal(one.id))))
    event.add("dtstamp", one.told_at)
    if isinstance(one.on, datetime):  # without an end it is over as it begins (RFC 5545, 3.6.1)
        event.add("dtstart", one.on.astimezone(VIETNAM).replace(tzinfo=None), parameters={"TZID": ZONE})
    else:
        event.add("dtstart", one.on)
        event.add("dtend", one.on + timedelta(days=1))
    event.add("summary", line(one.title))
    event.add("url", uri(one.url))
    event.add("transp", "TRANSPARENT")
    if one.note:
        event.add("description", legal(one.note))
    if one.categories:
        event.add("categories", [line(word) for word in one.categories])
    return event
