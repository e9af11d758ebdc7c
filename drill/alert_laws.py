"""What must hold of alerts after any crash: of the ledger in the database, and of the receiver's own.

What has no ids is known by the numbers in its titles: it tells of new articles, and each was published under one.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy import select

from alerts import retries
from alerts.audit import Auditor
from drill.forks import DAY_SECONDS, HOUR_SECONDS, SINGLES, WINDOW_SECONDS, hours_since
from drill.receiver import DOUBTFUL, TAKEN, UNANSWERED, WAIT_SECONDS
from storage.alert_tables import Channel, Handover, Owed
from storage.models import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from drill.receiver import Receipt
    from storage.database import Database

    Law = Callable[["Told"], Iterator[str]]

_NEWS = "poll"
_NEW = "article.new"
_NUMBER = re.compile(r"số (\d+) k")
_MORNING = 7
"""The hour of a daily digest, where nobody says another."""
_GRACE_SECONDS = 5.0
"""So long what was begun before a moment may arrive after it."""


@dataclass(kw_only=True, slots=True)
class Time:
    """When a watch was there to be told: of events after a cursor, up to another one; `ended` in seconds since 1970."""

    after: int
    until: int | None = None
    ended: float | None = None
    began: float = 0.0

    def holds(self, cursor: int) -> bool:
        """Whether an event falls into it."""
        return self.after < cursor and (self.until is None or cursor <= self.until)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A watch as its maker means it: kinds of event by their beginning, words that a title must and must not have."""

    watch: str
    channels: tuple[str, ...]
    kind: str = "article."
    wanted: str = ""
    unwanted: str = "\0"
    daily: bool = False
    quiet: tuple[int, int] | None = None
    times: list[Time] = field(default_factory=list)

    def wants(self, event: Event) -> bool:
        """Whether it is to hear of an event; of words that only titles have."""
        return event.kind.startswith(self.kind) and self.wanted in event.title and self.unwanted not in event.title

    def ends(self, event: Event, *, has_ids: bool) -> Collection[str]:
        """The states in which an event may end for it; none where it is not to hear of it."""
        time = next((one for one in self.times if one.holds(event.cursor)), None)
        if time is None or not self.wants(event):
            return ()
        ends = {"sent" if event.origin == _NEWS else "noted"}
        if event.origin == _NEWS and not has_ids:
            ends.add("dead")
        if time.until is not None:
            ends.add("dropped")
        return ends


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A row of the ledger, with ids for cursors: `message` is None where nothing was made of it."""

    watch: str
    event: str
    channel: str
    state: str
    message: str | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A message of the outbox, in the order of `number`; `at` in seconds since 1970."""

    number: int
    watch: str
    channel: str
    kind: str = "event"
    at: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Both ledgers.

    `expected` are (watch, event, channel) → the states in which it may end, by what the watches' makers meant;
    `cursors` are events' places in the log; `killed` is how often a kill fell into an attempt of a message;
    `without_ids` are channels whose receivers have none; `wrong` is what the product's own audit counts.
    """

    expected: Mapping[tuple[str, str, str], Collection[str]]
    ledger: Sequence[Due]
    cursors: Mapping[str, int]
    messages: Mapping[str, Made]
    receipts: Sequence[Receipt]
    killed: Mapping[str, int]
    asked: Sequence[Asked] = ()
    without_ids: Collection[str] = ()
    wrong: int = 0

    def first(self) -> Iterator[Receipt]:
        """Of each message the first receipt that was taken, in the order in which they came."""
        seen: set[str] = set()
        for one in self.receipts:
            if one.answer in TAKEN and one.message in self.messages and one.message not in seen:
                seen.add(one.message)
                yield one

    def repeats(self) -> int:
        """How many messages were taken once more."""
        taken = [one.message for one in self.receipts if one.answer in TAKEN]
        return len(taken) - len(set(taken))

    def dead(self) -> set[str]:
        """Messages that were given up."""
        return {one.message for one in self.ledger if one.state == "dead" and one.message}


def told(database: Database, asked: Sequence[Asked], *, receipts: Sequence[Receipt], killed: Mapping[str, int]) -> Told:
    """Reads both ledgers."""
    with database.reading() as session:
        channels = session.scalars(select(Channel)).all()
        names = {row.id: re.split("[:/]", row.address)[-1] for row in channels}
        without_ids = {names[row.id] for row in channels if not retries.has_ids(row.kind)}
        log = session.scalars(select(Event).order_by(Event.cursor)).all()
        ids = {event.cursor: event.id for event in log}
        ledger = [
            Due(
                watch=row.watch, event=ids.get(row.event, ""), channel=names[row.channel], state=row.state,
                message=row.message, reason=row.reason,
            )
            for row in session.scalars(select(Owed).order_by(Owed.id))
        ]  # fmt: skip
        messages = {
            row.id: Made(
                number=row.number, watch=row.watch, channel=names[row.channel], kind=row.kind,
                at=row.made_at.timestamp(),
            )
            for row in session.scalars(select(Handover))
        }  # fmt: skip
    numbered = {found[1]: event.id for event in log if event.kind == _NEW and (found := _NUMBER.search(event.title))}
    return Told(
        expected={
            (one.watch, event.id, channel): ends
            for event in log
            for one in asked
            for channel in one.channels
            if (ends := one.ends(event, has_ids=channel not in without_ids))
        },
        ledger=ledger, cursors={event.id: event.cursor for event in log}, messages=messages,
        receipts=[_known(one, ledger, numbered) if one.said else one for one in receipts],
        killed=killed, asked=asked, without_ids=without_ids, wrong=Auditor(database).look().wrong,
    )  # fmt: skip


def _known(receipt: Receipt, ledger: Sequence[Due], numbered: Mapping[str, str]) -> Receipt:
    """A receipt of what has no ids, with the events of its titles, and the message in which the ledger has them."""
    events = tuple(numbered[number] for number in _NUMBER.findall(receipt.said))
    of = next((one for one in ledger if one.channel == receipt.path and one.event in events[:1]), None)
    if of is None:
        return receipt
    return replace(receipt, events=tuple(dict.fromkeys(events)), message=of.message or "", watch=of.watch)


def everyone_was_told_of_all_that_they_asked_for(now: Told) -> Iterator[str]:
    """Each event has one row for each watch that wants it and each of its channels, which has ended as it must."""
    rows = Counter((one.watch, one.event, one.channel) for one in now.ledger)
    states = {(one.watch, one.event, one.channel): one.state for one in now.ledger}
    for key, count in rows.items():
        if count > 1:
            yield f"{key} is owed {count} times"
        if key not in now.expected:
            yield f"{key} was never asked for"
    for key, ends in now.expected.items():
        if states.get(key) not in ends:
            yield f"{key} must have ended as {ends} and is {states.get(key)}"
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
    """A message was taken once more at most for each kill in an attempt of it, and each answer not to be trusted.

    Where there are no ids, at most once more for all kills and unknown outcomes together.
    """
    taken, lies, unknown = Counter[str](), Counter[str](), Counter[str](now.killed)
    for one in now.receipts:
        taken[one.message] += one.answer in TAKEN
        lies[one.message] += one.answer == "lied"
        unknown[one.message] += (one.answer in DOUBTFUL and one.answer != "lied") or (one.late and one.answer == "took")
    for message, count in taken.items():
        once = message in now.messages and now.messages[message].channel in now.without_ids
        allowed = lies[message] + min(unknown[message], 1 if once else unknown[message])
        if count - 1 > allowed:
            yield f"{message} was taken {count} times, with {lies[message]} lies, {unknown[message]} unknown outcomes"


def order_is_kept(now: Told) -> Iterator[str]:
    """A watch's messages reach a channel in the order in which they were made, and tell of events in theirs."""
    lines: defaultdict[tuple[str, str], list[Receipt]] = defaultdict(list)
    for one in now.first():
        lines[one.watch, one.path].append(one)
    for pair, line in lines.items():
        if any(now.messages[one.message].number > now.messages[other.message].number for one, other in pairwise(line)):
            yield f"messages of {pair} overtook others"
        events = [now.cursors[event] for one in line for event in one.events]
        if events != sorted(events):
            yield f"events of {pair} were told out of order"


def what_has_no_ids_is_repeated_once_and_says_so(now: Told) -> Iterator[str]:
    """After an unknown outcome it says that it may be a repeat; what is given up had two of them, and has its cause."""
    unknown, unanswered = Counter[str](now.killed), set[str]()
    for one in now.receipts:
        if one.path not in now.without_ids:
            continue
        if not one.message:
            yield f"nobody knows which message it was that came to {one.path}"
        if one.message in unanswered and not one.marked:
            yield f"{one.message} may be a repeat on {one.path} and does not say so"
        if one.answer in UNANSWERED:
            unanswered.add(one.message)
        unknown[one.message] += one.answer in UNANSWERED or one.late
    for due in now.ledger:
        if due.state == "dead" and (unknown[due.message or ""] < 2 or not due.reason):
            yield f"{due} was given up after {unknown[due.message or '']} unknown outcomes"


def who_asks_to_wait_is_left_alone(now: Told) -> Iterator[str]:
    """Nothing comes to a chat for as long as it asked, but from who was killed before that was noted."""
    asked: dict[str, Receipt] = {}
    for one in now.receipts:
        before = asked.get(one.path)
        if before and one.at < before.at + WAIT_SECONDS and not now.killed.get(before.message):
            yield f"{one.message} came to {one.path} {one.at - before.at:.1f} s after it was asked to wait"
        if one.answer == "asked to wait" and not one.late:
            asked[one.path] = one


def quiet_hours_and_pauses_are_kept(now: Told) -> Iterator[str]:
    """Nothing comes to who wants quiet hours in those, or to who has paused a watch; but what was under way already."""
    for watch in now.asked:
        gaps = [(one.ended, other.began) for one, other in pairwise([*watch.times, Time(after=0, began=math.inf)])]
        for one in now.receipts:
            if one.watch != watch.watch:
                continue
            if watch.quiet and _is_quiet(*watch.quiet, one.at):
                yield f"{one.message} came to {one.path} in quiet hours"
            if any(ended is not None and ended + _GRACE_SECONDS < one.at < began for ended, began in gaps):
                yield f"{one.message} came to {one.path} while its watch was paused"


def _is_quiet(begin: int, end: int, at: float) -> bool:
    """Whether a moment is in quiet hours, and not so early in them that what comes then was under way before."""
    return _GRACE_SECONDS / HOUR_SECONDS < hours_since(begin, at) < (end - begin) % 24


def many_are_one_message(now: Told) -> Iterator[str]:
    """A daily watch has one digest a day; no other has more messages of one event, within so long, than are meant."""
    daily = {one.watch for one in now.asked if one.daily}
    lines: defaultdict[tuple[str, str], list[Made]] = defaultdict(list)
    for one in sorted(now.messages.values(), key=lambda one: one.number):
        lines[one.watch, one.channel].append(one)
    for pair, line in lines.items():
        days = Counter((one.at - _MORNING * HOUR_SECONDS) // DAY_SECONDS for one in line)
        if pair[0] in daily and (max(days.values()) > 1 or any(one.kind != "digest" for one in line)):
            yield f"{pair} had {max(days.values())} messages on a day"
        singles = [one.at for one in line if one.kind == "event"]
        if any(
            round(late - early, 3) < WINDOW_SECONDS for early, late in zip(singles, singles[SINGLES:], strict=False)
        ):
            yield f"{pair} had more than {SINGLES} messages of one event within {WINDOW_SECONDS:.0f} s"


LAWS: tuple[Law, ...] = (
    everyone_was_told_of_all_that_they_asked_for, none_is_lost, none_is_told_twice, each_repeat_has_its_cause,
    what_has_no_ids_is_repeated_once_and_says_so, order_is_kept, who_asks_to_wait_is_left_alone,
    quiet_hours_and_pauses_are_kept, many_are_one_message,
)  # fmt: skip


def breaches(now: Told) -> list[str]:
    """A sentence for each breach of each law, with the law's name before it."""
    return [f"{law.__name__}: {why}" for law in LAWS for why in law(now)]
