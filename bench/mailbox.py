"""A mail server on loopback in a process of its own, that takes each mail at once and says when it came."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, Envelope, Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """The server: where it listens, how many mails it has taken, and, where it is asked to, which ones."""

    port: int
    taken: Any
    mails: Connection

    @property
    def count(self) -> int:
        """Mails taken so far."""
        return int(self.taken.value)

    def next(self, seconds: float) -> tuple[float, str] | None:
        """When the next mail was taken (seconds since 1970) and its subject; None where none comes in time."""
        if not self.mails.poll(seconds):
            return None
        at, subject = self.mails.recv()
        return float(at), str(subject)


class _Inbox:
    def __init__(self, taken: Any, mails: Connection, *, told: bool) -> None:
        self._taken, self._mails, self._told = taken, mails, told

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self._taken.value += 1
        if self._told:
            mail = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
            self._mails.send((time.time(), str(mail["Subject"])))
        return "250 taken"


def _serve(port: Connection, taken: Any, mails: Connection, told: bool) -> None:
    async def serve() -> None:
        loop, inbox = asyncio.get_running_loop(), _Inbox(taken, mails, told=told)
        server = await loop.create_server(lambda: SMTP(inbox, hostname="mail.example.org", loop=loop), "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def served(*, told: bool = False) -> Iterator[Mailbox]:
    """A mail server, as long as the block runs; where `told`, it says of each mail when it came."""
    taken = _SPAWN.Value("q", 0)
    port, asked = _SPAWN.Pipe(duplex=False)
    mails, told_by = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_serve, args=(asked, taken, told_by, told), daemon=True)
    process.start()
    try:
        yield Mailbox(port=port.recv(), taken=taken, mails=mails)
    finally:
        process.kill()
        process.join()
