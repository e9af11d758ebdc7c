"""Search over a made archive: how fast it is built, answers and shows what is new, beside SQLite's own full text.

    python -m bench.search [--articles 50000] [--rounds 3] [--keep FOLDER] [--json]

A corpus of Vietnamese news (`bench/search/corpus.py`) is written into a real database, the real index follows it, and
SQLite's FTS5 gets the same articles. 200 mixed queries are then timed as whole answers: hits with snippets, count and
facets. A million articles need some 10 GB and an hour; with `--keep` they stay and may be measured again.
"""

from __future__ import annotations

import argparse
import json
import random
import select
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.search import build, measure
from bench.search.queries import Drawing, deepened
from storage.database import Database
from storage.search.answer import Searcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.search.measure import Timed
    from bench.search.queries import Asked


def run(folder: Path, articles: int, rounds: int) -> dict[str, Any]:
    """Builds what is not there yet, and measures."""
    build.claim(folder, articles)
    told: dict[str, Any] = {}
    with closing(Database(build.config(folder))) as database:
        doing("writing the corpus into the database")
        build.store(database, articles)
        doing("the index follows")
        there = build.stored(database)
        began = time.process_time()
        rate = build.index(database, folder)
        told["index"] = {"articles_s": round(rate), "cpu_s": round(time.process_time() - began, 1), **measure.memory()}
        doing("SQLite's full text")
        told["fts5"] = {"articles_s": round(build.full_text(folder, there, of=articles))}
        told["articles"] = there
        told["mb"] = {name: build.size(folder / name) // 2**20 for name in ("congtin.db", "index", "fts5.db")}
        searcher = Searcher(database, folder / "index")
        asked = deepened(Drawing(articles).all(), searcher)
        doing("answers")
        ours = measure.times(measure.whole(searcher), asked, rounds)
        told["answers"] = measure.table(ours)
        with measure.without_facets():
            told["without_facets"] = measure.table(measure.times(measure.whole(searcher), asked, rounds, warm=True))
        told["memory"] = measure.memory()
        doing("the same of SQLite")
        told |= _beside_sqlite(folder, asked, ours)
        doing("over HTTP")
        with measure.served(folder):
            added = measure.over_http(searcher, asked, rounds)
        told["http_adds"] = {name: _few(ones) for name, ones in added.items()}
        doing("four readers")
        alone, together = (measure.readers(folder, articles, 1, count) for count in (1, measure.READERS))
        told["readers"] = {"one": _few(alone), "four": _few(together)}
        doing("while another process commits")
        with measure.side("commit", folder, "--articles", articles):
            timed = measure.times(measure.whole(searcher), asked, rounds, warm=True)
        told["while_committing"], told["stale"] = measure.table(timed), sum(one.stale for one in timed)
        told["visible_ms"] = _few(measure.visible(database, searcher, articles))
    return told


def doing(what: str) -> None:
    """Says where a run of half an hour stands."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr)


def _beside_sqlite(folder: Path, asked: Sequence[Asked], ours: Sequence[Timed]) -> dict[str, Any]:
    with closing(measure.FullText(folder)) as there:
        counted = measure.times(there.count, asked, 1)
        newest = measure.times(there.newest, asked, 1)
        ranked = measure.times(there.ranked, asked, 1)
    tables = {"newest": newest, "bm25": ranked, "count": counted}
    return {
        "beside": {name: measure.table(ones) for name, ones in tables.items()},
        "checked": len(asked),
        "different": measure.differences(asked, ours, counted),
        "newest_differ": _differ_in_order(asked, ours, newest),
    }


def _differ_in_order(asked: Sequence[Asked], ours: Sequence[Timed], theirs: Sequence[Timed]) -> list[str]:
    """Queries for the newest that name other records, or the same in another order."""
    both = zip(asked, ours, theirs, strict=True)
    return [one.question.typed for one, mine, other in both if one.question.sort == "newest" and mine.ids != other.ids]


def _few(values: Sequence[float]) -> dict[str, float]:
    return {"p50": statistics.median(values), "p95": measure.quantile(values, 95), "max": max(values)}


def _commit(folder: Path, articles: int) -> None:
    """Commits as a crawl does, until the input ends."""
    with closing(Database(build.config(folder))) as database:
        commits = measure.commit_beside(database, folder, articles)
        next(commits)
        print("ready", flush=True)
        while not select.select([sys.stdin], [], [], measure.EVERY_SECONDS)[0]:
            next(commits)


def _read(folder: Path, articles: int, rounds: int, seed: int) -> None:
    """Asks everything in an order of its own, when told to."""
    with closing(Database(build.config(folder))) as database:
        searcher = Searcher(database, folder / "index")
        asked = deepened(Drawing(articles).all(), searcher)
        random.Random(seed).shuffle(asked)
        answer = measure.whole(searcher)
        for one in asked:
            answer(one)
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps([statistics.median(one.wall) for one in measure.times(answer, asked, rounds, warm=True)]))


def show(told: dict[str, Any]) -> None:
    """Prints it all, the tables as the docs have them."""
    index = told["index"]
    print(f"{told['articles']:,} articles; MB: {told['mb']}")
    if index["articles_s"]:
        print(f"index: {index['articles_s']} articles/s, {index['cpu_s']} s of CPU; FTS5: {told['fts5']['articles_s']}")
    print(f"memory of a reader, MB: {told['memory']}")
    tables = {
        "answers": told["answers"],
        "without facets": told["without_facets"],
        "while committing": told["while_committing"],
    }
    tables |= {f"FTS5, {name}": one for name, one in told["beside"].items()}
    kinds = list(told["answers"])
    print(f"\n| ms as p50/p95/max | {' | '.join(kinds)} |\n|---|{'---|' * len(kinds)}")
    for name, rows in tables.items():
        cells = (f"{rows[kind]['p50']:.1f}/{rows[kind]['p95']:.1f}/{rows[kind]['max']:.0f}" for kind in kinds)
        print(f"| {name} | {' | '.join(cells)} |")
    for name in ("answers", "without_facets"):
        cpu = (f"{told[name][kind]['cpu_p50']:.1f}/{told[name][kind]['cpu_p95']:.1f}" for kind in kinds)
        print(f"| CPU, {name.replace('_', ' ')}, p50/p95 | {' | '.join(cpu)} |")
    print()
    for name in ("api", "page"):
        print(f"HTTP adds to the {name}: {_row(told['http_adds'][name])}")
    print(f"one reader: {_row(told['readers']['one'])}; each of four: {_row(told['readers']['four'])}")
    print(f"answers that said they were stale, while another process committed: {told['stale']} of {told['checked']}")
    print(f"visible after: {_row(told['visible_ms'])}")
    print(f"counted otherwise than FTS5: {len(told['different'])} of {told['checked']}")
    for one in told["different"]:
        print(f"  {one['kind']}: {one['typed']!r}: {one['ours']} here, {one['fts5']} there")
    for typed in told["newest_differ"]:
        print(f"  newest first, other records: {typed!r}")


def _row(one: dict[str, float]) -> str:
    return f"{one['p50']:.1f}/{one['p95']:.1f}/{one['max']:.1f} ms"


def main() -> None:
    """Prints the measurements, as tables or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="build there what is not there yet, and leave it")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=["commit", "read"], help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side == "commit":
        _commit(options.keep, options.articles)
    elif options.side == "read":
        _read(options.keep, options.articles, options.rounds, options.seed)
    else:
        with ExitStack() as stack:
            folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            told = run(folder, options.articles, options.rounds)
        print(json.dumps(told, indent=2)) if options.json else show(told)


if __name__ == "__main__":
    main()
