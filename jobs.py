"""Where a crawl runs: a child process here, that runs `congtin crawl` as a person would, within limits.

A crash, a leak or a hang dies with the child. It dies with its parent too (`scraper.children.die_with`: the signal
follows the thread that forked, so that children are started in the main thread, where asyncio's loop runs). It has a
session of its own, for Ctrl-C is the parent's to handle, and a second signal would end it in the middle of a page.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from scraper.children import die_with
from storage import leases

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage.database import Database

log = logging.getLogger("congtin.jobs")

_ROOT = str(Path(__file__).resolve().parent)
_SILENCE = timedelta(seconds=120)
"""How long after its lease ran out a child that still holds it is taken for hung: a busy database costs it 90 s."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one child may take: seconds of a poll and of a whole crawl, MiB; and seconds between a signal and a kill.

    Memory is what the child has written itself (RssAnon, and swap), looked at from outside. RLIMIT_AS would count the
    index that it maps, and the stacks and arenas of its threads that it never touches; at RLIMIT_DATA an allocation
    fails in whatever thread comes by, and the crawl goes on without it.
    """

    poll: float = 1800.0
    whole: float = 6 * 3600.0
    memory: int = 1024
    stop: float = 7.0
    look: float = 2.0
    """Seconds between two looks at it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Sources that are crawled together, on different hosts: of their `listings` those that are due.

    `old` is how many old pages each asks again, `most` how many requests each may take, None where it has no bound. A
    `whole` crawl, such as the first, reads all listings and has more time. One that must `keep_hours` ends when
    those of a source are over.
    """

    sources: tuple[str, ...]
    listings: tuple[str, ...] = ()
    old: int | None = None
    most: int | None = None
    whole: bool = False
    keep_hours: bool = False

    def words(self) -> list[str]:
        """The command's words."""
        options = [f"--section={url}" for url in self.listings]
        options += [f"--old={self.old}"] if self.old is not None else []
        options += [f"--most={self.most}"] if self.most is not None else []
        options += ["--keep-hours"] if self.keep_hours else []
        return ["crawl", *options, "--json", "--", *self.sources]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a child ended: its exit code (negative for a signal), and why we ended it, if we did.

    It was `stopped` where that was for no fault of its own.
    """

    code: int
    why: str = ""
    stopped: bool = False


class Jobs:
    """Runs batches in child processes, `places` of them at a time. To be used in the event loop of the main thread."""

    def __init__(self, database: Database, limits: Limits | None = None, *, places: int = 2) -> None:
        self.places = places
        self._database = database
        self._limits = limits or Limits()
        self._running: dict[asyncio.Task[Ended], Batch] = {}
        self._stopping = asyncio.Event()

    @property
    def room(self) -> int:
        """How many more children may be started."""
        return 0 if self._stopping.is_set() else self.places - len(self._running)

    def start(self, batch: Batch, ended: Callable[[Batch, Ended], None]) -> None:
        """Starts a crawl; `ended` is called when it is over."""
        task = asyncio.get_running_loop().create_task(self._run(batch))
        self._running[task] = batch

        def over(done: asyncio.Task[Ended]) -> None:
            del self._running[done]
            if not done.cancelled():
                error = done.exception()
                if error:
                    log.error("a crawl could not be watched", exc_info=error)
                ended(batch, Ended(code=1, why=f"it could not be watched: {error}") if error else done.result())

        task.add_done_callback(over)

    async def stop(self) -> None:
        """Ends all children: they are told to, and killed if they do not in a few seconds."""
        self._stopping.set()
        if self._running:
            await asyncio.wait(list(self._running))

    async def _run(self, batch: Batch) -> Ended:
        try:
            child = await asyncio.create_subprocess_exec(
                *command(batch.words()), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
                env=environment(), start_new_session=True,
            )  # fmt: skip
        except OSError as error:  # no process, no memory: later, perhaps
            log.error("a crawl cannot be started: %s", error)  # noqa: TRY400 - the system's word says all
            return Ended(code=1, why=f"it could not be started: {error}")
        why, gently = "our own fault", False
        try:
            why, gently = await self._watch(child, batch)
        finally:
            if why:
                log.warning("the crawl of %s is ended: %s", ", ".join(batch.sources), why)
                await self._end(child, gently=gently)
        return Ended(code=child.returncode or 0, why=why, stopped=bool(why) and self._stopping.is_set())

    async def _watch(self, child: asyncio.subprocess.Process, batch: Batch) -> tuple[str, bool]:
        """Waits for a child's end; why it must be ended, where it must, and whether it may finish what it is at."""
        limits, loop = self._limits, asyncio.get_running_loop()
        seconds = limits.whole if batch.whole else limits.poll
        give_up = loop.time() + seconds
        dead = loop.create_task(child.wait())
        stopping = loop.create_task(self._stopping.wait())
        try:
            while True:
                await asyncio.wait({dead, stopping}, timeout=limits.look, return_when=asyncio.FIRST_COMPLETED)
                if dead.done():
                    return "", True
                if stopping.done():
                    return "the scheduler stops", True
                if loop.time() > give_up:
                    return f"it takes longer than {seconds:g} s", True
                if (used := memory(child.pid)) > limits.memory << 20:
                    return f"it takes {used >> 20} MiB of memory", False
                if self._is_hung(child.pid):
                    return "it renews its lease no more", False
        finally:
            stopping.cancel()
            with suppress(asyncio.CancelledError):
                await stopping
            if not dead.done():
                dead.cancel()

    def _is_hung(self, pid: int) -> bool:
        try:
            with self._database.reading() as session:
                until = leases.held_until(session, leases.holder(pid))
        except DBAPIError:  # it cannot be asked now, and the child cannot renew anything either
            return False
        return until is not None and until + _SILENCE < datetime.now(UTC)

    async def _end(self, child: asyncio.subprocess.Process, *, gently: bool) -> None:
        """Ends a child; `gently`, it may finish what it is at."""
        with suppress(ProcessLookupError):
            if gently:
                child.terminate()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._limits.stop):
                        await child.wait()
                        return
            child.kill()
        await child.wait()


def command(words: Sequence[str]) -> list[str]:
    """How a child of ours runs `congtin` with these words: by this very program, wherever it is installed."""
    return [sys.executable, "-P", "-c", "import jobs; jobs.child()", str(os.getpid()), *words]


def environment() -> dict[str, str]:
    """Where a child of ours finds our modules, besides what we were told."""
    paths = [_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def child() -> None:
    """A child's life: bound to its parent's, it is a `congtin` like any other."""
    die_with(int(sys.argv[1]))
    sys.argv[:] = ["congtin", *sys.argv[2:]]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    import cli  # noqa: PLC0415 - bound first

    cli.main()


def memory(pid: int) -> int:
    """Bytes that a process has written itself and that are in memory or in swap (proc(5)); 0 where nothing is known."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines()
    except OSError:
        return 0
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    return sum(int(told[name].split()[0]) << 10 for name in ("RssAnon", "VmSwap") if name in told)
