"""A receiver that fails, hangs and lies by chance, and keeps a ledger of all that reached it.

It is four: of webhooks and of mails, which have ids, and of Telegram's and of Gotify's messages, which have none.
"""

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
from typing import TYPE_CHECKING, Any, Literal

from aiosmtpd.smtp import SMTP, Envelope, Session

from drill import telegram
from drill.forks import PATIENCE_SECONDS

if TYPE_CHECKING:
    import random
    import ssl
    from collections.abc import Callable, Iterator

Answer = Literal["took", "failed", "asked to wait", "hung", "hung, took", "lied", "took and closed"]
FAILS, HANGS, LIES = 0.30, 0.10, 0.05
ANSWERS_SECONDS = 0.1
"""Within so long it answers."""
WAIT_SECONDS = 3
"""For so long Telegram asks to be left alone, by half of its failures."""
TAKEN: frozenset[Answer] = frozenset({"took", "hung, took", "lied", "took and closed"})
DOUBTFUL: frozenset[Answer] = frozenset({"hung, took", "lied", "took and closed"})
"""It has the message, and the sender cannot know it: the sender must send it again."""
UNANSWERED: frozenset[Answer] = frozenset({"hung", "hung, took", "took and closed"})
"""What the sender knows that it does not know."""
_MARK = "(có thể trùng)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """A message that came, and what was done with it: `events` are ids, of `total`, where that can be read.

    What has no ids has its words, `said`. `at` is when it came, in seconds since 1970; `late` says that the sender may
    have left before the answer.
    """

    path: str
    message: str = ""
    watch: str = ""
    events: tuple[str, ...] = ()
    total: int | None = None
    said: str = ""
    at: float = 0.0
    answer: Answer
    late: bool = False

    @property
    def marked(self) -> bool:
        """Whether it says that it may be a repeat."""
        return _MARK in self.said


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
        return {
            "CONGTIN_SMTP_URL": f"smtp://127.0.0.1:{self.mail_port}", "CONGTIN_MAIL_FROM": "tin@example.org",
            "CONGTIN_TELEGRAM_URL": f"http://127.0.0.1:{self.port}", "CONGTIN_TELEGRAM_TOKEN": telegram.TOKEN,
        }  # fmt: skip

    def address(self, name: str) -> str:
        """A channel's address: a mailbox has an @ in its name, a chat is a number, a telephone has Gotify."""
        if "@" in name:
            return f"mailto:{name}"
        if name.isdecimal():
            return f"telegram:{name}"
        host = f"127.0.0.1:{self.port}"
        return f"gotify://{host}/{name}" if name.startswith("telephone") else f"webhook+http://{host}/{name}"

    def receive(self, path: str, *, may_ask_to_wait: bool = False, **fields: Any) -> tuple[Answer, int, float]:
        """What is to be done with a message, the receipt's place in the ledger, and after how many seconds.

        `fields` are those of the receipt.
        """
        with self._one:
            answer = self._drawn(may_ask_to_wait)
            self.receipts.append(Receipt(path=path, at=time.time(), answer=answer, **fields))
            return answer, len(self.receipts) - 1, self.chance.uniform(0, ANSWERS_SECONDS)

    def answered(self, place: int, *, late: bool) -> None:
        """Notes that an answer was given too late, perhaps."""
        if late:
            with self._one:
                self.receipts[place] = replace(self.receipts[place], late=True)

    def _drawn(self, may_ask_to_wait: bool) -> Answer:
        drawn, second = self.chance.random(), self.chance.random() < 0.5
        if drawn < FAILS:
            return "asked to wait" if may_ask_to_wait and second else "failed"
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
        answer, place, pause = self._ours.receive(envelope.rcpt_tos[0], message=message, watch=watch)
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
            answer, place, pause = self._received(self.rfile.read(int(self.headers["Content-Length"])))
            ours.over.wait(pause)
            self.close_connection = True
            if answer in {"hung", "hung, took"}:
                ours.over.wait(2 * PATIENCE_SECONDS)
            elif answer == "took and closed":
                self.connection.shutdown(socket.SHUT_RDWR)
            else:
                self._say(answer)
                ours.answered(place, late=time.monotonic() - began > PATIENCE_SECONDS / 2)

        def _received(self, body: bytes) -> tuple[Answer, int, float]:
            if self.path.startswith("/bot"):
                reply = telegram.reply(self.path, body)
                assert reply.status == 200, reply  # else the message is none that Telegram takes
                return ours.receive(str(reply.chat), may_ask_to_wait=True, said=reply.text)
            told = json.loads(body)
            if self.path == "/message":
                return ours.receive(self.headers["X-Gotify-Key"], said=f"{told['title']}\n{told['message']}")
            told = told["data"]
            return ours.receive(
                self.path.strip("/"), message=self.headers["webhook-id"], watch=told["watch"]["id"],
                events=tuple(event["id"] for event in told["events"]), total=told["total"],
            )  # fmt: skip

        def _say(self, answer: Answer) -> None:
            status = {"took": 200, "asked to wait": 429}.get(answer, 500)
            waits = {"parameters": {"retry_after": WAIT_SECONDS}} if answer == "asked to wait" else {}
            said = telegram.written(status, **waits) if self.path.startswith("/bot") else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

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
