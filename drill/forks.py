"""Commands of ours as processes that are forked with the imports behind them, and with waits that a drill has time for.

What is changed in them is how long is waited, how long a day is, and how many events make a digest, or a flood: nothing
else.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from alerts.digests import Rhythm
    from alerts.dispatch import Dispatcher
    from scraper.config import Config
    from storage.database import Database

FORKS = multiprocessing.get_context("forkserver")
PATIENCE_SECONDS = 2.0
"""How long an attempt to hand something over may take."""
DAY_SECONDS = 30.0
HOUR_SECONDS = DAY_SECONDS / 24
"""So long a day and an hour last, as alerts have them: when a digest is due, when it is quiet."""
SINGLES, WINDOW_SECONDS = 4, 10.0
"""A watch has so many messages of one event each within so long; what comes above that is a digest."""
_START_SECONDS = 60.0
_PRELOADED = (
    "cli",
    "spiders.run",
    "storage.middlewares",
    "storage.pipelines",
    "alerts.dispatch",
    "commands.delivering",
)
_PAUSE = timedelta(seconds=0.2)
_NEWS_AN_HOUR = 10_000
"""So many new pages are news yet: a drill's portal publishes in minutes what others do in a month."""
_ATTEMPTS = 40
"""So many pauses are in the retry plan: with a receiver that fails 45 times of 100, no message comes to its end."""


def preload() -> None:
    """Has what is forked from now on begin with its imports done; to be called before the first one."""
    FORKS.set_forkserver_preload(list(_PRELOADED))


class Forked:
    """`congtin` with these words, as a process of its own; what it says goes to a file."""

    def __init__(self, words: tuple[str, ...], environment: Mapping[str, str], log: Path) -> None:
        self._process = FORKS.Process(target=_run, args=(words, dict(environment), str(log)))
        self._process.start()
        self.pid: int = self._process.pid or 0

    def poll(self) -> int | None:
        """The exit code, once it has ended."""
        return self._process.exitcode

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def communicate(self) -> None:
        """Waits for its end."""
        self._process.join()


def _run(words: tuple[str, ...], environment: dict[str, str], log: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["congtin", *words]
    import cli

    _quicken()
    cli.main()


def _quicken() -> None:
    from alerts import digests, retries
    from alerts.channels import others
    from commands import delivering
    from storage import floods

    floods.MOST_NEWS = _NEWS_AN_HOUR
    retries.PLAN = (_PAUSE,) * _ATTEMPTS
    others.START = _START_SECONDS
    digests.next_hour, digests.after_quiet = _next_hour, _after_quiet
    delivering.dispatching = _dispatching


def hours_since(hour: int, at: float) -> float:
    """How many of a drill's hours have passed since it was this hour, at a moment in seconds since 1970."""
    return (at / HOUR_SECONDS - hour) % 24


def _next_hour(local: datetime, hour: int) -> datetime:
    return local + timedelta(seconds=(24 - hours_since(hour, local.timestamp())) * HOUR_SECONDS)


def _after_quiet(rhythm: Rhythm, at: datetime) -> datetime:
    if rhythm.quiet is None:
        return at
    begin, end = rhythm.quiet
    quiet = hours_since(begin, at.timestamp()) < (end - begin) % 24
    return _next_hour(at, end) if quiet else at


def _dispatching(settings: Config, opened: Database) -> Dispatcher:
    """As `delivering.dispatching`, with a drill's limits."""
    from alerts import digests, dispatch
    from alerts.channels import Channels, Limits, Settings
    from alerts.telling import Names

    seconds = PATIENCE_SECONDS
    within = Limits(connect=seconds, total=seconds, greeting=seconds, mail=seconds)
    accounts = replace(Settings.of(settings), limits=within)
    limits = digests.Limits(singles=SINGLES, window=timedelta(seconds=WINDOW_SECONDS), pause=timedelta(seconds=2))
    return dispatch.Dispatcher(opened, lambda: Channels(accounts), Names(), limits=limits)
