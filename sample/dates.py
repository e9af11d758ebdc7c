"""Dates as the portals print them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def list_time(moment: datetime) -> str:
    """The form of listings: twelve hours, SA before noon and CH from noon on.

    >>> from datetime import datetime
    >>> list_time(datetime(2023, 7, 18, 16, 24)), list_time(datetime(2019, 12, 2, 0, 5))
    ('(18/07/2023 4:24 CH)', '(02/12/2019 12:05 SA)')
    """
    half = "SA" if moment.hour < 12 else "CH"
    return f"({moment:%d/%m/%Y} {moment.hour % 12 or 12}:{moment:%M} {half})"


def home_day(moment: datetime) -> str:
    """The form of the home page's lists, as "(18/07/2023)"."""
    return f"({moment:%d/%m/%Y})"


def article_day(moment: datetime) -> str:
    """The form of article pages, without a time, as "Đăng ngày 18 - 07 - 2023"."""
    return f"Đăng ngày {moment:%d - %m - %Y}"
