"""The tables of the scheduler: what was learned of each listing, and when each source is due."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - the tables' types are read at run time
from typing import Any

from sqlalchemy import Float, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models import Id, Table, Words


class ListingRhythm(Table):
    """How often one listing says something new (`scraper.rhythm`), and when it is to be looked at next."""

    __tablename__ = "rhythms"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source: Mapped[str] = mapped_column(String(200))
    listing: Mapped[str] = mapped_column(Words)
    """Its canonical address."""
    rhythm: Mapped[dict[str, Any]]
    looked_at: Mapped[datetime]
    """When the last look at it was had from which something was learned, or that of the first crawl."""
    found: Mapped[int]
    """How many entries were new then."""
    due_at: Mapped[datetime | None]
    interval_minutes: Mapped[float | None] = mapped_column(Float)
    why: Mapped[str] = mapped_column(Words, default="")

    __table_args__ = (UniqueConstraint("source", "listing"),)


class SourceSchedule(Table):
    """When a source is due: the scheduler's jobs are made from this, at its start and after each run."""

    __tablename__ = "schedules"

    source: Mapped[str] = mapped_column(String(200), primary_key=True)
    next_due: Mapped[datetime | None]
    interval_minutes: Mapped[float | None] = mapped_column(Float)
    why: Mapped[str] = mapped_column(Words, default="")
    failures: Mapped[int] = mapped_column(default=0)
    """Runs in a row that came to nothing."""
    not_before: Mapped[datetime | None]
    """Until when the host asked to be left alone (Retry-After), or we leave it alone after failures."""
    wanted_at: Mapped[datetime | None]
    """When somebody asked for a run out of turn that has not been had yet."""
    spent: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """By day (of Vietnam): how many requests its scheduled polls took, and how many listings they looked at."""
