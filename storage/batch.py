"""What jobs of one kind share in a transaction: rows looked up for all of them at once, and rows sent all at once.

A statement costs more in Python than in the database, and most of those that a page needs are the same for every page.
A batch lives in its session while the writer runs such jobs. Where there is none, in a transaction that is run again
with care or in a test, the same functions look up and send one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Insert
    from sqlalchemy.orm import Session

    from storage.models import Article, Page
    from storage.runs import Ticket

_KEY = "batch"
Work = Callable[["Session", list[Any]], None]


@dataclass(slots=True, eq=False)
class Batch:
    """Rows that were looked up: `pages` by source and address, and `records`; `absent` are keys that are not there.

    `captured` are tickets whose captures were entered, `rows` what is still to be sent, `made` the ids of records among
    it, `last` work that was put off to the end.
    """

    pages: dict[tuple[str, str], Page] = field(default_factory=dict)
    records: list[Article] = field(default_factory=list)
    absent: set[tuple[str, ...]] = field(default_factory=set)
    captured: set[Ticket] = field(default_factory=set)
    rows: dict[Insert, list[dict[str, Any]]] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    last: dict[Work, list[Any]] = field(default_factory=dict)


def begin(session: Session) -> Batch:
    """Opens the session's batch."""
    session.info[_KEY] = opened = Batch()
    return opened


def of(session: Session) -> Batch | None:
    """The session's batch, if one is open."""
    return session.info.get(_KEY)


def at_end(session: Session, work: Work, one: Any) -> None:
    """Has this done at the batch's end, for all that were put off to it at once; now where there is no batch."""
    opened = of(session)
    if opened is None:
        work(session, [one])
    else:
        opened.last.setdefault(work, []).append(one)


def end(session: Session) -> None:
    """Does and sends what is left to be done and closes the batch, if there is one."""
    if opened := of(session):
        for work, several in opened.last.items():
            work(session, several)
    send(session)
    session.info.pop(_KEY, None)


def later(session: Session, statement: Insert, row: dict[str, Any]) -> None:
    """Inserts a row, with others like it where there is a batch. Statements are sent in the order of their first."""
    opened = of(session)
    if opened is None:
        session.connection().execute(statement, row)
    else:
        opened.rows.setdefault(statement, []).append(row)


def send(session: Session) -> None:
    """Inserts what was put off, so that queries and foreign keys find it."""
    opened = of(session)
    if opened and opened.rows:
        rows, opened.rows = opened.rows, {}
        opened.made.clear()
        for statement, several in rows.items():
            session.connection().execute(statement, several)


def flush(session: Session) -> None:
    """Sends what was put off, then what was changed in rows: a page may point to a record that was just made."""
    send(session)
    session.flush()


def is_absent(session: Session, *key: str) -> bool:
    """Whether this was looked up ahead in vain; where it was not, a query will find all that there is."""
    opened = of(session)
    if opened is None:
        return False
    if key in opened.absent:
        return True
    send(session)
    return False
