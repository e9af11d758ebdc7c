"""What must hold of alerts after any crash: of the ledger in the database, and of the receiver's own."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy import select

from alerts.audit import Auditor
from drill.receiver import DOUBTFUL, TAKEN
from storage.alert_tables import Channel, Handover, Owed
from storage.models import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from drill.receiver import Receipt
    from storage.database import Database

    Law = Callable[["Told"], Iterator[str]]

_NEWS = "poll"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A watch as its maker means it: kinds of event by their beginning, words that a title must and must not have."""

    watch: str
    channels: tuple[str, ...]
    query: str
    kind: str = "article."
    wanted: str = ""
    unwanted: str = "\0"

    def wants(self, event: Event) -> bool:
        """Whether it is to hear of an event; of words that only titles have."""
        return event.kind.startswith(self.kind) and self.wanted in event.title and self.unwanted not in event.title


@dataclass(frozen=True, kw_only=True)
class Due:
    """A row of the ledger, with ids for cursors: `message` is None where nothing was made of it."""

    watch: str
    event: str
    channel: str
    state: str
    message: str | None


@dataclass(frozen=True, kw_only=True)
class Told:
    """Both ledgers.

    `expected` are (watch, event, channel) → the state in which it must end, by what the watches' makers meant;
    `cursors` are events' places in the log, `numbers` messages' places in the outbox; `killed` is how often a kill fell
    into an attempt of a message; `wrong` is what the product's own audit counts.
    """

    expected: Mapping[tuple[str, str, str], str]
    ledger: Sequence[Due]
    cursors: Mapping[str, int]
    numbers: Mapping[str, int]
    receipts: Sequence[Receipt]
    killed: Mapping[str, int]
    wrong: int = 0

    def first(self) -> Iterator[Receipt]:
        """Of each message the first receipt that was taken, in the order in which they came."""
        seen: set[str] = set()
        for one in self.receipts:
            if one.answer in TAKEN and one.message not in seen:
                seen.add(one.message)
                yield one

    def repeats(self) -> int:
        """How many messages were taken once more."""
        return sum(one.answer in TAKEN for one in self.receipts) - sum(1 for _ in self.first())


def told(
    database: Database, asked: Sequence[Asked], *, after: int, receipts: Sequence[Receipt], killed: Mapping[str, int]
) -> Told:
    """Reads both ledgers; the watches were made when the log's last event was `after`."""
    with database.reading() as session:
        names = _names(session)
        log = session.scalars(select(Event).order_by(Event.cursor)).all()
        ids = {event.cursor: event.id for event in log}
        ledger = [
            Due(
                watch=row.watch,
                event=ids.get(row.event, ""),
                channel=names[row.channel],
                state=row.state,
                message=row.message,
            )
            for row in session.scalars(select(Owed).order_by(Owed.id))
        ]
        numbers = {row.id: row.number for row in session.execute(select(Handover.id, Handover.number))}
    return Told(
        expected={
            (one.watch, event.id, channel): "sent" if event.origin == _NEWS else "noted"
            for event in log
            if event.cursor > after
            for one in asked
            if one.wants(event)
            for channel in one.channels
        },
        ledger=ledger, cursors={event.id: event.cursor for event in log}, numbers=numbers, receipts=receipts,
        killed=killed, wrong=Auditor(database).look().wrong,
    )  # fmt: skip


def _names(session: Session) -> dict[str, str]:
    return {row.id: row.address.removeprefix("mailto:").rpartition("/")[2] for row in session.scalars(select(Channel))}


def everyone_was_told_of_all_that_they_asked_for(now: Told) -> Iterator[str]:
    """Each event has one row for each watch that wants it and each of its channels, which has ended as it must."""
    rows = Counter((one.watch, one.event, one.channel) for one in now.ledger)
    states = {(one.watch, one.event, one.channel): one.state for one in now.ledger}
    for key, count in rows.items():
        if count > 1:
            yield f"{key} is owed {count} times"
        if key not in now.expected:
            yield f"{key} was never asked for"
    for key, state in now.expected.items():
        if states.get(key) != state:
            yield f"{key} must have ended as {state} and is {states.get(key)}"
    if now.wrong:
        yield f"the audit counts {now.wrong} wrong rows"


def none_is_lost(now: Told) -> Iterator[str]:
    """The receiver has what the ledger calls sent: the message, and in it the event, but where it shows not all."""
    has = {(one.message, one.path): one for one in now.first()}
    for due in now.ledger:
        if due.state != "sent":
            continue
        got = has.get((due.message or "", due.channel))
        if got is None:
            yield f"{due} never arrived"
        elif due.event not in got.events and got.total == len(got.events):
            yield f"{due} arrived without its event"


def none_is_told_twice(now: Told) -> Iterator[str]:
    """Whoever leaves repeats out by `webhook-id` hears of each event once."""
    heard = Counter((one.watch, one.path, event) for one in now.first() for event in one.events)
    yield from (f"{key} was told in {count} messages" for key, count in heard.items() if count > 1)


def each_repeat_has_its_cause(now: Told) -> Iterator[str]:
    """A message was taken once more at most for each kill in an attempt of it, and each answer not to be trusted."""
    taken, doubts = Counter[str](), Counter[str]()
    for one in now.receipts:
        taken[one.message] += one.answer in TAKEN
        doubts[one.message] += one.answer in DOUBTFUL or (one.late and one.answer in TAKEN)
    for message, count in taken.items():
        allowed = doubts[message] + now.killed.get(message, 0)
        if count - 1 > allowed:
            yield f"{message} was taken {count} times, with {allowed} kills and unknown outcomes"


def order_is_kept(now: Told) -> Iterator[str]:
    """A watch's messages reach a channel in the order in which they were made, and tell of events in theirs."""
    lines: defaultdict[tuple[str, str], list[Receipt]] = defaultdict(list)
    for one in now.first():
        lines[one.watch, one.path].append(one)
    for pair, line in lines.items():
        if any(now.numbers[one.message] > now.numbers[other.message] for one, other in pairwise(line)):
            yield f"messages of {pair} overtook others"
        events = [now.cursors[event] for one in line for event in one.events]
        if events != sorted(events):
            yield f"events of {pair} were told out of order"


LAWS: tuple[Law, ...] = (
    everyone_was_told_of_all_that_they_asked_for, none_is_lost, none_is_told_twice, each_repeat_has_its_cause,
    order_is_kept,
)  # fmt: skip


def breaches(now: Told) -> list[str]:
    """A sentence for each breach of each law, with the law's name before it."""
    return [f"{law.__name__}: {why}" for law in LAWS for why in law(now)]
