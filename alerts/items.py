"""The words that the rooms of alerts share: what is told, in which message, and what came of handing it over. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from scraper.deadlines import Deadline

Language = Literal["vi", "en"]
Every = Literal["now", "day", "week"]
MessageKind = Literal["event", "digest", "notice", "test"]
"""One thing that happened; several in one; a word to the owner of a watch (a channel that fails, say); a trial."""
End = Literal["taken", "later", "unknown", "refused", "closed"]
"""What came of handing a message over.

`taken`: the other side has it. `later`: it surely has not, and another attempt may help. `unknown`: nobody can know (it
was sent, and no answer came): another attempt bears the same id. `refused`: it will never take this message. `closed`:
it will take none any more (410, a chat that blocked us): the channel is paused and its owner told.
"""
Cause = Literal[
    "", "dns", "connection", "tls", "timeout", "redirect", "rate-limited", "server-error", "rejected", "not-found",
    "gone", "blocked", "moved", "too-big", "address", "configuration", "library",
]  # fmt: skip
"""Why a message was not taken, of a closed list; `address` is one that the guard refuses, `configuration` is ours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """What became of one field of a record: its words kept, added and removed, with a few kept ones around."""

    field: str
    words: tuple[tuple[Literal["=", "+", "-"], str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One event, as a message tells of it.

    `url` is the portal's page and `page` our copy's (both absolute; empty where there is none); `excerpt` is how a new
    article begins, on one line; `due` are the deadlines in it that were not past when it happened; `documents` are
    titles and addresses; `also` are the names of other sources that tell the same story.
    """

    event: str
    kind: str
    at: datetime
    source: str
    source_name: str
    record: str | None
    version: int | None
    title: str
    url: str
    page: str
    published_at: datetime | None
    precision: str | None
    excerpt: str = ""
    changed: tuple[Passage, ...] = ()
    due: tuple[Deadline, ...] = ()
    documents: tuple[tuple[str, str], ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is handed over to one channel. Its id is the same at each attempt, so that a receiver can tell a repeat.

    `thread` is what the message belongs to: the record's id, or the watch's. `total` is how many things happened, of
    which `happenings` are those that are shown; `noted` counts by source what came into the archive without being news
    (backfill, import, replay). `again` says that an earlier attempt may have arrived. `manage` and `unsubscribe` are
    addresses of our own, empty where no public address is set. `said` is a notice's text.
    """

    id: str
    kind: MessageKind
    watch: str
    query: str
    language: Language
    at: datetime
    thread: str
    happenings: tuple[Happening, ...] = ()
    total: int = 0
    noted: tuple[tuple[str, int], ...] = ()
    again: bool = False
    search: str = ""
    manage: str = ""
    unsubscribe: str = ""
    said: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of one attempt.

    `detail` is for the operator, with no secret in it; `retry_after` is in seconds, as the other side asked;
    `moved_to` is a channel's new address (a Telegram group that became a supergroup).
    """

    end: End
    cause: Cause = ""
    detail: str = ""
    retry_after: float | None = None
    moved_to: str | None = None
