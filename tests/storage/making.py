"""Makes what tests of storage need: a database of its own, articles, sightings, visits."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scraper.config import Config
from scraper.items import VIETNAM, Article, Entry, Moment
from scraper.outcomes import Outcome
from storage import articles, batch, pages
from storage.articles import Saved, Sighting
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable

    from forked import Child
    from sqlalchemy.orm import Session

    from scraper.items import Precision
    from storage.models import Page

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2025, 3, 10, 12, 0, tzinfo=VIETNAM)
SITE = "https://snv.example.vn"


def config(data: Path, address: str = "", **others: Any) -> Config:
    address = address or f"sqlite:///{data / 'congtin.db'}"
    return Config(data=data, database_url=address, sources=data / "sources", **others)


def database(data: Path, address: str = "") -> Database:
    return Database(config(data, address))


def day(year: int, month: int, number: int) -> Moment:
    return Moment(at=datetime(year, month, number, tzinfo=VIETNAM), precision="day")


def minute(year: int, month: int, number: int, hour: int, minutes: int = 0) -> Moment:
    return Moment(at=datetime(year, month, number, hour, minutes, tzinfo=VIETNAM), precision="minute")


def moment(at: datetime, precision: Precision = "minute") -> Moment:
    return Moment(at=at, precision=precision)


def article(path: str = "/tin/1", **fields: Any) -> Article:
    url = path if "://" in path else SITE + path
    told: dict[str, Any] = {
        "title": "Hội nghị triển khai nhiệm vụ công tác năm 2025",
        "body_text": "Sáng nay, Sở Nội vụ tổ chức hội nghị.\nGiám đốc Sở chủ trì.",
        "body_html": "<p>Sáng nay, Sở Nội vụ tổ chức hội nghị.</p><p>Giám đốc Sở chủ trì.</p>",
        "published": day(2025, 3, 9),
        "published_raw": "09/03/2025",
    } | fields
    return Article(url=url, canonical_url=url, **told)


def page(session: Session, path: str, *, source: str = "snv", at: datetime = NOON) -> Page:
    url = path if "://" in path else SITE + path
    return pages.one(session, source, url, url=url, section="news", at=at)


def save(
    session: Session,
    said: Article,
    *,
    at: datetime = NOON,
    source: str = "snv",
    origin: str = "poll",
    run: int = 1,
    capture: int | None = None,
    number_of: Callable[[str], str | None] = lambda _: None,
) -> Saved:
    """What the pipeline does with a detail page that was read."""
    row = page(session, said.canonical_url, source=source, at=at)
    sighting = Sighting(
        article=said, page=row, source=source, platform="sharepoint", section="news", origin=origin, at=at,
        capture=capture, number_of=number_of,
    )  # fmt: skip
    saved = articles.save(session, sighting)
    pages.answered(row, Outcome.OK, at=at, run=run)
    if saved.decision == "deferred":
        row.owed = True
    batch.flush(session)
    return saved


def entry(path: str, title: str = "", published: Moment | None = None, *, truncated: bool = False) -> tuple[str, Entry]:
    url = SITE + path
    return url, Entry(url=url, title=title, published=published, truncated=truncated)


def listed(session: Session, *entries: tuple[str, Entry], at: datetime = NOON, trusted: bool = True) -> None:
    pages.listed(session, "snv", entries, section="news", at=at, origin="poll", trusted=trusted)


def later(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def child(code: str, *words: object) -> subprocess.Popen[str]:
    """A process that runs Python code in the checkout, as a child of this very one; `forked.Child` is there sooner."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def heard(process: subprocess.Popen[str] | Child) -> str:
    """The next line that a child says; what it complained of, if it says nothing."""
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline().strip()
    if not line:
        raise AssertionError(process.stderr.read())
    return line


def bury(process: subprocess.Popen[str] | Child) -> None:
    process.kill()
    process.communicate()
