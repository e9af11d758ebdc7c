"""Days on which something takes effect, as iCalendar (RFC 5545): decisions on procedures, and documents."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from icalendar import Calendar, Event

from web.feed_formats import legal, line, uri

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

PRODUCT = "-//congtin//effective dates//VI"


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """A day, and what takes effect then. `id` is a name for ever; `told_at` is when a page told it first."""

    id: str
    day: date
    told_at: datetime
    title: str
    url: str
    note: str = ""
    categories: tuple[str, ...] = ()


def calendar(name: str, occasions: Iterable[Occasion]) -> bytes:
    """A calendar of whole days, which keep nobody busy."""
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", line(name))
    for one in occasions:
        made.add_component(_event(one))
    return bytes(made.to_ical())


def _event(one: Occasion) -> Event:
    event = Event()
    event.add("uid", str(uuid.uuid5(uuid.NAMESPACE_OID, legal(one.id))))
    event.add("dtstamp", one.told_at)
    event.add("dtstart", one.day)
    event.add("dtend", one.day + timedelta(days=1))
    event.add("summary", line(one.title))
    event.add("url", uri(one.url))
    event.add("transp", "TRANSPARENT")
    if one.note:
        event.add("description", legal(one.note))
    if one.categories:
        event.add("categories", [line(word) for word in one.categories])
    return event
