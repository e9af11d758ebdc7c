"""The child process that reads pages, within limits of time and memory, and the handle that the crawl holds on it.

One hostile megabyte can hold libxml2 for half a minute (100,000 attributes on one tag). So the process that crawls
never parses: it hands the bytes over a socket pair, waits until the deadline, and kills the child that misses it.

The child limits itself besides: RLIMIT_AS for memory, and RLIMIT_CPU, whose soft limit is raised page by page because
it counts a life. It dies with its parent (PR_SET_PDEATHSIG; prctl(2): the signal follows the *thread* that forked, so
a `Reader` is to be used from the main thread) and is replaced after so many pages, so that no leak grows.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from scraper.children import LENGTH, framed
from scraper.items import Reading
from scraper.outcomes import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from scraper.items import Page
    from scraper.sources import Source

_START = 60.0
_PIECE = 1 << 17
_AHEAD = 3
"""Pages that are at the child or on their way to it."""
_ROOT = str(Path(__file__).resolve().parent.parent)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one page may cost: seconds from hand-over to answer, CPU seconds, MiB of address space; pages of a child."""

    deadline: float = 10.0
    cpu: int = 5
    memory: int = 1024
    pages: int = 2_000


class Reader:
    """Reads pages in a child process, one after the other. Any task of one event loop may use it.

    While the child reads a page, the next one is already on its way to it, so that neither side waits for the other. A
    page's deadline runs from when the child can have begun with it.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._child: subprocess.Popen[bytes] | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._space = asyncio.Semaphore(_AHEAD)
        self._turn = asyncio.Lock()
        self._asked: deque[asyncio.Future[Reading | None]] = deque()
        self._listening: asyncio.Task[None] | None = None
        self._pages = 0

    async def read(self, page: Page, source: Source, *, now: datetime | None = None) -> Reading:
        """What the page says. A page that the child cannot finish is TOO_COMPLEX; nothing is raised for it."""
        question = framed((page, _packed(source), now))
        async with self._space:
            answer = None
            try:
                while True:
                    async with self._turn:
                        answer = await self._ask(question)
                    if (reading := await answer) is not None:
                        return reading
            except ConnectionError as error:
                return _broken(str(error))
            except asyncio.CancelledError:
                if self._asked and self._asked[0] is answer:  # the child is at it, for nobody any more
                    await self._stop()
                raise

    async def close(self) -> None:
        """Ends the child."""
        async with self._turn:
            await self._stop()

    async def _ask(self, question: bytes) -> asyncio.Future[Reading | None]:
        """Hands a page over; its answer is None where the child ended before it came to it. Raises ConnectionError."""
        await self._ready()
        assert self._streams is not None
        questions = self._streams[1]
        answer: asyncio.Future[Reading | None] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self._pages += 1
        if self._listening is None:
            self._listening = asyncio.get_running_loop().create_task(self._listen())
        try:
            # In pieces: asyncio moves all that is still to be sent for every bit that the socket takes.
            for start in range(0, len(question), _PIECE):
                questions.write(question[start : start + _PIECE])
                await questions.drain()
        except (ConnectionError, RuntimeError):  # the latter is an event loop's word for a closed pipe
            pass  # whoever listens to the child finds out why
        return answer

    async def _listen(self) -> None:
        """Takes the answers in the order of the questions, until there are none left to wait for."""
        while self._asked:
            assert self._streams is not None
            try:
                async with asyncio.timeout(self._limits.deadline):
                    reading = await self._answer(self._streams[0])
            except TimeoutError:
                reading = _too_complex(f"not read within {self._limits.deadline:g} s")
            except (asyncio.IncompleteReadError, ConnectionError):
                reading = None
            else:
                _give(self._asked.popleft(), reading)
                continue
            self._listening = None  # this very task: it ends here, and must not end itself
            asked = self._asked.popleft()
            status = await self._stop()
            if reading is None and status is not None and status < 0:
                reading = _too_complex(f"the reader was ended by {signal.Signals(-status).name}")
            _give(asked, reading or _broken(f"our reader failed with status {status}"))
            return
        self._listening = None

    async def _answer(self, answers: asyncio.StreamReader) -> Reading:
        (size,) = LENGTH.unpack(await answers.readexactly(LENGTH.size))
        reading = pickle.loads(await answers.readexactly(size))  # noqa: S301 - from our own child
        assert isinstance(reading, Reading)
        return reading

    async def _ready(self) -> None:
        """Has a child that waits for a page; what starting one takes is no page's time."""
        if self._pages >= self._limits.pages and self._asked:
            await asyncio.wait(list(self._asked))
        # A child that ended between two pages has nothing to do with the next one.
        ended = not self._asked and self._child is not None and self._child.poll() is not None
        if self._streams is None or ended or self._pages >= self._limits.pages:
            await self._stop()
            await self._start()
            assert self._streams is not None
            try:
                await asyncio.wait_for(self._streams[0].readexactly(1), _START)
            except TimeoutError:
                raise ConnectionError(f"not started within {_START:g} s") from None
            except asyncio.IncompleteReadError:
                status = await self._stop()
                raise ConnectionError(f"our reader failed with status {status}") from None

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            paths = [_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
            code = "from scraper.reader_child import child; child()"
            arguments = [str(theirs.fileno()), str(os.getpid()), str(self._limits.cpu), str(self._limits.memory)]
            self._child = subprocess.Popen(  # noqa: ASYNC220, S603 - from this very thread, and it is ourselves
                [sys.executable, "-c", code, *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            )
        ours.setblocking(False)
        self._streams = await asyncio.open_connection(sock=ours, limit=1 << 20)
        self._pages = 0

    async def _stop(self) -> int | None:
        """Ends the child; its exit status, negative for a signal, as it was before we ended it."""
        child, streams, listening = self._child, self._streams, self._listening
        self._child = self._streams = self._listening = None
        if listening:
            listening.cancel()
        while self._asked:
            _give(self._asked.popleft(), None)
        if streams:
            streams[1].close()
        if child is None:
            return None
        for _ in range(20):
            if child.poll() is not None:
                return child.returncode
            await asyncio.sleep(0.005)
        child.kill()
        await asyncio.to_thread(child.wait)
        return None


@lru_cache(maxsize=64)
def _packed(source: Source) -> bytes:
    return pickle.dumps(source, pickle.HIGHEST_PROTOCOL)


def _give(answer: asyncio.Future[Reading | None], reading: Reading | None) -> None:
    if not answer.done():
        answer.set_result(reading)


def _broken(why: str) -> Reading:
    return Reading(kind="other", outcome=Outcome.BROKEN, message=why)


def _too_complex(why: str) -> Reading:
    return Reading(kind="other", outcome=Outcome.TOO_COMPLEX, message=why)
