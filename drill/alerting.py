"""Crawls and deliveries that are killed while a portal publishes, edits and withdraws, and the laws of alerts."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import func, select

from alerts import watches
from drill import alert_laws
from drill.alert_laws import Asked
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

_SETTLES_SECONDS = 180
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


@dataclass(kw_only=True)
class Alarm:
    """The room of this scenario: who is told, who tells, and in which attempts kills fell."""

    drill: Drill
    receiver: Receiver
    begin: Callable[..., Crawl]
    asked: list[Asked] = field(default_factory=list)
    after: int = 0
    delivery: Crawl | None = None
    crawl: Crawl | None = None
    hit: Counter[str] = field(default_factory=Counter)
    published: int = 0
    withdrawn: set[str] = field(default_factory=set)
    crawls: int = 0

    # What there is to be told of

    def watch(self) -> None:
        """Makes the watches: some share channels, and one has two."""
        wanted = [
            (("first", "second"), "", "", "\0", ["article"]),
            (("third",), _WORDS[0], _WORDS[0], "\0", ["article"]),
            (("third", "reader@example.org"), f"kchung -{_WORDS[1]}", "kchung", _WORDS[1], ["article.new"]),
            (("fourth", "other@example.org"), f"{_WORDS[2]} OR {_WORDS[0]}", "kcham", "\0", ["all"]),
        ]
        with self.drill.database() as database, database.writing() as session:
            self.after = events.last(session)
            for channels, query, has, has_not, kinds in wanted:
                wish = watches.Wish(query=query, kinds=watches.kinds(kinds))
                addresses = [self.receiver.address(name) for name in channels]
                made = watches.add(session, wish, addresses, now=datetime.now(UTC))
                kind = kinds[0] if "." in kinds[0] else "article."
                self.asked.append(
                    Asked(
                        watch=made.id, channels=channels, query=query, kind="" if kinds == ["all"] else kind,
                        wanted=has, unwanted=has_not,
                    )
                )  # fmt: skip

    def disturb_portal(self) -> None:
        """The portal publishes; now and then it edits or withdraws what was read."""
        control, chance = self.drill.site.portal.control, self.drill.chance
        for _ in range(chance.randrange(1, 5)):
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
            begun = _begun(database, delivery.pid)
        self.hit.update(begun)
        where = killed(delivery, self.drill.site, self.drill.writing)
        return where if where in {ENDED, "transaction"} else "sending" if begun else "waiting"

    def _told(self, messages: int, *, seconds: float) -> Callable[[], bool]:
        """Whether the receiver has had so many more messages, or time is up."""
        goal, end = len(self.receiver.receipts) + messages, time.monotonic() + seconds
        return lambda: len(self.receiver.receipts) >= goal or time.monotonic() > end

    # The end

    def settle(self) -> None:
        """Lets crawls come to their ends, and all be told. Raises Broken where it is not."""
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
            return alert_laws.told(
                database, self.asked, after=self.after, receipts=tuple(self.receiver.receipts), killed=self.hit
            )


def _begun(database: Database, pid: int) -> list[str]:
    """Messages of which a process has begun an attempt, and not ended it."""
    with database.reading() as session:
        return list(session.scalars(select(Handover.id).where(Handover.claimed_by == leases.holder(pid))))


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
        "due": len(now.ledger), "noted": sum(one.state == "noted" for one in now.ledger),
        "messages": sum(1 for _ in now.first()), "attempts": len(now.receipts), "repeats": now.repeats(),
        "killed_attempts": alarm.hit.total(), "not_taken": sum(one.answer not in TAKEN for one in now.receipts),
        **{answer.replace(", ", "_").replace(" ", "_"): count for answer, count in sorted(answers.items())},
    }  # fmt: skip
    return drill.close()
