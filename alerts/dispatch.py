"""The loop that follows the event log, gathers messages, and hands them over.

The sends are spread over a few threads for each kind of channel, so that slow ones keep no others waiting; the messages
for one channel are sent one after the other. All writing goes through the process's one writer: what several threads
have to say shares a commit.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from sqlalchemy.exc import DBAPIError

from alerts import digests, following, gathering, outbox, signing
from alerts.address import parse
from alerts.channels.pacing import Pacer
from alerts.following import Matcher
from alerts.items import Outcome
from alerts.telling import Teller
from storage import leases
from storage.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy.orm import Session

    from alerts.digests import Limits
    from alerts.items import Message
    from alerts.outbox import Attempt, Head
    from alerts.telling import Names
    from storage.database import Database

log = logging.getLogger("congtin.alerts")

T = TypeVar("T")

THREADS: Mapping[str, int] = {"mail": 4, "webhook": 8, "telegram": 2, "apprise": 4}
"""How many messages of each kind of channel are on their way at a time."""
POLL_SECONDS = 1.0
"""How often the event log is looked at: a question of two numbers, where nothing has happened."""
_FAULT_SECONDS = 30.0
_TOGETHER_SECONDS = 0.05
"""How long is waited for other channels once one is free: looking for what is next costs as much for one as for all."""
_GATHER_SECONDS = 0.25
_PACED = frozenset({"telegram"})
_HEADS = 500
_BEHIND = 20
"""Messages of one watch that are sent to a channel before others have their turn."""
_NEXT = "next"
_LOOK_AROUND = timedelta(seconds=30)
"""How often is looked for what other processes have left, or made due."""


_Made: TypeAlias = "tuple[Attempt, Outcome]"
"""An attempt that was made, and what came of it."""


class Sender(Protocol):
    """Hands messages over, for one thread at a time (`alerts.channels.Channels`)."""

    def send(self, address: str, message: Message, *, secrets: Sequence[str] = ()) -> Outcome:
        """Never raises, and ends in bounded time."""


@dataclass(slots=True)
class Tally:
    """What a dispatcher has done. Failed attempts may be tried again; `ends` counts how messages ended."""

    followed: int = 0
    made: int = 0
    attempts: Counter[str] = field(default_factory=Counter)

    @property
    def sent(self) -> int:
        """Messages that were taken."""
        return self.attempts["taken"]

    @property
    def failed(self) -> int:
        """Attempts that came to nothing, or to nothing that anyone knows of."""
        return self.attempts.total() - self.sent


class Dispatcher:
    """Follows and delivers. For one thread, which has several work for it; to be closed."""

    def __init__(
        self,
        database: Database,
        senders: Callable[[], AbstractContextManager[Sender]],
        names: Names,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
        limits: Limits = digests.LIMITS,
        threads: Mapping[str, int] = THREADS,
        ticks: Callable[[], float] = time.monotonic,
        rest: Callable[[float], object] | None = None,
    ) -> None:
        self.tally = Tally()
        self._database, self._clock, self._chance, self._limits = database, clock, chance, limits
        self._teller = Teller(names)
        self._holder = leases.holder()
        self._matcher = Matcher()
        self._writer = Writer(database)
        self._senders = senders
        self._kept = threading.local()
        self._open = ExitStack()
        self._opening = threading.Lock()
        self._pools = {kind: ThreadPoolExecutor(count, f"send-{kind}") for kind, count in threads.items()}
        self._busy: dict[str, Future[None]] = {}
        self._free: SimpleQueue[str] = SimpleQueue()
        self._stop = threading.Event()
        self._pacer, self._ticks, self._paced = Pacer(), ticks, 0.0
        self._rest = rest or self._stop.wait
        self._gather_at: datetime | None = None
        self._ended, self._ready, self._gathered = False, False, 0.0
        self._look_at: datetime | None = None

    def once(self) -> Tally:
        """Follows the log to its end and hands over all that is due; returns when nothing more is."""
        self._look_at = self._gather_at = None
        while self._step() or self._busy or self._paced:
            self._await_some(self._paced or (POLL_SECONDS if self._busy else None))
        return self.tally

    def run(self) -> None:
        """Goes on until `stop` is called. A database that is busy or away is waited for."""
        while not self._stop.is_set():
            try:
                idle = not self._step()
                self._await_some((self._paced or POLL_SECONDS) if idle or self._busy else 0.0)
            except DBAPIError as error:
                log.warning("the database is not to be had now, trying again: %s", error.orig)
                self._stop.wait(POLL_SECONDS)
            except Exception:
                log.exception("a fault of ours keeps alerts from going on; trying again")
                self._stop.wait(_FAULT_SECONDS)

    def stop(self) -> None:
        """Has `run` return once what is on its way has arrived."""
        self._stop.set()

    def close(self, patience: float | None = None) -> bool:
        """Waits so many seconds for what is on its way, and ends threads and connections; False where it is not there.

        Then its threads live on, and only the end of the process ends them: the next dispatcher sends it again.
        """
        self._stop.set()
        if wait(list(self._busy.values()), timeout=patience).not_done:
            return False
        for pool in self._pools.values():
            pool.shutdown()
        self._writer.close()
        self._open.close()
        return True

    def _step(self) -> bool:
        """Follows, gathers, and hands to the threads what they have room for; whether there was anything to do."""
        now = self._clock()
        followed = self._follow(now)
        more = self._may_gather(now, followed=followed) and self._gather(now)
        return self._hand_out(now) or followed or more

    def _follow(self, now: datetime) -> bool:
        with self._database.reading() as session:
            batch = following.read(session, self._matcher)
        if batch is None:
            return False
        if self._write(lambda session: following.write(session, batch, now=now, limits=self._limits)):
            self.tally.followed += len(batch.events)
        return True

    def _may_gather(self, now: datetime, *, followed: bool) -> bool:
        """Whether there may be messages to be made: at the log's end, so that what came together is told together.

        Where many messages are on their way it is not looked for after each that has ended.
        """
        since = time.monotonic() - self._gathered
        self._ready = self._ready or followed
        if followed:
            return since > POLL_SECONDS
        due = self._ready or self._gather_at is None or now >= self._gather_at
        return due or (self._ended and (not self._busy or since > _GATHER_SECONDS))

    def _gather(self, now: datetime) -> bool:
        """Makes messages; whether there are more to be made."""
        if self._look_at is None or now >= self._look_at:
            self._write(lambda session: outbox.release(session, now=now))
            self._look_at = now + _LOOK_AROUND
        self._ended, self._ready, self._gathered = False, False, time.monotonic()
        gathered = self._write(lambda session: gathering.gather(session, now=now, limits=self._limits))
        self.tally.made += gathered.messages
        self._gather_at = min(gathered.next_at or self._look_at, self._look_at)
        return gathered.more

    def _hand_out(self, now: datetime) -> bool:
        """Gives each channel that is free the messages that may be sent to it.

        Where there are more than are looked at together, it looks again without those that have had their turn: however
        much waits for one channel, it hides nothing of what waits for others.
        """
        self._paced = 0.0
        waiting: set[str] = set()
        handed = False
        while True:
            with self._database.reading() as session:
                heads = outbox.heads(session, now=now, limit=_HEADS, without={*self._busy, *waiting})
            by_channel: defaultdict[str, list[Head]] = defaultdict(list)
            for head in heads:
                by_channel[head.channel].append(head)
            for channel, some in by_channel.items():
                if self._must_wait(some):
                    waiting.add(channel)
                    continue
                behind = 0 if some[0].kind in _PACED else _BEHIND
                serving = self._pools[some[0].kind].submit(self._serve, [head.message for head in some], behind)
                self._busy[channel] = serving
                serving.add_done_callback(partial(self._freed, channel))
                handed = True
            if len(heads) < _HEADS:
                return handed

    def _freed(self, channel: str, _serving: Future[None]) -> None:
        self._free.put(channel)

    def _must_wait(self, some: list[Head]) -> bool:
        """Whether a channel must wait for its service's pace; if it need not, the pace is for one message."""
        if some[0].kind not in _PACED:
            return False
        del some[1:]
        wait = self._pacer.wait_for(parse(some[0].address), self._ticks())
        if wait > 0:
            self._paced = min(wait, self._paced or wait)
        return wait > 0

    def _await_some(self, seconds: float | None) -> None:
        """Waits until a channel is free again, if one is busy. Raises what went wrong in its thread."""
        if not self._busy:
            if seconds:
                self._rest(seconds)
            return
        done: list[str] = []
        with suppress(Empty):
            done.append(self._free.get(timeout=seconds))
            together = time.monotonic() + _TOGETHER_SECONDS
            while len(done) < len(self._busy):
                done.append(self._free.get(timeout=max(0.0, together - time.monotonic())))
        self._ended = self._ended or bool(done)
        for future in [self._busy.pop(channel) for channel in done]:
            future.result()

    def _serve(self, messages: Sequence[str], behind: int) -> None:
        """Sends messages to one channel, one after the other, and up to so many that come behind each in its line.

        What one came to is written when the next is claimed.
        """
        before: _Made | None = None
        for message in messages:
            before = self._made(self._turn(before, message))
            for _ in range(behind):
                if before is None or before[1].end != "taken":
                    break
                before = self._made(self._turn(before, _NEXT))
        self._turn(before, None)

    def _made(self, attempt: Attempt | None) -> _Made | None:
        return (attempt, self._send(attempt)) if attempt else None

    def _turn(self, before: _Made | None, message: str | None) -> Attempt | None:
        """Notes what an attempt came to, and claims a message: the one of this id, or the `_NEXT` one."""
        now, chance, going = self._clock(), self._chance(), message is not None and not self._stop.is_set()
        if before is None and not going:
            return None

        def turn(session: Session) -> Attempt | None:
            if before is not None:
                outbox.ended(session, *before, now=now, chance=chance)
            if message is None or not going:
                return None
            if before is not None and message == _NEXT:
                return outbox.claim_next(session, before[0], holder=self._holder, now=now)
            return outbox.claim(session, message, holder=self._holder, now=now)

        return self._write(turn)

    def _send(self, attempt: Attempt) -> Outcome:
        try:
            message = self._database.read(lambda session: self._teller.tell(session, attempt))
            secrets = signing.secrets(attempt.channel, self._clock())
            outcome = self._sender().send(attempt.channel.address, message, secrets=secrets)
        except Exception as error:  # noqa: BLE001 - see below
            # What is wrong with one message must not keep the others; a trace might hold a channel's secrets.
            outcome = Outcome(end="later", cause="library", detail=f"our fault: {type(error).__name__}")
        self.tally.attempts[outcome.end] += 1
        if outcome.end != "taken":
            log.warning("%s: message %s: %s", attempt.channel.shown, attempt.message.id, _said(outcome))
        return outcome

    def _sender(self) -> Sender:
        """The thread's own, with its connections."""
        if not hasattr(self._kept, "sender"):
            with self._opening:
                self._kept.sender = self._open.enter_context(self._senders())
        sender: Sender = self._kept.sender
        return sender

    def _write(self, job: Callable[[Session], T]) -> T:
        return self._writer.submit(job, urgent=True).result()


def _said(outcome: Outcome) -> str:
    return " ".join(filter(None, (outcome.end, outcome.cause, outcome.detail)))
