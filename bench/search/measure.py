"""What is timed: whole answers, with snippets and facets, in this process, over HTTP, and while others work.

A query is asked once to warm up, then in several rounds; of each its median counts, and for the worst every single
time. Beside the time on the clock stands the thread's CPU time, which says what a query costs on a busy machine.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlencode

from bench.search import build, corpus
from storage.search import index as indexing
from storage.search.answer import Question, Searcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bench.search.queries import Asked
    from storage.database import Database

ROOT = Path(__file__).resolve().parents[2]
PORT = 8878
READERS = 4
TOGETHER, EVERY_SECONDS = 50, 0.5
"""What a crawl commits beside the queries, and how often."""
VISIBLE = 20
PATIENCE_SECONDS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """A query's times in milliseconds: on the clock, round by round, and of CPU (their median)."""

    kind: str
    wall: tuple[float, ...]
    cpu: float
    total: int
    ids: tuple[str, ...]
    stale: bool


def times(
    answer: Callable[[Asked], Mapping[str, Any]], asked: Sequence[Asked], rounds: int, *, warm: bool = False
) -> list[Timed]:
    """Asks everything in so many rounds, and once before to warm up, unless all is `warm`."""
    wall: dict[int, list[float]] = defaultdict(list)
    cpu: dict[int, list[float]] = defaultdict(list)
    last: dict[int, Mapping[str, Any]] = {}
    stale = set()
    for at in range(int(warm), rounds + 1):
        for place, one in enumerate(asked):
            began, used = time.perf_counter(), time.thread_time()
            last[place] = answer(one)
            if at:
                cpu[place].append(1000 * (time.thread_time() - used))
                wall[place].append(1000 * (time.perf_counter() - began))
            if last[place].get("stale"):
                stale.add(place)
    return [
        Timed(
            kind=one.kind,
            wall=tuple(wall[place]),
            cpu=statistics.median(cpu[place]),
            total=last[place]["total"],
            ids=tuple(hit["id"] for hit in last[place]["hits"]),
            stale=place in stale,
        )
        for place, one in enumerate(asked)
    ]


def table(timed: Iterable[Timed]) -> dict[str, dict[str, float]]:
    """p50, p95 and the worst of each class and of all; CPU's p50 and p95 beside them."""
    rows: dict[str, list[Timed]] = defaultdict(list)
    for one in timed:
        rows[one.kind].append(one)
        rows["all"].append(one)
    rows["all"] = rows.pop("all")
    return {kind: {**spread(ones), **_cpu(ones)} for kind, ones in rows.items()}


def spread(ones: Sequence[Timed]) -> dict[str, float]:
    """Of times on the clock."""
    medians = [statistics.median(one.wall) for one in ones]
    return {"p50": quantile(medians, 50), "p95": quantile(medians, 95), "max": max(max(one.wall) for one in ones)}


def _cpu(ones: Sequence[Timed]) -> dict[str, float]:
    used = [one.cpu for one in ones]
    return {"cpu_p50": quantile(used, 50), "cpu_p95": quantile(used, 95)}


def quantile(values: Sequence[float], percent: int) -> float:
    """The value that so many of a hundred do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


def whole(searcher: Searcher) -> Callable[[Asked], Mapping[str, Any]]:
    """The answer that people get: hits with snippets, count, facets."""
    return lambda asked: searcher.search(asked.question)


@contextmanager
def without_facets() -> Iterator[None]:
    """Answers are given without the counts of their facets: what these cost is seen."""
    with patch("storage.search.answer._Narrowed.facets", lambda *_: {}):
        yield


class FullText:
    """SQLite's own full text of the same articles, asked for ids alone: no snippets, no facets, no accents."""

    def __init__(self, folder: Path) -> None:
        self._there = sqlite3.connect(f"file:{folder / 'fts5.db'}?mode=ro", uri=True)
        self._there.set_progress_handler(self._is_late, 100_000)
        self._give_up = 0.0

    def close(self) -> None:
        """Gives back the connection."""
        self._there.close()

    def _is_late(self) -> bool:
        return time.monotonic() > self._give_up

    def newest(self, asked: Asked) -> Mapping[str, Any]:
        """The newest twenty; the corpus was entered in the order of its dates, so that no sorting is needed."""
        return self._hits(asked, "said.rowid DESC")

    def ranked(self, asked: Asked) -> Mapping[str, Any]:
        """The best twenty by BM25, the title ten times the body."""
        return self._hits(asked, "bm25(said, 10.0, 1.0)")

    def count(self, asked: Asked) -> Mapping[str, Any]:
        """How many there are."""
        sql, values = _condition(asked)
        return {"total": self._rows(f"SELECT count(*) FROM {sql}", values)[0][0], "hits": []}

    def _hits(self, asked: Asked, order: str) -> Mapping[str, Any]:
        sql, values = _condition(asked)
        rows = self._rows(f"SELECT said.rowid FROM {sql} ORDER BY {order} LIMIT 20 OFFSET {asked.start}", values)
        told = [self._rows("SELECT id FROM told WHERE number = ?", row)[0][0] for row in rows]
        return {"total": 0, "hits": [{"id": one} for one in told]}

    def _rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        self._give_up = time.monotonic() + PATIENCE_SECONDS
        return self._there.execute(sql, values).fetchall()


def _condition(asked: Asked) -> tuple[str, list[Any]]:
    if asked.source:
        return "said JOIN told ON number = said.rowid WHERE said MATCH ? AND source = ?", [asked.match, asked.source]
    if asked.years:
        joined = "said JOIN told ON number = said.rowid WHERE said MATCH ? AND year BETWEEN ? AND ?"
        return joined, [asked.match, *map(str, asked.years)]
    return "said WHERE said MATCH ?", [asked.match]


def differences(asked: Sequence[Asked], ours: Sequence[Timed], theirs: Sequence[Timed]) -> list[dict[str, Any]]:
    """Queries that mean the same to both engines and count differently; others, where ours finds more than it may."""
    wrong = []
    for one, mine, other in zip(asked, ours, theirs, strict=True):
        if mine.total != other.total if one.exact else mine.total > other.total:
            wrong.append({"kind": one.kind, "typed": one.question.typed, "ours": mine.total, "fts5": other.total})
    return wrong


@contextmanager
def side(name: str, folder: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
    """This benchmark in a process of its own that does one thing beside; it ends when its input does."""
    command = [sys.executable, "-m", "bench.search", "--side", name, "--keep", str(folder), *map(str, words)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline().strip() == "ready", f"{name} did not start"
        yield process
    finally:
        process.communicate()


def commit_beside(database: Database, folder: Path, articles: int) -> Iterator[None]:
    """A crawl's commits, each of TOGETHER new articles; the index follows each."""
    opened = indexing.open_index(folder / "index")
    while True:
        there = build.stored(database)
        made = [corpus.article(number, of=articles) for number in range(there, there + TOGETHER)]
        with database.writing() as session:
            build.write(session, made)
        with suppress(indexing.Busy):  # the reader was first to follow
            indexing.follow(database, opened)
        yield


def readers(folder: Path, articles: int, rounds: int, count: int) -> list[float]:
    """Medians of every query of so many processes that ask at the same time."""
    with_each: list[float] = []
    running = []
    for number in range(count):
        words = ("--articles", str(articles), "--rounds", str(rounds), "--seed", str(number))
        command = [sys.executable, "-m", "bench.search", "--side", "read", "--keep", str(folder), *words]
        running.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for process in running:
        assert process.stdout
        process.stdout.readline()
    for process in running:  # all are warm: now together
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        told, _ = process.communicate()
        with_each += json.loads(told)
    return with_each


def visible(database: Database, searcher: Searcher, articles: int) -> list[float]:
    """Milliseconds from an article's commit to the answer that has it, one article after the other."""
    waits = []
    for _ in range(VISIBLE):
        number = build.stored(database)
        one = corpus.article(number, of=articles)
        with database.writing() as session:
            build.write(session, [one])
        began = time.perf_counter()
        question = Question(typed=one.title, sort="newest")
        while build.name(one) not in [hit["id"] for hit in searcher.search(question)["hits"]]:
            time.sleep(0.005)
        waits.append(1000 * (time.perf_counter() - began))
    return waits


@contextmanager
def served(folder: Path) -> Iterator[None]:
    """The real web server over the folder."""
    environment = {**os.environ, "CONGTIN_DATA": str(folder), "CONGTIN_DATABASE_URL": ""}
    command = [sys.executable, "-m", "cli", "serve", "--port", str(PORT)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with closing(HTTPConnection("127.0.0.1", PORT)) as connection:
                    connection.request("GET", "/static/congtin.css")
                    connection.getresponse().read()
                break
            except OSError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def over_http(searcher: Searcher, asked: Sequence[Asked], rounds: int) -> dict[str, list[float]]:
    """What HTTP adds, in ms: to the API beside the answer's own `took_ms`, to the page beside the call just before it.

    Of each query the median of its rounds.
    """
    added: dict[str, dict[int, list[float]]] = {"api": defaultdict(list), "page": defaultdict(list)}
    with closing(HTTPConnection("127.0.0.1", PORT)) as connection:
        for at in range(rounds + 1):
            for place, one in enumerate(asked):
                given = {"q": one.question.typed, "sort": one.question.sort, "cursor": one.question.cursor or ""}
                words = urlencode({name: value for name, value in given.items() if value})
                seconds, body = _get(connection, f"/api/v1/search?{words}")
                direct = searcher.search(one.question)["took_ms"]
                for_people, _ = _get(connection, f"/?{words}")
                if at:
                    added["api"][place].append(seconds - json.loads(body)["took_ms"])
                    added["page"][place].append(for_people - direct)
    return {name: [statistics.median(ones) for ones in by_query.values()] for name, by_query in added.items()}


def _get(connection: HTTPConnection, path: str) -> tuple[float, bytes]:
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status}")
    return 1000 * (time.perf_counter() - began), body


def memory() -> dict[str, int]:
    """MB of this process: its own, and what it has mapped of files, which the kernel takes back when it must."""
    lines = Path("/proc/self/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    return {"own": int(told["RssAnon"].split()[0]) // 1024, "mapped": int(told["RssFile"].split()[0]) // 1024}
