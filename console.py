"""What the command line shows: tables, a progress bar, JSON, and errors with the exit code that they mean."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from scrapy.crawler import Crawler

_WIDE = frozenset({
    "title", "cause", "name", "url", "field", "note", "time limit", "fee", "way", "case", "query", "channels",
})  # fmt: skip
"""Columns whose text may go over several lines."""
_COPIED = 32
"""Letters of a first column that are never cut: an id."""

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)


class Exit(IntEnum):
    """What the process's exit status says."""

    DONE = 0
    OURS = 1
    USAGE = 2
    FAILED = 3
    REFUSED = 4
    NOTHING = 5
    LATER = 6


def fail(message: str, code: Exit) -> NoReturn:
    """Says what is wrong on standard error, and ends with the exit code."""
    err.print(f"[bold red]congtin:[/] {escape(message)}", soft_wrap=True)
    raise typer.Exit(code)


def warn(message: str) -> None:
    """Says on standard error what somebody should know."""
    err.print(message, style="yellow", markup=False, soft_wrap=True)


def as_json(value: Any) -> None:
    """One JSON document on standard output, UTF-8, indented for people."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def as_json_line(value: Any) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """A table whose cells are plain text. What its first column names is not cut in a narrow window: it is copied."""
    rows = list(rows)
    longest = max((len(str(row[0])) for row in rows), default=0)
    drawn = Table(
        title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0)
    )
    for place, name in enumerate(columns):
        drawn.add_column(
            name, no_wrap=name not in _WIDE, overflow="fold" if place else "ellipsis",
            min_width=None if place else min(longest, _COPIED),
        )  # fmt: skip
    for row in rows:
        drawn.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    out.print(drawn)


def fields(values: Mapping[str, Any]) -> None:
    """Names and values below each other; empty values are left out."""
    width = max(map(len, values), default=0)
    for name, value in values.items():
        if value not in (None, "", [], {}):
            out.print(f"[bold]{name:<{width}}[/]  {escape(str(value))}", soft_wrap=True)


def day(iso: str | None, precision: str | None = "minute") -> str:
    """A time as Vietnamese readers write it.

    >>> day("2023-07-18T16:24:00+07:00"), day("2023-07-18T00:00:00+07:00", "day")
    ('18/07/2023 16:24', '18/07/2023')
    """
    if not iso:
        return ""
    date = f"{iso[8:10]}/{iso[5:7]}/{iso[:4]}"
    return date if precision == "day" else f"{date} {iso[11:16]}"


def change(parts: Iterable[Sequence[str]]) -> str:
    """A word-level diff as Rich markup: marked by signs as well as by colour."""
    parts = list(parts)
    styles = {"+": "[green]{{+{}+}}[/]", "-": "[red][strike][-{}-][/][/]"}
    return "".join(
        styles[sign].format(escape(words)) if sign in styles else escape(_near(words, place, len(parts)))
        for place, (sign, words) in enumerate(parts)
    )


_CONTEXT = 100
"""Letters of unchanged text that are shown on either side of a change."""


def _near(words: str, place: int, parts: int) -> str:
    head = words[:_CONTEXT] if place > 0 else ""
    tail = words[-_CONTEXT:] if place < parts - 1 else ""
    return words if len(words) <= len(head) + len(tail) + 20 else f"{head} … {tail}"


def snippet(marked: str) -> str:
    """A snippet's `<mark>`s as Rich markup."""
    from html import unescape  # noqa: PLC0415 - only here

    pieces = marked.replace("</mark>", "<mark>").split("<mark>")
    return "".join(
        f"[bold yellow]{escape(unescape(piece))}[/]" if place % 2 else escape(unescape(piece))
        for place, piece in enumerate(pieces)
    )


@contextmanager
def crawling(*, quiet: bool) -> Iterator[Callable[[list[Crawler]], None] | None]:
    """A progress bar on standard error for crawls: pages, new, failed, rate, time left."""
    if quiet:
        yield None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=14),
        MofNCompleteColumn(),
        TextColumn("new {task.fields[new]}  failed {task.fields[failed]}  {task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=err, transient=False) as bar:
        task = bar.add_task("pages", total=None, new=0, failed=0, rate="", left="")

        def show(crawlers: list[Crawler]) -> None:
            from storage.extensions import Keeper  # noqa: PLC0415 - Scrapy is loaded by now, and only now

            known = done = new = failed = 0
            for crawler in crawlers:
                keeper = crawler.get_extension(Keeper) if crawler.extensions else None
                stats = crawler.stats
                if keeper is None or stats is None:
                    continue
                tally = keeper.tally
                done += sum(tally.outcomes.values())
                known += max(stats.get_value("scheduler/enqueued", 0), sum(tally.outcomes.values()))
                new += tally.decisions["new"]
                failed += len(tally.failures)
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = done / elapsed if elapsed > 0.5 else 0.0
            left = f"~{(known - done) / rate:.0f} s left" if rate and known > done else ""
            bar.update(
                task, completed=done, total=known or None, new=new, failed=failed, rate=f"{rate:.0f}/s", left=left
            )

        yield show


def reports(told: list[dict[str, Any]]) -> None:
    """A table of crawls, and below it what failed."""
    counted = ("new", "changed", "unchanged", "gone")
    table(
        ["source", "verdict", "new", "changed", "same", "gone", "failed", "requests", "304", "MB", "s"],
        [
            [
                report["source"], report["verdict"], *(report[name] for name in counted), len(report["failures"]),
                report["requests"], report["not_modified"], f"{report['bytes'] / 1e6:.1f}", f"{report['seconds']:.1f}",
            ]
            for report in told
        ],
    )  # fmt: skip
    for report in told:
        if report["cause"]:
            out.print(f"{report['source']}: {report['cause']}", markup=False, soft_wrap=True)
        if counts := report.get("procedures"):  # reports of older runs have none
            said = ", ".join(f"{count} {change}" for change, count in counts.items())
            out.print(f"{report['source']}: procedures: {said}", markup=False)
        for failure in report["failures"][:20]:
            out.print(f"  {failure['outcome']}  {failure['message']}", markup=False, soft_wrap=True)
            out.print(f"    {failure['url']}", markup=False, soft_wrap=True)
        if len(report["failures"]) > 20:
            out.print(f"  … and {len(report['failures']) - 20} more: --json lists them all")
