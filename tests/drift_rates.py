"""How many redesigns are found: every mutant of a page is read as the next poll would, beside what it gave before.

    python tests/drift_rates.py [--seeds N] [FOLDER]

FOLDER holds copies of portals (`NAME.warc.gz`), of which some pages of each kind are taken besides the saved ones. A
mutant of which all is still read as before is no redesign, and is left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from redesigns import KINDS, Redesign

from scraper import detect, drift, text
from scraper.config import Config
from scraper.extract import read
from scraper.history import KnownPage, dated_rows
from scraper.items import GENERIC, VIETNAM, Page
from scraper.outcomes import Outcome
from scraper.sources import undeclared
from spiders.loader import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scraper.items import Article, Entry, Reading
    from scraper.sources import Source

PAGES = Path(__file__).parent / "pages"
PLATFORMS = catalogue(Config.from_environment({})).platforms
ADDRESSES = tomllib.loads((PAGES / "addresses.toml").read_text("utf-8")) | {
    "thanh-hoa/snv/bai-viet.html": "https://snv.thanhhoa.gov.vn/portal/Pages/2023-7-18/cum-thi-dua-abc123.aspx",
    "thanh-hoa/snv/danh-sach.html": "https://snv.thanhhoa.gov.vn/portal/Pages/Tin-tuc.aspx",
}
NOW = datetime(2025, 1, 1, tzinfo=VIETNAM)
MOST_OF_A_COPY = 40
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A page that is read well today."""

    name: str
    platform: str
    address: str
    markup: bytes
    read_as: str = ""
    """Another profile to read it with."""

    @property
    def source(self) -> Source:
        return undeclared(PLATFORMS[self.platform], self.address)

    @property
    def role(self) -> Literal["detail", "listing"]:
        return "detail" if self.source.is_article(self.source.canonical(self.address)) else "listing"

    def reading(self, markup: bytes | None = None) -> Reading:
        """The page, or another one in its place, as a poll reads it."""
        body = self.markup if markup is None else markup
        source = undeclared(PLATFORMS[self.read_as], self.address) if self.read_as else self.source
        return read(Page(url=self.address, body=body, content_type=_HTML, role=self.role), source, now=NOW)


def saved() -> Iterator[Saved]:
    """The pages in `tests/pages` that give something, with their profile and, where that reads as much, without."""
    for name, address in ADDRESSES.items():
        folder = name.partition("/")[0]
        platform = folder if folder in PLATFORMS else "sharepoint"
        page = Saved(name=name, platform=platform, address=address, markup=(PAGES / name).read_bytes())
        told = page.reading()
        if told.outcome is Outcome.OK:
            yield page
            unprofiled = replace(page, read_as=GENERIC)
            if is_the_same(told, unprofiled.reading()):
                yield unprofiled


def copied(folder: Path) -> Iterator[Saved]:
    """Pages of copies of portals: the first articles and listings of each."""
    from warcio.archiveiterator import ArchiveIterator

    for file in sorted(folder.glob("*.warc.gz")):
        taken: Counter[str] = Counter()
        lists = set()
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type != "response" or "html" not in (
                    record.http_headers.get_header("Content-Type") or ""
                ):
                    continue
                markup = record.content_stream().read()
                guess = detect.platform_of(markup, tuple(PLATFORMS.values()))
                address = record.rec_headers.get_header("WARC-Target-URI")
                if guess is None:
                    continue
                page = Saved(name=f"{file.stem}/{address}", platform=guess.platform.id, address=address, markup=markup)
                reading = page.reading()
                if (
                    taken[page.role] < MOST_OF_A_COPY
                    and reading.outcome is Outcome.OK
                    and (reading.article or len(reading.entries) >= 3)
                ):
                    shown = frozenset(entry.url for entry in reading.entries)
                    if shown and shown in lists:
                        continue
                    lists.add(shown)
                    taken[page.role] += 1
                    yield page


def finds(page: Saved, before: Reading, after: Reading) -> str:
    """What a poll makes of a page after a redesign; empty where it takes it for what it was."""
    if after.outcome is not Outcome.OK:
        return after.outcome.value
    if before.article:
        profiled = page.read_as != GENERIC
        return drift.of_page(after.article, said(before.article), profiled=profiled) if after.article else "no article"
    known = {entry.url: page_of(entry) for entry in before.entries}
    rows = [(entry.url, entry) for entry in after.entries]
    had = drift.Had(rows=len(before.entries), dated=dated_rows(before.entries))
    if len(rows) * 2 <= len(before.entries) and len(before.entries) >= 10:
        return "short"
    here = {url: known[url] for url, _ in rows if url in known}
    called = {} if here else {one.listed_title: one for one in known.values()}
    return drift.of_listing(rows, here, had, strayed=after.strayed, called=called)


def page_of(entry: Entry) -> KnownPage:
    """What is remembered of a row's page."""
    return KnownPage(
        url=entry.url, canonical_url=entry.url, first_seen=NOW - timedelta(days=9), listed_title=entry.title,
        listed=entry.published,
    )  # fmt: skip


def said(article: Article) -> drift.Said:
    """What is remembered of an article."""
    return drift.Said(title=article.title, body_text=article.body_text, published=article.published)


def is_the_same(before: Reading, after: Reading) -> bool:
    """Whether all is read as it was: the rows with title and day, or title, day and nine words in ten of the body."""
    if after.outcome is not Outcome.OK:
        return False
    if before.article is None:
        return _rows(before.entries) == _rows(after.entries)
    one, other = before.article, after.article
    return other is not None and (one.title, _day(one)) == (other.title, _day(other)) and _body(one, other) >= 0.9


def _rows(entries: Iterable[Entry]) -> dict[str, tuple[str, object]]:
    return {entry.url: (text.fold(entry.title), _day(entry)) for entry in entries}


def _day(one: Article | Entry) -> object:
    return one.published.at.date() if one.published else None


def _body(one: Article, other: Article) -> float:
    first, second = (Counter(text.words(article.body_text)) for article in (one, other))
    return (first & second).total() / max(first.total(), second.total()) if first or second else 1.0


def measure(
    pages: Iterable[Saved], seeds: Iterable[int], *, missed: list[str] | None = None
) -> Counter[tuple[str, str, str, bool]]:
    """Mutants counted by platform, role, kind of redesign, and whether they are found."""
    counted: Counter[tuple[str, str, str, bool]] = Counter()
    for page in pages:
        before = page.reading()
        for kind in KINDS:
            for seed in seeds:
                after = page.reading(Redesign(kind=kind, seed=seed)(page.markup, before))
                if is_the_same(before, after):
                    continue
                found = finds(page, before, after)
                counted[page.read_as or page.platform, page.role, kind, bool(found)] += 1
                if not found and missed is not None:
                    missed.append(f"{page.read_as} {page.name} {kind} {seed}: {_differ(before, after)}")
    return counted


def _differ(before: Reading, after: Reading) -> str:
    if before.article is None:
        one, other = _rows(before.entries), _rows(after.entries)
        common = one.keys() & other.keys()
        titles = sum(one[url][0] != other[url][0] for url in common)
        days = sum(one[url][1] != other[url][1] for url in common)
        differ = f"{titles} titles and {days} days differ"
        return f"{len(one)} rows, now {len(other)}, {len(common)} the same; {differ}; strayed {after.strayed}"
    had, now = before.article, after.article
    assert now
    return f"{had.title[:40]!r} {now.title[:40]!r} {_day(had)} {_day(now)} body {_body(had, now):.2f}"


def main() -> None:
    """Prints the rates as JSON, and what was missed to standard error."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seeds", type=int, default=24)
    asked = parser.parse_args()
    missed: list[str] = []
    pages = list(saved() if asked.folder is None else copied(asked.folder))
    counted = measure(pages, range(asked.seeds), missed=missed)
    rates = {}
    for key in sorted({key[:3] for key in counted}):
        found, lost = counted[*key, True], counted[*key, False]
        rates[" / ".join(key)] = {
            "redesigns": found + lost,
            "found": found,
            "percent": round(100 * found / (found + lost), 1),
        }
    found = sum(count for key, count in counted.items() if key[3])
    every = sum(counted.values())
    told = {"pages": len(pages), "redesigns": every, "percent": round(100 * found / every, 2), "rates": rates}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    sys.stderr.write("\n".join(missed) + "\n")


if __name__ == "__main__":
    main()
