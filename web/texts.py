"""What the pages say, in Vietnamese and in English: texts by key, numbers and dates as their readers write them."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from alerts import words
from alerts.words import Words, read

if TYPE_CHECKING:
    from fastapi import Request

LANGUAGES = ("vi", "en")
COOKIE = "lang"
FOLDER = Path(__file__).parent / "locale"


class Texts(Words):
    """All texts of one language, as pages need them; `texts("search.button")` is one of them."""

    def size(self, number: int) -> str:
        """A number of bytes as people say it.

        >>> load("vi").size(1_536_000), load("en").size(900)
        ('1.500 KB', '1 KB')
        """
        return f"{self.number(max(1, round(number / 1024)))} KB"

    def day(self, iso: str | None, precision: str | None = "minute") -> str:
        """A time as the language's readers write it, no finer than it is known.

        >>> load("vi").day("2023-07-18T16:24:00+07:00"), load("en").day("2023-07-18T00:00:00+07:00", "day")
        ('18/07/2023 16:24', '2023-07-18')
        """
        return self.moment(datetime.fromisoformat(iso) if iso else None, precision)

    def date(self, day: date | str) -> Markup:
        """A day, or its ISO form, as a `<time>`.

        >>> load("vi").date("2024-05-03")
        Markup('<time datetime="2024-05-03">03/05/2024</time>')
        """
        on = date.fromisoformat(day) if isinstance(day, str) else day
        return Markup('<time datetime="{}">{}</time>').format(on.isoformat(), self("date.day", at=on))

    def when(self, iso: str | None, precision: str | None = "minute", raw: str | None = None) -> Markup:
        """The same as a `<time>`; `raw`, the words that it was read from, is its tooltip."""
        shown = escape(self.day(iso, precision))
        if not iso:
            return shown
        exact = iso[:10] if precision == "day" else iso
        tooltip = Markup(' title="{}"').format(raw) if raw else ""
        return Markup('<time datetime="{}"{}>{}</time>').format(exact, tooltip, shown)


@cache
def load(language: str) -> Texts:
    """The texts of one of LANGUAGES."""
    return Texts(language, read(words.FOLDER / f"{language}.toml", FOLDER / f"{language}.toml"))


def chosen(request: Request) -> Texts:
    """The language that a reader asked for: in the address, before in a cookie, or in the browser's settings."""
    for wish in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return load(wish)
    return load(preferred(request.headers.get("accept-language", "")))


def preferred(header: str) -> str:
    """The best of LANGUAGES by an Accept-Language header; Vietnamese where it names none.

    >>> preferred("fr, en-GB;q=0.8, vi;q=0.3"), preferred("*"), preferred("en;q=x")
    ('en', 'vi', 'vi')
    """
    best, weight = LANGUAGES[0], 0.0
    for wish in header[:500].split(","):
        tag, _, parameter = wish.partition(";")
        language = tag.strip().lower().partition("-")[0]
        try:
            quality = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if language in LANGUAGES and quality > weight:
            best, weight = language, quality
    return best
