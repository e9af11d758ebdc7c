"""Whole crawls of real portals: what there was to be found, and what was found, on copies served over loopback.

    python -m bench.copies FOLDER

FOLDER holds copies (`NAME.warc.gz`) and `serve.py FILE --port P`, which answers as the portal did, with links that lead
to itself. Each copy is crawled from its home page on, with nothing declared, in a process and a data folder of its own.
`tests/pages/copies.json` says what there is to be found; an article is reachable where a chain of links leads to one of
its addresses, whatever those links are. A body is right that has as many words as expected and ends with the same.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from sqlalchemy import select

from bench.extraction import EXPECTED, pages
from scraper import extract, text
from scraper.config import Config
from storage.database import Database
from storage.models import Article, ArticleVersion, Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parent.parent
PORT = 8971
COLUMNS = (
    "copy", "pages", "articles", "reachable", "found", "false", "titles right", "dates right", "bodies right",
    "requests", "failures", "verdict",
)  # fmt: skip

Facts = tuple[str, str | None, int, str]
"""Of an article: title, date, words, last words."""


@dataclass(frozen=True, slots=True)
class Found:
    """A record of a crawl: where its article stands, and what was kept of it."""

    places: frozenset[str]
    facts: Facts


def place(url: str) -> str:
    """What tells the pages of one portal apart, however an address is quoted."""
    parts = urlsplit(url)
    return unquote(parts.path or "/") + ("?" + unquote(parts.query) if parts.query else "")


def reachable(copy: Mapping[str, tuple[str, bytes]]) -> set[str]:
    """The places of a copy that a chain of links leads to, from its home page on."""
    seen, waiting = {"/"}, ["/"]
    while waiting:
        url, body = copy[waiting.pop()]
        for to in _links(url, body):
            if to in copy and to not in seen:
                seen.add(to)
                waiting.append(to)
    return seen


def _links(url: str, body: bytes) -> Iterator[str]:
    root = extract.tree(body) if body.strip() else None
    host = urlsplit(url).netloc
    for link in root.iter("a") if root is not None else ():
        try:
            to = urljoin(url, (link.get("href") or "").partition("#")[0])
            if urlsplit(to).netloc == host:
                yield place(to)
        except ValueError:  # an address that is none
            continue


@contextmanager
def serving(folder: Path, file: Path) -> Iterator[str]:
    """The copy's address while it is served."""
    command = [sys.executable, str(folder / "serve.py"), str(file), "--port", str(PORT)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None or not process.stdout.readline():
            raise SystemExit(f"{file.name} cannot be served on port {PORT}")
        yield f"http://127.0.0.1:{PORT}/"
    finally:
        process.terminate()
        process.wait()


def crawled(address: str, data: Path) -> tuple[dict[str, Any], list[Found]]:
    """A crawl's report and its records."""
    environment = {**os.environ, "CONGTIN_DATA": str(data), "CONGTIN_ALLOW_NETWORKS": "127.0.0.0/8"}
    command = [sys.executable, "-m", "cli", "crawl", address, "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=False)
    (report,) = json.loads(done.stdout)
    database = Database(Config.from_environment(environment))
    with database.reading() as session:
        rows = session.execute(
            select(Article, ArticleVersion)
            .join(ArticleVersion, ArticleVersion.record == Article.id)
            .where(ArticleVersion.version == Article.version)
        )
        found = [
            Found(
                frozenset(map(place, session.scalars(select(Page.url).where(Page.record == article.id)))),
                _facts(said.title, said.published_at, said.body_text),
            )
            for article, said in rows
        ]
    database.close()
    return report, found


def _facts(title: str, published: datetime | None, body: str) -> Facts:
    words = text.words(body)
    return title, published.astimezone(UTC).isoformat() if published else None, len(words), " ".join(words[-8:])


def compared(name: str, copy: Mapping[str, tuple[str, bytes]], report: dict[str, Any], found: list[Found]) -> list[Any]:
    """The row of one copy."""
    expected: dict[str, dict[str, Any]] = json.loads(EXPECTED.read_text("utf-8"))[name]
    told = {place(url): _expected(one) for url, one in expected.items()}
    seen = reachable(copy)
    pairs = [
        (one.facts, wanted) for one in found if (wanted := next((told[at] for at in one.places if at in told), None))
    ]
    rights = [
        sum(mine[0] == wanted[0] for mine, wanted in pairs),
        sum(mine[1] == wanted[1] for mine, wanted in pairs),
        sum(mine[2:] == wanted[2:] for mine, wanted in pairs),
    ]
    return [
        name, len(copy), len(set(told.values())), len({one for at, one in told.items() if at in seen}),
        len({wanted for _, wanted in pairs}), len(found) - len(pairs), *rights, report["requests"],
        len(report["failures"]), report["verdict"],
    ]  # fmt: skip


def _expected(one: dict[str, Any]) -> Facts:
    published = datetime.fromisoformat(one["published_at"]) if one["published_at"] else None
    return one["title"], published.astimezone(UTC).isoformat() if published else None, one["words"], one["ends"]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for file in sorted(folder.glob("*.warc.gz")):
        copy = {place(page.url): (page.url, page.body) for page in reversed(list(pages(file)))}  # the first one counts
        with tempfile.TemporaryDirectory() as data, serving(folder, file) as address:
            report, found = crawled(address, Path(data))
        row = compared(file.name.removesuffix(".warc.gz"), copy, report, found)
        print(f"| {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
