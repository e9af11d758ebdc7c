"""How a source is, as its operator is told: an event on each change for the worse that lasts, and one on recovery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import func, select

from storage import events
from storage.causes import CERTAIN, Cause
from storage.models import Event, Run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

_LOOKED_BACK = 20
"""Closed runs among which the last one is sought that somebody did not just stop."""
KINDS = ("source.ill", "source.recovered")


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How a run was: its verdict and its cause."""

    verdict: str
    cause: str | None = None

    @property
    def neutral(self) -> bool:
        """Whether it says nothing of the source: somebody stopped it."""
        return self.verdict == "interrupted" and self.cause in {None, Cause.STOPPED}

    @property
    def rank(self) -> int:
        """How bad it is: 0 is healthy, 1 lacks something, 2 brought nothing."""
        return {"healthy": 0, "thin": 1}.get(self.verdict, 2)


def turn(told: Health | None, runs: Sequence[Health]) -> Literal["source.ill", "source.recovered"] | None:
    """What the operator is to be told after a run: a change for the worse that lasts, or that all is well again.

    `told` is what was told last, None where that was good, or nothing; `runs` are the last ones, the newest first. A
    single bad run is a hiccup unless its cause is certain; what is no worse than was told is told once.
    """
    if not runs or runs[0].neutral:
        return None
    newest, *before = [run for run in runs if not run.neutral]
    known = told.rank if told else 0
    if newest.rank == 0:
        return "source.recovered" if known else None
    lasting = newest.cause in CERTAIN or bool(before and before[0].rank > known)
    return "source.ill" if newest.rank > known and lasting else None


def cause(run: Run) -> str | None:
    """The cause of a closed run, of the closed list. A run that died could not say it itself."""
    code: str | None = run.report.get("cause_code")
    return Cause.DIED if code is None and run.verdict == "interrupted" else code


def tell(session: Session, source: str, *, name: str, url: str, at: datetime) -> str | None:
    """Writes an event if there is something to be told of a source since its last closed run; the same in a line.

    In the transaction that closed the run; `name` and `url` are the source's. Two transactions cannot tell the same:
    a source's host is crawled by one process at a time.
    """
    closed = select(Run).where(Run.source == source, Run.closed_at.is_not(None)).order_by(Run.id.desc())
    runs = session.scalars(closed.limit(_LOOKED_BACK)).all()
    history = [Health(verdict=run.verdict or "interrupted", cause=cause(run)) for run in runs]
    told = last_told(session, source)
    kind = turn(told, history)
    if kind is None:
        return None
    newest, was = history[0], told or Health(verdict="healthy")
    changes: list[dict[str, Any]] = [
        {"field": "verdict", "from": was.verdict, "to": newest.verdict},
        {"field": "cause", "from": was.cause, "to": newest.cause, "words": runs[0].cause},
    ]
    events.append_of_source(session, kind, source, at=at, title=name, url=url, changes=changes)
    why = f" ({newest.cause}: {runs[0].cause})" if newest.cause else ""
    return f"{kind}: {source} is {newest.verdict}{why}"


def last_told(session: Session, source: str) -> Health | None:
    """As how ill a source was told of last; None where it was told to be well, or nothing was told."""
    # Grouped, so that no database walks all events backwards to find a source of which there is none.
    last = select(func.max(Event.cursor)).where(Event.kind.in_(KINDS), Event.source == source).group_by(Event.source)
    event = session.scalar(select(Event).where(Event.cursor == last.scalar_subquery()))
    if event is None or event.kind == "source.recovered":
        return None
    now = {change["field"]: change["to"] for change in event.changes}
    return Health(verdict=now["verdict"], cause=now["cause"])
