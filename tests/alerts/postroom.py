"""A post room for tests: a database, a clock that tests move, what happens, and a receiver that does as it is told."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from alerts import watches
from alerts.dispatch import Dispatcher
from alerts.items import Message, Outcome
from alerts.telling import Names
from scraper.config import Config
from scraper.items import VIETNAM, Article, Moment
from scraper.outcomes import Outcome as Fetched
from storage import articles, batch, events, pages
from storage.alert_tables import Channel, Handover, Owed, WatchChannel
from storage.articles import Sighting
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from alerts.watches import Made

NINE = datetime(2026, 2, 11, 9, 0, tzinfo=VIETNAM)
"""A Wednesday morning, five days before Tết."""
TAKEN = Outcome(end="taken")
FAILS = Outcome(end="later", cause="server-error", detail="500")
HANGS = Outcome(end="unknown", cause="timeout", detail="no answer")
GONE = Outcome(end="closed", cause="gone", detail="410")
REFUSES = Outcome(end="refused", cause="rejected", detail="400")
MAIL, HOOK, CHAT = "mailto:reader@example.org", "webhook+https://hooks.example.org/in", "telegram:4711"


@dataclass
class Clock:
    now: datetime = NINE

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


@dataclass
class Receiver:
    """All channels. By address, what it answers next, one after the other; then `usual`."""

    got: list[tuple[str, Message]] = field(default_factory=list)
    answers: defaultdict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    usual: dict[str, Outcome] = field(default_factory=dict)
    before: Callable[[str, Message], None] = lambda *_: None

    def send(self, address: str, message: Message, *, secrets: Sequence[str] = ()) -> Outcome:
        self.before(address, message)
        answer = self.answers[address].pop(0) if self.answers[address] else self.usual.get(address, TAKEN)
        if answer.end in {"taken", "unknown"}:
            self.got.append((address, message))
        return answer

    def at(self, address: str) -> list[Message]:
        return [message for to, message in self.got if to == address]

    def titles(self, address: str = MAIL) -> list[str]:
        return [one.title for message in self.at(address) for one in message.happenings]


def leave(session: Session, watch: str, *, now: datetime, kind: str = "mail") -> None:
    """The reader of a watch's channel of a kind wants no more."""
    asked = select(WatchChannel.token).join(Channel, Channel.id == WatchChannel.channel)
    token = session.scalars(asked.where(WatchChannel.watch == watch, Channel.kind == kind)).one()
    watches.leave(session, token, now=now)


class PostRoom:
    def __init__(self, folder: Path, address: str) -> None:
        self.config = Config(data=folder, database_url=address, sources=folder / "sources")
        self.database = Database(self.config)
        self.clock = Clock()
        self.receiver = Receiver()
        self.dispatchers: list[Dispatcher] = []
        self._main: Dispatcher | None = None

    def close(self) -> None:
        for one in self.dispatchers:
            one.close()
        self.database.close()

    @contextmanager
    def sender(self) -> Iterator[Receiver]:
        yield self.receiver

    def dispatcher(self, **options: Any) -> Dispatcher:
        made = Dispatcher(
            self.database, self.sender, Names(sources={"snv": "Sở Nội vụ"}, public_url="https://tin.example.org"),
            clock=self.clock, chance=lambda: 0.0, ticks=lambda: self.clock().timestamp(),
            rest=lambda seconds: self.clock.forward(seconds=seconds), **options,
        )  # fmt: skip
        self.dispatchers.append(made)
        return made

    def deliver(self) -> Dispatcher:
        """What `congtin deliver` does."""
        self._main = self._main or self.dispatcher()
        self._main.once()
        return self._main

    def watch(self, query: str = "", *to: str, **wish: Any) -> Made:
        with self.database.writing() as session:
            return watches.add(session, watches.Wish(query=query, **wish), to or (MAIL,), now=self.clock())

    def change(self, change: Callable[..., None], watch: Made, *words: str) -> None:
        with self.database.writing() as session:
            change(session, watch.id, *words, now=self.clock())

    def publish(self, *titles: str, origin: str = "poll", source: str = "snv", body: str = "Nội dung.") -> None:
        """Articles that the portal shows now, new or (the same title with another body) changed."""
        with self.database.writing() as session:
            for title in titles:
                url = f"https://{source}.example.vn/{title.replace(' ', '-')}"
                page = pages.one(session, source, url, url=url, section="news", at=self.clock())
                said = Article(
                    url=url, canonical_url=url, title=title, body_text=body, body_html=f"<p>{body}</p>",
                    published=Moment(at=NINE, precision="minute"), published_raw="",
                )  # fmt: skip
                sighting = Sighting(
                    article=said, page=page, source=source, platform="sharepoint", section="news", origin=origin,
                    at=self.clock(), capture=None, number_of=lambda _: None,
                )  # fmt: skip
                articles.save(session, sighting)
                pages.answered(page, Fetched.OK, at=self.clock(), run=1)
                batch.flush(session)

    def happen(self, kind: str, title: str, *changes: Any, times: int = 1, source: str = "snv") -> None:
        """Something happens to a published article, as the log has it."""
        with self.database.writing() as session:
            url = f"https://{source}.example.vn/{title.replace(' ', '-')}"
            page = pages.one(session, source, url, url=url, section="news", at=self.clock())
            assert page.record is not None
            for _ in range(times):
                self.clock.forward(milliseconds=10)
                subject = events.Subject(id=page.record, version=1, source=source, title=title, url=url)
                events.append(session, kind, subject, at=self.clock(), origin="poll", changes=changes)

    def states(self) -> dict[str, int]:
        """How many rows of the outbox are in which state."""
        with self.database.reading() as session:
            asked = select(Owed.state, func.count().label("rows")).group_by(Owed.state)
            return {row.state: row.rows for row in session.execute(asked)}

    def messages(self, **where: Any) -> Sequence[Handover]:
        with self.database.reading() as session:
            return session.scalars(select(Handover).filter_by(**where).order_by(Handover.number)).all()
