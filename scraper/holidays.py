"""The days on which the country's offices are closed: a portal that says nothing then is not silent. Pure.

The days are those of article 112 of the Labour Code (45/2019/QH14); of Tết, what is given off around them in practice.
"""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta

from scraper.items import VIETNAM

_NEW_MOON = datetime(2000, 1, 7, 1, 14, tzinfo=VIETNAM)
_MONTH = timedelta(days=29.530588861)
"""A new moon, and a mean month from one to the next (Meeus, Astronomical Algorithms, chapter 49)."""
_BEFORE, _AFTER = timedelta(days=4), timedelta(days=6)
_FIXED = ((1, 1), (4, 30), (5, 1), (9, 1), (9, 2))


def tet(year: int) -> date:
    """The first day of the lunar year, or the one before or after it: the new moon that follows 20 January.

    >>> tet(2026)
    datetime.date(2026, 2, 17)
    """
    since = datetime(year, 1, 21, tzinfo=VIETNAM) - _NEW_MOON
    return (_NEW_MOON + math.ceil(since / _MONTH) * _MONTH).date()


def closed(year: int) -> list[tuple[date, date]]:
    """The holidays of a year that have a day in the calendar, each as its first day and the one after its last.

    Giỗ Tổ, one day in April, is left out.
    """
    days = [date(year, month, day) for month, day in _FIXED]
    begin = tet(year)
    return [(begin - _BEFORE, begin + _AFTER), *((day, day + timedelta(days=1)) for day in days)]
