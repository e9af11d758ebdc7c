"""Serves the sample portal beside the catalogue of faults, on sockets that speak no better than they are told."""

from __future__ import annotations

import asyncio
import signal
import socket
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sample.answers import Site
from sample.bad_lists import LISTS, rows
from sample.bad_pages import LOGIN, PAGES, page
from sample.certificates import KINDS, OLD, OLD_HELLO, contexts
from sample.faults import FOREIGN_HOST, HOME, SECRET_HOST, TRANSPORT, Fault, article, sound
from sample.portal import Portal
from sample.raw import Line, Raw, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sample.messages import Answer, Request

FAULTS: tuple[Fault, ...] = (*TRANSPORT, *PAGES)
HOST = "127.0.0.1"
FEW = f"{HOME}few/"
"""A listing of those faults of the way that TLS could make worse."""
OVER_TLS = frozenset({"A1", "A2", "A3", "A13", "A14", "A16", "A16-head", "A25"})
_LOGIN_FORM = page("<html><body><h1>Đăng nhập</h1><form><input type=password></form></body></html>")
_SECRET = page(article("INTERNAL SECRET"))


@dataclass(slots=True)
class Faults:
    """A portal that misbehaves.

    Attributes:
        otherwise: Answers what is no fault.
        good: Whether the known articles answer soundly for now, and nothing else is listed.
        secured: The port of each kind of certificate.
    """

    otherwise: Callable[[Request, tuple[str, int]], Answer]
    good: bool = False
    secured: dict[str, int] = field(default_factory=dict)
    _by_path: dict[str, Fault] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_path = {path: fault for fault in FAULTS for path in (fault.known, fault.fresh)}
        self._by_path |= {fault.listing: fault for fault in LISTS}

    async def handle(self, line: Line) -> None:
        """Answers a request, one way or another."""
        path = line.request.path
        fault = self._by_path.get(path.lower())
        if line.writer.get_extra_info("sockname")[0] == SECRET_HOST:
            await _SECRET(line)
        elif fault and self.good and path.lower() == fault.known:
            await sound(line)
        elif fault:
            await fault.answer(line)
        elif path == HOME:
            await line.answer(self._index().encode())
        elif path == FEW:
            await line.answer(rows((fault.fresh, fault.does) for fault in TRANSPORT if fault.id in OVER_TLS).encode())
        elif path == LOGIN:
            await _LOGIN_FORM(line)
        elif path.startswith(HOME):
            await line.answer(article(f"Tin {path.rsplit('/', 1)[-1]}").encode())
        else:
            await whole(line, self.otherwise(line.request, line.client))

    def _index(self) -> str:
        """All faults, for a person to look at, and as a listing for a crawler."""
        shown = [(fault.known, f"{fault.id}: {fault.does}") for fault in FAULTS]
        if self.good:
            return rows(shown)
        shown = [(one.fresh, f"{one.id}: {one.does} (new)") for one in FAULTS if not one.once] + shown
        told = "".join(f"<tr><td>{one.id}<td>{one.does}<td>{one.outcome}" for one in (*FAULTS, *LISTS))
        lists = "".join(f'<li><a href="{one.listing}">{one.id}: {one.does}</a>' for one in LISTS)
        secured = "".join(
            f'<li><a href="https://{HOST}:{port}{HOME}">{KINDS[kind]}</a>' for kind, port in self.secured.items()
        )
        return rows(shown, f"<ul>{lists}{secured}</ul><table><tr><th>fault<th>what<th>outcome{told}</table>")


@dataclass(slots=True)
class Misbehaving:
    """A misbehaving portal, being served.

    Attributes:
        url: Where it is, as "http://127.0.0.1:PORT/".
        faults: What it does.
        raw: Who asked for what.
        folder: Where the certificate of the authority is.
    """

    url: str
    faults: Faults
    raw: Raw
    folder: Path

    def times(self, path: str) -> int:
        """How often a path was asked for, whatever the query."""
        return sum(1 for _, asked, _ in self.raw.asked if asked.partition("?")[0] == path)


async def _listen(raw: Raw, faults: Faults, main: socket.socket, folder: Path) -> None:
    port = main.getsockname()[1]
    await raw.listen(main)
    for host in (SECRET_HOST, FOREIGN_HOST):
        with suppress(OSError):  # not every system has more than one loopback address
            await raw.listen(socket.create_server((host, port)))
    for kind, context in contexts(folder, HOST).items():
        listener = socket.create_server((HOST, 0))
        faults.secured[kind] = listener.getsockname()[1]
        await raw.listen(listener, context)
    listener = socket.create_server((HOST, 0))
    faults.secured[OLD] = listener.getsockname()[1]
    await raw.listen_only_to_say(listener, OLD_HELLO)


async def serve(main: socket.socket, otherwise: Callable[[Request, tuple[str, int]], Answer]) -> None:
    """Serves the faults, and what is none, on a bound socket (and on others) until SIGINT or SIGTERM."""
    faults = Faults(otherwise)
    raw = Raw(faults.handle)
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    with tempfile.TemporaryDirectory() as folder:
        try:
            await _listen(raw, faults, main, Path(folder))
            await told.wait()
        finally:
            await raw.stop()


@contextmanager
def misbehaving(*, good: bool = False, articles: int = 5) -> Iterator[Misbehaving]:
    """Serves the faults from a thread of this process as long as the block runs; they begin good, if told so."""
    site = Site(Portal(articles, 1))
    main = socket.create_server((HOST, 0))
    faults = Faults(lambda request, _: site.answer(request), good)
    raw = Raw(faults.handle)
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def work(folder: Path) -> None:
        await _listen(raw, faults, main, folder)
        ready.set()
        await stop.wait()
        await raw.stop()

    with tempfile.TemporaryDirectory() as folder:
        thread = threading.Thread(target=lambda: loop.run_until_complete(work(Path(folder))), daemon=True)
        thread.start()
        ready.wait(30)
        try:
            yield Misbehaving(f"http://{HOST}:{main.getsockname()[1]}/", faults, raw, Path(folder))
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()
