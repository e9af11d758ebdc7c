"""Extraction on real pages: how long it takes and how much of the body comes of it, beside other libraries.

    python -m bench.extraction FOLDER [--write EXPECTED.json]

FOLDER holds copies of portals (`NAME.warc.gz`). Every page that the expectations (`tests/pages/copies.json`) name as an
article is read by each side in the same process; CPU milliseconds a page are the best of three rounds, before each of
which the reader forgets what it remembers of texts and addresses. F1 is that of the body's words against what the
platform's profile reads, whose title, date, length and last words are compared with the expectations first. `--write`
writes what the profiles read as expectations, to be read by eye before they are kept.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import newspaper
import trafilatura
from lxml import html
from readability import Document
from warcio.archiveiterator import ArchiveIterator

from bench.page import forget
from scraper import extract, text
from scraper.config import Config
from scraper.items import GENERIC, Page
from scraper.sources import undeclared
from spiders.loader import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scraper.items import Article

EXPECTED = Path(__file__).parent.parent / "tests" / "pages" / "copies.json"
PLATFORMS = catalogue(Config.from_environment({})).platforms
ROUNDS = 3


def pages(file: Path) -> Iterator[Page]:
    """The HTML pages of a copy."""
    with file.open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type == "response":
                url, body = record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read()
                yield Page(url=url, body=body, content_type="text/html; charset=utf-8")


def read(page: Page, platform: str | None = None) -> Article | None:
    """The article of a page: by a platform's layout, or by the platform that the page shows."""
    chosen = () if platform else tuple(PLATFORMS.values())
    asked = Page(url=page.url, body=page.body, content_type=page.content_type, platforms=chosen)
    return extract.read(asked, undeclared(PLATFORMS[platform or GENERIC], page.url)).article


def told(article: Article) -> dict[str, Any]:
    """What the expectations hold of an article."""
    words = text.words(article.body_text)
    return {
        "title": article.title,
        "published_at": article.published.at.isoformat() if article.published else None,
        "precision": article.published.precision if article.published else None,
        "words": len(words),
        "captions": sum(1 for image in article.images if image.caption),
        "ends": " ".join(words[-8:]),
        "attachments": len(article.attachments),
    }


def score(found: str, wanted: str) -> float:
    """F1 of two texts' words, accents dropped."""
    one, other = (Counter(text.words(text.fold(said))) for said in (found, wanted))
    common = sum((one & other).values())
    return 2 * common / (sum(one.values()) + sum(other.values())) if common else float(not one and not other)


def _body(page: Page, platform: str | None = None) -> str:
    article = read(page, platform)
    return article.body_text if article else ""


def platform_of(page: Page) -> str:
    """The platform that a page shows."""
    asked = Page(url=page.url, body=page.body, content_type=page.content_type, platforms=tuple(PLATFORMS.values()))
    return extract.read(asked, undeclared(PLATFORMS[GENERIC], page.url)).platform or GENERIC


def _newspaper(page: Page) -> str:
    article = newspaper.Article(page.url, language="en", fetch_images=False)
    article.download(input_html=page.body.decode("utf-8", "replace"))
    article.parse()
    return str(article.text)


def _readability(page: Page) -> str:
    return str(html.fromstring(Document(page.body.decode("utf-8", "replace")).summary()).text_content())


SIDES: dict[str, Callable[[Page], str]] = {
    "congtin, platform found": _body,
    "congtin, generic": lambda page: _body(page, GENERIC),
    "trafilatura": lambda page: trafilatura.extract(page.body, include_comments=False) or "",
    "newspaper4k": _newspaper,
    "readability-lxml": _readability,
}


def measure(articles: list[tuple[Page, str]]) -> dict[str, tuple[float, float, float]]:
    """Of each side: CPU milliseconds a page, mean F1, and the share of pages with at least 0.9.

    By profile, the platform is known, as it is in the crawl of a source that has a file.
    """
    rows = {}
    platform = platform_of(articles[0][0])
    for name, side in {"congtin, by profile": lambda page: _body(page, platform), **SIDES}.items():
        best = float("inf")
        for _ in range(ROUNDS):
            forget()
            started = time.process_time()
            found = [_safely(side, page) for page, _ in articles]
            best = min(best, time.process_time() - started)
        scores = [score(one, wanted) for one, (_, wanted) in zip(found, articles, strict=True)]
        count = len(articles)
        rows[name] = 1000 * best / count, sum(scores) / count, sum(one >= 0.9 for one in scores) / count
    return rows


def _safely(side: Callable[[Page], str], page: Page) -> str:
    try:
        return side(page)
    except Exception:  # noqa: BLE001 - another library's failure is its score
        return ""


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    gc.freeze()  # as the reader child does; no side pays for what the others have loaded
    expected: dict[str, dict[str, Any]] = json.loads(EXPECTED.read_text("utf-8")) if not options.write else {}
    written: dict[str, dict[str, Any]] = {}
    for file in sorted(options.folder.glob("*.warc.gz")):
        name = file.name.removesuffix(".warc.gz")
        found = {page.url: (page, article) for page in pages(file) if (article := read(page))}
        written[name] = {url: told(article) for url, (_, article) in found.items()}
        if options.write:
            continue
        wanted = expected.get(name, {})
        right = {key: sum(written[name].get(url, {}).get(key) == one[key] for url, one in wanted.items())
                 for key in ("title", "published_at", "words", "ends", "attachments")}  # fmt: skip
        count, false = len(set(wanted) & set(found)), len(set(found) - set(wanted))
        print(f"{name}: {count} of {len(wanted)} articles, {false} false; {right}")
        articles = [(found[url][0], found[url][1].body_text) for url in wanted if url in found]
        for side, (cost, mean, good) in measure(articles).items() if articles else ():
            print(f"  {side:<24} {cost:6.1f} ms   F1 {mean:.3f}   ≥ 0.9: {good:.0%}")
        ours, theirs = ([score(_safely(SIDES[side], page), body) for page, body in articles]
                        for side in ("congtin, generic", "trafilatura"))  # fmt: skip
        better = sum(one > other + 0.001 for one, other in zip(ours, theirs, strict=True))
        worse = sum(one < other - 0.001 for one, other in zip(ours, theirs, strict=True))
        print(f"  generic beside trafilatura: better on {better} of {len(articles)} pages, worse on {worse}")
    if options.write:
        options.write.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
