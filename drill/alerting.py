"""Crawls and deliveries that are killed while a portal publishes, edits and withdraws, and the laws of alerts."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import func, select

from alerts import watches
from drill import alert_laws
from drill.alert_laws import Asked, Time
from drill.crawls import ENDED, killed, stopped, wait
from drill.receiver import ANSWERS_SECONDS, TAKEN
from drill.scenarios import Broken, past
from storage import events, leases
from storage.alert_tables import Following, Handover, Owed
from storage.models import Article

if TYPE_CHECKING:
    from collections.abc import Callable

    from drill.alert_laws import Told
    from drill.crawls import Crawl
    from drill.receiver import Receiver
    from drill.scenarios import Drill, Outcome
    from storage.database import Database

_SETTLES_SECONDS = 300
"""So long it may take until all is told, once nothing is killed any more."""
_RECHECKS = 4
"""One crawl of so many asks for known pages again: what was edited and withdrawn is seen then."""
_OF_A_POLL = 10
"""Requests of a crawl that finds little."""
_LATE = 0.4
"""Seconds after a crawl's request in which the kill falls."""
_AT_START = 0.15
"""The share of a delivery's kills whose moment is a time since it began, and no number of messages."""
_PATIENCE_SECONDS = 6.0
"""So long is waited for a message, where a crawl has found nothing."""
_EDITS, _WITHDRAWALS = 0.3, 0.15
"""Of how many crawls the portal has edited, or withdrawn, an article before."""
_WORDS = ("kxanh", "kvang", "ktrang")
"""Words that no article has by itself."""
_NEW = "article.new"
_BURSTS, _MANY = 0.05, 25
"""How often the portal publishes many at once, and how many."""
_PAUSES = 0.1
"""How often, beside a kill, somebody pauses a watch or has it go on."""


@dataclass(kw_only=True)
class Alarm:
    """The room of this scenario: who is told, who tells, and in which attempts kills fell."""

    drill: Drill
    receiver: Receiver
    begin: Callable[..., Crawl]
    asked: list[Asked] = field(default_factory=list)
    delivery: Crawl | None = None
    crawl: Crawl | None = None
    hit: Counter[str] = field(default_factory=Counter)
    published: int = 0
    withdrawn: set[str] = field(default_factory=set)
    crawls: int = 0

    # What there is to be told of

    def watch(self) -> None:
        """Makes the watches: some share channels, some have two, and three channels have no ids."""
        xanh, vang, trang = _WORDS
        wanted: list[tuple[tuple[str, ...], str, str, str, str, dict[str, Any]]] = [
            (("first", "second"), "", "article.", "", "\0", {}),
            (("third",), xanh, "article.", xanh, "\0", {}),
            (("third", "reader@example.org"), f"kchung -{vang}", _NEW, "kchung", vang, {}),
            (("fourth", "other@example.org"), f"{trang} OR {xanh}", "", "kcham", "\0", {}),
            (("77", "telephone"), f"kchung -{xanh}", _NEW, "kchung", xanh, {}),
            (("daily", "daily@example.org"), "kchung", "article.", "kchung", "\0", {"every": "day"}),
            (("quiet",), "kchung", "article.", "kchung", "\0", {"quiet": (22, 10)}),
            (("paused", "78"), "kchung", _NEW, "kchung", "\0", {}),
        ]
        with self.drill.database() as database, database.writing() as session:
            after = events.last(session)
            for channels, query, kind, has, has_not, rhythm in wanted:
                wish = watches.Wish(query=query, kinds=watches.kinds([kind.rstrip(".") or "all"]), **rhythm)
                addresses = [self.receiver.address(name) for name in channels]
                made = watches.add(session, wish, addresses, now=datetime.now(UTC))
                self.asked.append(
                    Asked(
                        watch=made.id, channels=channels, kind=kind, wanted=has, unwanted=has_not,
                        daily=wish.every == "day", quiet=wish.quiet, times=[Time(after=after)],
                    )
                )  # fmt: skip

    def disturb_watch(self, *, last: bool = False) -> None:
        """Pauses the last watch, or has it go on; in the end it is removed. Its maker remembers when that was."""
        watch = self.asked[-1]
        latest, began = watch.times[-1], time.time()
        with self.drill.database() as database, database.writing() as session:
            if last:
                watches.remove(session, watch.watch, now=datetime.now(UTC))
            elif latest.until is None:
                watches.pause(session, watch.watch, now=datetime.now(UTC))
            else:
                watches.resume(session, watch.watch, now=datetime.now(UTC))
            here = events.last(session)
        if latest.until is None:
            latest.until, latest.ended = here, time.time()
        elif not last:
            watch.times.append(Time(after=here, began=began))

    def disturb_portal(self) -> None:
        """The portal publishes; now and then it edits or withdraws what was read."""
        control, chance = self.drill.site.portal.control, self.drill.chance
        for _ in range(_MANY if chance.random() < _BURSTS else chance.randrange(1, 5)):
            self.published += 1
            word = chance.choice(_WORDS)
            also = " kcham" if word in {_WORDS[0], _WORDS[2]} else ""
            control(
                do="publish", title=f"Tin kchung số {self.published} {word}{also}",
                body=f"Nội dung của tin số {self.published}.", section=chance.choice(("news", "activity")),
            )  # fmt: skip
        if chance.random() < _EDITS and (path := self._untouched()):
            control(do="edit", path=path)
            self.drill.changed.add(path)
        if chance.random() < _WITHDRAWALS and (path := self._untouched()):
            control(do="withdraw", path=path)
            self.withdrawn.add(path)

    def _untouched(self) -> str | None:
        """An article that was read, and neither edited nor withdrawn; None where there is none."""
        with self.drill.database() as database, database.reading() as session:
            read = {urlsplit(url).path.lower() for url in session.scalars(select(Article.canonical_url))}
        touched = self.drill.changed | self.withdrawn
        untouched = [
            path for path in self.drill.site.portal.portal.urls() if path.lower() in read and path not in touched
        ]
        return self.drill.chance.choice(untouched) if untouched else None

    # Who tells

    def go_on(self) -> None:
        """Has a delivery and a crawl run."""
        if self.delivery is None or self.delivery.poll() is not None:
            self.delivery = self.begin("deliver", "--follow")
        if self.crawl is None or self.crawl.poll() is not None:
            self.disturb_portal()
            self.crawls += 1
            words = ("--recheck",) if self.crawls % _RECHECKS == 0 else ()
            self.crawl = self.drill.site.start(*words)

    def kill_one(self) -> bool:
        """Kills the crawl or the delivery at a random moment; whether it still lived."""
        self.go_on()
        assert self.crawl is not None
        assert self.delivery is not None
        chance = self.drill.chance
        if chance.random() < _PAUSES:
            self.disturb_watch()
        if chance.random() < 0.5:
            wait(self.crawl, self.drill.after(chance.randrange(1, 2 * _OF_A_POLL)))
            time.sleep(chance.uniform(0, _LATE))
            what, where = "crawl", killed(self.crawl, self.drill.site, self.drill.writing)
        else:
            what, where = "delivery", self._kill(self.delivery)
        if where == ENDED:
            return False
        self.drill.done(f"{what}: {where}")
        return True

    def _kill(self, delivery: Crawl) -> str:
        """Kills the delivery; where it was. Notes of which messages attempts had begun."""
        chance = self.drill.chance
        if chance.random() < _AT_START:
            wait(delivery, past(chance.uniform(0, 2)))
        else:
            wait(delivery, self._told(chance.randrange(1, 8), seconds=_PATIENCE_SECONDS))
            time.sleep(chance.uniform(0, ANSWERS_SECONDS))
        with self.drill.database() as database:  # opened before: who is stopped in its start has the file locked
            stopped(delivery)
            holder = leases.holder(delivery.pid)
            where = killed(delivery, self.drill.site, self.drill.writing)
            begun = _begun(database, holder)
        self.hit.update(begun)
        return where if where in {ENDED, "transaction"} else "sending" if begun else "waiting"

    def _told(self, messages: int, *, seconds: float) -> Callable[[], bool]:
        """Whether the receiver has had so many more messages, or time is up."""
        goal, end = len(self.receiver.receipts) + messages, time.monotonic() + seconds
        return lambda: len(self.receiver.receipts) >= goal or time.monotonic() > end

    # The end

    def settle(self) -> None:
        """Lets crawls come to their ends, and all be told. Raises Broken where it is not."""
        self.disturb_watch(last=True)
        if self.crawl is not None:
            self.crawl.communicate()
        for path in sorted(self.withdrawn):
            self.drill.site.portal.control(do="restore", path=path)
        for words in ((), ("--recheck",), ()):  # an article whose second address is read first is left to the next one
            self.drill.rest(*words)
        if self.delivery is None or self.delivery.poll() is not None:
            self.delivery = self.begin("deliver", "--follow")
        delivery = self.delivery
        end = time.monotonic() + _SETTLES_SECONDS
        while left := self._left():
            if delivery.poll() is not None or time.monotonic() > end:
                raise Broken(f"all_is_told_in_the_end: {left} are not, the delivery's exit code is {delivery.poll()}")
            time.sleep(0.1)
        with suppress(ProcessLookupError):
            os.kill(delivery.pid, signal.SIGTERM)
        delivery.communicate()
        if delivery.poll():
            raise Broken(f"a_delivery_that_is_told_to_stop_ends_well: its exit code is {delivery.poll()}")

    def end(self) -> None:
        """Leaves no process behind."""
        for one in (self.crawl, self.delivery):
            if one is not None and one.poll() is None:
                one.kill()

    def _left(self) -> int:
        """Events that are still to be followed, and told."""
        with self.drill.database() as database, database.reading() as session:
            unread = events.last(session) - (session.scalar(select(Following.cursor)) or 0)
            asked = select(func.count()).select_from(Owed).where(Owed.state == "pending")
            return unread + (session.scalar(asked) or 0)

    def ledgers(self) -> Told:
        """What the laws speak of."""
        with self.drill.database() as database:
            return alert_laws.told(database, self.asked, receipts=tuple(self.receiver.receipts), killed=self.hit)


def _begun(database: Database, holder: str) -> list[str]:
    """Messages of which a process has begun an attempt, and not ended it."""
    with database.reading() as session:
        return list(session.scalars(select(Handover.id).where(Handover.claimed_by == holder)))


def kill(drill: Drill, receiver: Receiver, begin: Callable[..., Crawl], *, kills: int) -> Outcome:
    """SIGKILL at random moments of crawls and of a delivery beside them, to a receiver that fails, hangs and lies."""
    drill.site.starter = lambda *words: begin("crawl", "drill", *words)
    alarm = Alarm(drill=drill, receiver=receiver, begin=begin)
    try:
        alarm.watch()
        drill.rest("--full")
        done = 0
        while done < kills:
            done += alarm.kill_one()
        alarm.settle()
    finally:
        alarm.end()
    now = alarm.ledgers()
    if broken := alert_laws.breaches(now):
        raise Broken.of(broken)
    answers = Counter(one.answer for one in now.receipts)
    drill.outcome.alerts = {
        "due": len(now.ledger), **Counter(one.state for one in now.ledger),
        "messages": sum(1 for _ in now.first()), "attempts": len(now.receipts), "repeats": now.repeats(),
        "given_up": len(now.dead()), "given_up_and_lost": len(now.dead() - {one.message for one in now.first()}),
        "killed_attempts": alarm.hit.total(), "not_taken": sum(one.answer not in TAKEN for one in now.receipts),
        **{answer.replace(", ", "_").replace(" ", "_"): count for answer, count in sorted(answers.items())},
    }  # fmt: skip
    return drill.close()
