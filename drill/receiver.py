"""A receiver of webhooks and mails that fails, hangs and lies by chance, and keeps a ledger of all that reached it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal

from aiosmtpd.smtp import SMTP, Envelope, Session

from drill.forks import PATIENCE_SECONDS

if TYPE_CHECKING:
    import random
    import ssl
    from collections.abc import Callable, Iterator

Answer = Literal["took", "failed", "hung", "hung, took", "lied", "took and closed"]
FAILS, HANGS, LIES = 0.30, 0.10, 0.05
ANSWERS_SECONDS = 0.1
"""Within so long it answers."""
TAKEN: frozenset[Answer] = frozenset({"took", "hung, took", "lied", "took and closed"})
DOUBTFUL: frozenset[Answer] = frozenset({"hung, took", "lied", "took and closed"})
"""It has the message, and the sender cannot know it: the sender must send it again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """A message that came, and what was done with it: `events` are ids, of `total`, where that can be read.

    `late` says that the sender may have left before the answer.
    """

    path: str
    message: str
    watch: str
    events: tuple[str, ...]
    total: int | None
    answer: Answer
    late: bool = False


@dataclass
class Receiver:
    """What came, in the order in which it came."""

    chance: random.Random
    receipts: list[Receipt] = field(default_factory=list)
    port: int = 0
    mail_port: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    _one: threading.Lock = field(default_factory=threading.Lock)

    @property
    def environment(self) -> dict[str, str]:
        """What those who send need to know."""
        return {"CONGTIN_SMTP_URL": f"smtp://127.0.0.1:{self.mail_port}", "CONGTIN_MAIL_FROM": "tin@example.org"}

    def address(self, name: str) -> str:
        """A channel's address: a webhook, or a mailbox for what has an @ in it."""
        return f"mailto:{name}" if "@" in name else f"webhook+http://127.0.0.1:{self.port}/{name}"

    def receive(
        self, path: str, message: str, watch: str, events: tuple[str, ...] = (), total: int | None = None
    ) -> tuple[Answer, int, float]:
        """What is to be done with a message, the receipt's place in the ledger, and after how many seconds."""
        with self._one:
            answer = self._drawn()
            receipt = Receipt(path=path, message=message, watch=watch, events=events, total=total, answer=answer)
            self.receipts.append(receipt)
            return answer, len(self.receipts) - 1, self.chance.uniform(0, ANSWERS_SECONDS)

    def answered(self, place: int, *, late: bool) -> None:
        """Notes that an answer was given too late, perhaps."""
        if late:
            with self._one:
                self.receipts[place] = replace(self.receipts[place], late=True)

    def _drawn(self) -> Answer:
        drawn, second = self.chance.random(), self.chance.random() < 0.5
        if drawn < FAILS:
            return "failed"
        if drawn < FAILS + HANGS:
            return "hung, took" if second else "hung"
        if drawn < FAILS + HANGS + LIES:
            return "lied" if second else "took and closed"
        return "took"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Senders that are killed are what is drilled."""


class _Post:
    """The same for mails: `Message-ID` is the message's, `List-Id` the watch's."""

    def __init__(self, ours: Receiver) -> None:
        self._ours = ours

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Answers as it is drawn."""
        began = time.monotonic()
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content)
        message, watch = mail["Message-ID"][1:].partition("@")[0], mail["List-Id"][1:].partition(".")[0]
        answer, place, pause = self._ours.receive(envelope.rcpt_tos[0], message, watch)
        await asyncio.sleep(2 * PATIENCE_SECONDS if answer in {"hung", "hung, took"} else pause)
        if answer == "took and closed" and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        self._ours.answered(place, late=time.monotonic() - began > PATIENCE_SECONDS / 2)
        return "250 taken" if answer == "took" else "451 not now"


@contextmanager
def mail_server(
    session: Callable[[asyncio.AbstractEventLoop], SMTP], *, context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """A mail server on loopback in a thread of its own, as long as the block runs; its port.

    `session` makes one of each connection, for the loop that it is given; with a `context` TLS comes first (smtps).
    """
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: session(loop), "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


@contextmanager
def _post(ours: Receiver) -> Iterator[None]:
    with mail_server(lambda loop: SMTP(_Post(ours), hostname="mail.example.org", loop=loop)) as ours.mail_port:
        yield


@contextmanager
def receiving(chance: random.Random) -> Iterator[Receiver]:
    """A receiver on loopback, as long as the block runs."""
    ours = Receiver(chance)
    with _post(ours), _hooks(ours):
        yield ours


@contextmanager
def _hooks(ours: Receiver) -> Iterator[None]:

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            began = time.monotonic()
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["data"]
            answer, place, pause = ours.receive(
                self.path.strip("/"), self.headers["webhook-id"], told["watch"]["id"],
                tuple(event["id"] for event in told["events"]), told["total"],
            )  # fmt: skip
            ours.over.wait(pause)
            self.close_connection = True
            if answer in {"hung", "hung, took"}:
                ours.over.wait(2 * PATIENCE_SECONDS)
            elif answer == "took and closed":
                self.connection.shutdown(socket.SHUT_RDWR)
            else:
                self.send_response(200 if answer == "took" else 500)
                self.send_header("Content-Length", "0")
                self.end_headers()
                ours.answered(place, late=time.monotonic() - began > PATIENCE_SECONDS / 2)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    ours.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ours.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
