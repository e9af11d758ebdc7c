"""A receiver of webhooks that fails, hangs and lies by chance, and keeps a ledger of all that reached it."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal

from drill.forks import PATIENCE_SECONDS

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

Answer = Literal["took", "failed", "hung", "hung, took", "lied", "took and closed"]
FAILS, HANGS, LIES = 0.30, 0.10, 0.05
ANSWERS_SECONDS = 0.1
"""Within so long it answers."""
TAKEN: frozenset[Answer] = frozenset({"took", "hung, took", "lied", "took and closed"})
DOUBTFUL: frozenset[Answer] = frozenset({"hung, took", "lied", "took and closed"})
"""It has the message, and the sender cannot know it: the sender must send it again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """A message that came, and what was done: `events` are ids; `late` says that the sender may have left before."""

    path: str
    message: str
    watch: str
    events: tuple[str, ...]
    total: int
    answer: Answer
    late: bool = False


@dataclass
class Receiver:
    """What came, in the order in which it came."""

    chance: random.Random
    receipts: list[Receipt] = field(default_factory=list)
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def address(self, name: str) -> str:
        """A channel's address."""
        return f"webhook+http://127.0.0.1:{self.port}/{name}"

    def receive(self, path: str, message: str, body: bytes) -> tuple[Answer, int, float]:
        """What is to be done with a message, the receipt's place in the ledger, and after how many seconds."""
        told = json.loads(body)["data"]
        with self._one:
            answer = self._drawn()
            self.receipts.append(
                Receipt(
                    path=path, message=message, watch=told["watch"]["id"], total=told["total"], answer=answer,
                    events=tuple(event["id"] for event in told["events"]),
                )
            )  # fmt: skip
            return answer, len(self.receipts) - 1, self.chance.uniform(0, ANSWERS_SECONDS)

    def answered(self, place: int, *, late: bool) -> None:
        """Notes that an answer was given too late, perhaps."""
        if late:
            with self._one:
                one = self.receipts[place]
                self.receipts[place] = Receipt(
                    path=one.path, message=one.message, watch=one.watch, events=one.events, total=one.total,
                    answer=one.answer, late=True,
                )  # fmt: skip

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


@contextmanager
def receiving(chance: random.Random) -> Iterator[Receiver]:
    """A receiver on loopback, as long as the block runs."""
    ours = Receiver(chance)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            began = time.monotonic()
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer, place, pause = ours.receive(self.path.strip("/"), self.headers["webhook-id"], body)
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
        yield ours
    finally:
        ours.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
