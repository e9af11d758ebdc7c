"""Dates as Vietnamese portals print them, read from short strings.

The day always stands before the month, and where no zone is printed it is +07:00. A date that is not on the calendar
is no date: day and month are never swapped to make one. The forms are those seen on the portals; the tests list them.
Nothing here looks at a clock: what depends on the present needs the caller's `now`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Literal

from scraper.items import VIETNAM, Moment
from scraper.text import fold

_YEARS = range(1945, 2101)
_SHORT = 120
_NUMBER = re.compile("[0-9]+")
_DASHES = str.maketrans("‐‑‒–—−", "------")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

# Texts are folded before they are matched: ASCII letters without marks, single spaces. A date neither begins inside
# another number nor goes on as a document's number does (05/10/2022/QĐ-UBND) or as a version's (1.2.2023.4).
_BEGIN = r"(?<![0-9])(?<![0-9][/.])"
_END = r"(?![0-9]|/[0-9a-z]|\.[0-9])"

_DATE = re.compile(
    rf"""{_BEGIN}(?:
        (?P<basic>[0-9]{{8}}) (?=t[0-9]{{4}})
      | (?:
            (?P<y1>[0-9]{{4}})[ ]?(?P<s1>[-/.])[ ]?(?P<m1>[0-9]{{1,2}})[ ]?(?P=s1)[ ]?(?P<d1>[0-9]{{1,2}})
          | (?P<d2>[0-9]{{1,2}})[ ]?(?P<s2>[-/.])[ ]?(?P<m2>[0-9]{{1,2}})[ ]?(?P=s2)[ ]?(?P<y2>[0-9]{{4}})
          | (?P<d3>[0-9]{{1,2}})[ ]?(?:[-/.]|thang)[ ]?(?P<m3>[0-9]{{1,2}})[ ]?[,/]?[ ]?nam[ ]?(?P<y3>[0-9]{{4}})
          | (?P<d4>[0-9]{{1,2}})[ ]?thang[ ]?(?P<m4>[0-9]{{1,2}})[ ]?[,/]?[ ]?(?P<y4>[0-9]{{4}})
          | (?P<d5>[0-9]{{1,2}})[ -](?P<m5>{"|".join(_MONTHS)})[a-z]*+[ ,-]{{1,2}}(?P<y5>[0-9]{{4}})
        ) {_END}
    )""",
    re.VERBOSE,
)
# "-" and "." part the numbers of sections, too (1.2.23): there a date of two-digit years is written in full.
_SHORT_YEAR = re.compile(
    rf"""{_BEGIN}(?<![0-9]-)(?<![a-z])(?:
        (?P<d1>[0-9]{{1,2}})/(?P<m1>[0-9]{{1,2}})/(?P<y1>[0-9]{{2}})
      | (?P<d2>[0-9]{{2}})(?P<sep>[-.])(?P<m2>[0-9]{{2}})(?P=sep)(?P<y2>[0-9]{{2}})
    ){_END}(?!-[0-9a-z])""",
    re.VERBOSE,
)
_NO_YEAR = re.compile(
    rf"{_BEGIN}(?<![-,a-z])(?:(?<!so )(?P<d1>[0-9]{{1,2}})/(?P<m1>[0-9]{{1,2}})"
    rf"|(?<=ngay )(?P<d2>[0-9]{{1,2}})(?:[-.]| ?thang ?)(?P<m2>[0-9]{{1,2}})){_END}(?![-/a-z]|,[0-9])"
)

# As Java prints a date that nobody formatted: "Fri Oct 19 00:00:00 GMT 2018", on VNPT's portals.
_UNFORMATTED = re.compile(
    rf"(?<![a-z])(?:mon|tue|wed|thu|fri|sat|sun) (?P<month>{'|'.join(_MONTHS)}) (?P<day>[0-9]{{1,2}})"
    r" (?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2}) (?P<zone>[a-z]{3,4}(?:[-+][0-9]{2}:[0-9]{2})?) (?P<year>[0-9]{4})(?![0-9])"
)

_CLOCK = r"""(?P<clock> (?>
        (?P<hour>[0-9]{1,2})
        (?: [ ]?:[ ]?(?P<minute>[0-9]{2}) (?: :(?P<second>[0-9]{2}) (?:[.,][0-9]+)? )?
          | [ ]?(?:h|g|gio)[ ]?(?P<minute2>[0-9]{1,2})(?![/0-9]) (?:[ ]?(?:'|phut))?
          | [ ]?(?:h|gio)(?![a-z])
        )
        (?: [ ]?(?:(?P<am>sang|sa|am|a\.m\.?)|(?P<pm>chieu|ch|pm|p\.m\.?))(?![a-z]) )?
        (?: (?P<zulu>z(?![a-z0-9]))
          | [ ]?\(?(?P<named>gmt|utc)(?![a-z]) (?: [ ]?(?P<sign2>[-+])(?P<zh2>[0-9]{1,2})(?::?(?P<zm2>[0-9]{2}))? )?
          | [ ]?(?P<sign>[-+])(?P<zh>[0-9]{2}):?(?P<zm>[0-9]{2})(?![0-9/:])
        )?
    ) (?![0-9:]) (?![ ]truoc) )"""
_BETWEEN = r"[ ,;|()\-]{0,6}"
_WEEKDAY = rf"(?: (?:thu[ ]?(?:[2-7]|hai|ba|tu|nam|sau|bay)|chu[ ]nhat|cn)(?![0-9a-z]) {_BETWEEN} )?"
_CLOCK_AFTER = re.compile(
    rf"(?: t | {_BETWEEN} {_WEEKDAY} (?:vao[ ])?(?:(?:luc|hoi|gio)[ ]?:?[ ]?)? ) {_CLOCK}", re.VERBOSE
)
_CLOCK_BEFORE = re.compile(
    rf"(?<![0-9:./]) {_CLOCK} {_BETWEEN} {_WEEKDAY} (?:(?:dang[ ]|cap[ ]nhat[ ])?ngay[ ]?:?[ ]?)? $", re.VERBOSE
)
_LONGEST_BEFORE = 64

_AGO = re.compile(r"(?<![0-9])((?:[0-9]{1,4} ?(?:giay|phut|gio|tieng|ngay|tuan) ){1,3})truoc(?![a-z])")
_PART = re.compile("([0-9]+) ?([a-z]+)")
_JUST_NOW = re.compile("(?<![a-z])vua xong(?![a-z])")
_NAMED_DAY = re.compile("(?<![a-z])hom ?(nay|qua|kia)(?![a-z])")
_UNITS = {
    "giay": timedelta(seconds=1),
    "phut": timedelta(minutes=1),
    "gio": timedelta(hours=1),
    "tieng": timedelta(hours=1),
    "ngay": timedelta(days=1),
    "tuan": timedelta(weeks=1),
}
_TELLING = re.compile("[0-9]|vua xong|hom")  # most texts have none of these, and need no closer look
_DAYS_BACK = {"nay": 0, "qua": 1, "kia": 2}

_FOLDER = re.compile(r"/pages/([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?![^/?#])", re.IGNORECASE)


def parse(text: str, *, now: datetime | None = None) -> Moment | None:
    """The first date of a short string, with its time if one stands beside it; None if it has no date.

    A whole date that is not on the calendar (31/06/2017, 99/99/9999) or not of the years 1945-2100 gives None even if
    others follow: what follows is then another date than the one that was asked for. A time that no clock shows leaves
    the day. A printed offset is converted to +07:00.

    With `now` (without zone: taken as Vietnam's) also "2 giờ trước", "Hôm qua 08:15", and "5/3", the latest such day
    that is not after `now`. A year of two digits is 20xx; with `now` it is not after it either, else 19xx.

    >>> parse("(18/07/2023 4:24 CH)").at.isoformat()
    '2023-07-18T16:24:00+07:00'
    """
    folded, stated, moment = _printed(text) if len(text) <= _SHORT else _printed.__wrapped__(text)
    if not stated and _TELLING.search(folded):
        moment = _understood(folded, None if now is None else _local(now))
    return moment if moment and moment.at.year in _YEARS else None


def past(moment: Moment | None, now: datetime | None) -> Moment | None:
    """A date of publication, unless it is more than a day ahead of `now`: nothing is published then (E4).

    Such a date is a slip of the pen, or of something else, and would stand on top of every list for years.
    """
    today = _local(now) if moment and now else None
    return None if moment and today and moment.at > today + timedelta(days=1) else moment


def refine(day: Moment | None, other: Moment | None) -> Moment | None:
    """What an article's page says of its date, with the minute of its row in a listing if both name the same day.

    If they differ the page wins; if the page says nothing the listing stands in.
    """
    if day is None:
        return other
    if other is None or day.precision == "minute" or other.precision == "day":
        return day
    return other if other.at.astimezone(VIETNAM).date() == day.at.astimezone(VIETNAM).date() else day


def from_path(path: str) -> Moment | None:
    """The day that a SharePoint address carries as a folder: the day of publication (portals.md, section 2).

    >>> from_path("/portal/Pages/2023-7-18/Cum-thi-dua9x8y7z.aspx").at.date()
    datetime.date(2023, 7, 18)
    """
    found = _FOLDER.search(path)
    day = _calendar(*map(int, found.groups())) if found else None
    return _midnight(day) if day else None


@lru_cache(maxsize=4096)  # the rows of side columns come again on every page
def _printed(text: str) -> tuple[str, bool, Moment | None]:
    """The text to search, whether a whole date is printed in it, and when that is."""
    text = fold(text).translate(_DASHES)
    if ":" in text and (found := _UNFORMATTED.search(text)):
        zone = found["zone"].replace("gmt", "").replace("utc", "") or "z"
        text = f"{found['day']} {found['month']} {found['year']} {found['time']}{zone}"
    # Where a number begins, and nowhere else: a search would look at every letter, for three times as long.
    for number in _NUMBER.finditer(text):
        if found := _DATE.match(text, number.start()):
            return text, True, _whole_date(found)
    return text, False, None


def _understood(text: str, today: datetime | None) -> Moment | None:
    """What a date that is not printed whole means, as far as can be told."""
    for short in _SHORT_YEAR.finditer(text):
        day = _short_year(short, today)
        if day:
            return _moment(day, short)
    if today is None:
        return None
    return _relative(text, today) or _without_year(text, today)


def _calendar(year: int, month: int, day: int) -> date | None:
    if year not in _YEARS:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _midnight(day: date) -> Moment:
    return Moment(at=datetime.combine(day, time(), VIETNAM), precision="day")


def _local(now: datetime) -> datetime | None:
    try:
        now = now.replace(tzinfo=VIETNAM) if now.tzinfo is None else now.astimezone(VIETNAM)
    except OverflowError:  # the first or last day that Python knows
        return None
    return now if now.year in _YEARS else None


def _whole_date(found: re.Match[str]) -> Moment | None:
    part = found.groupdict()
    if part["basic"]:
        digits = part["basic"]
        day = _calendar(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    else:
        form = next(number for number in "12345" if part["y" + number])
        month = _MONTHS.index(part["m5"]) + 1 if form == "5" else int(part["m" + form])
        day = _calendar(int(part["y" + form]), month, int(part["d" + form]))
    return _moment(day, found) if day else None


def _short_year(found: re.Match[str], today: datetime | None) -> date | None:
    year, month, number = (int(found[name + "1"] or found[name + "2"]) for name in "ymd")
    day = _calendar(2000 + year, month, number)
    if day and today and day > today.date():
        return _calendar(1900 + year, month, number)
    return day


def _without_year(text: str, today: datetime) -> Moment | None:
    for found in _NO_YEAR.finditer(text):
        number, month = int(found["d1"] or found["d2"]), int(found["m1"] or found["m2"])
        for year in range(today.year, today.year - 9, -1):  # 29/2 may be eight years back
            day = _calendar(year, month, number)
            if day and day <= today.date():
                return _moment(day, found)
    return None


def _relative(text: str, today: datetime) -> Moment | None:
    ago = _AGO.search(text)
    if ago or _JUST_NOW.search(text):
        parts = _PART.findall(ago[1]) if ago else []
        at = today - sum((int(count) * _UNITS[unit] for count, unit in parts), timedelta())
        if parts and parts[-1][1] in ("ngay", "tuan"):
            return _midnight(at.date())
        return Moment(at=at.replace(second=0, microsecond=0), precision="minute")
    named = _NAMED_DAY.search(text)
    return _moment(today.date() - timedelta(days=_DAYS_BACK[named[1]]), named) if named else None


def _moment(day: date, found: re.Match[str]) -> Moment:
    """The day with the time beside it: after it, else before it."""
    text, start, end = found.string, found.start(), found.end()
    groups = found.groupdict()
    if groups.get("basic"):
        # 20230718T162400 is read as T16:24:00.
        digits = re.compile("t([0-9]{2})([0-9]{2})([0-9]{2})?").match(text, end)
        assert digits
        text = "t" + ":".join(filter(None, digits.groups())) + text[digits.end() :]
        clock = _CLOCK_AFTER.match(text)
    else:
        clock = _CLOCK_AFTER.match(text, end) or _CLOCK_BEFORE.search(text[max(0, start - _LONGEST_BEFORE) : start])
    at = _time(clock) if clock else None
    if clock is None or at is None:
        return _midnight(day)
    machine = bool(groups.get("d5") or clock["second"] or clock[0].startswith("t"))
    if machine and clock["second"] and at == time():  # a date that a program has written as a time
        return _midnight(day)
    local = datetime.combine(day, at, _zone(clock, machine=machine)).astimezone(VIETNAM)
    return Moment(at=local, precision="minute")


def _time(clock: re.Match[str]) -> time | None:
    """The time of a clock, or None if no clock shows it (24:10, 10:75, 15:00 SA)."""
    hour, minute = int(clock["hour"]), int(clock["minute"] or clock["minute2"] or 0)
    half: Literal["am", "pm"] | None = "am" if clock["am"] else "pm" if clock["pm"] else None
    if half == "am" and hour > 12:
        return None
    if half and hour <= 12:  # 16:24 CH is printed too
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return time(hour, minute, int(clock["second"] or 0))
    except ValueError:
        return None


def _zone(clock: re.Match[str], *, machine: bool) -> tzinfo:
    """The printed zone, else Vietnam's.

    A minus counts as a zone's only in what machines write: 10:00-11:30 is from ten to half past eleven.
    """
    if clock["zulu"] or (clock["named"] and not clock["sign2"]):
        return UTC
    sign = clock["sign2"] or clock["sign"]
    if not sign or (sign == "-" and not machine and not clock["named"]):
        return VIETNAM
    hours, minutes = int(clock["zh2"] or clock["zh"]), int(clock["zm2"] or clock["zm"] or 0)
    if hours > 14 or minutes > 59:
        return VIETNAM
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)
