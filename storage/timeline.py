"""What held on which day: from what pages say of decisions to a procedure's steps, and to its state. Pure.

A page's word ("decision 12 abolishes it") is an announcement. Many pages repeat one piece of news, some of them without
the decision's number: `steps` gathers what belongs together, and does so from the set of announcements alone, so that
the order in which pages were met changes nothing. A decision takes effect on the day it states, else on the day it was
issued, else when it was published; only where nothing else is known, on the day we saw it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Literal, get_args

from scraper.items import Change

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

State = Literal["in-force", "not-yet", "replaced", "abolished", "unknown"]
Basis = Literal["effective", "issued", "published", "seen"]
"""Which day a step's is: the one the decision states, of its issue, of its publication, or of our first sight of it."""
STATES: tuple[State, ...] = get_args(State)
CHANGES: tuple[Change, ...] = get_args(Change)
"""In the order of a procedure's life, which decides between decisions of one day."""

SAME_NEWS = timedelta(days=60)
"""How far apart an announcement without a number may stand from another of the same change and still be its news; how
long after a list named a procedure a decision may announce it as new, and still be the news of that."""

MEANS: dict[Change, State] = {
    "new": "in-force", "amended": "in-force", "replaced": "replaced", "abolished": "abolished",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """One page's word that a decision does something to a procedure.

    `number` is the decision's in its normal form, empty where the page does not say it; `issued` and `effective` are
    the decision's days, `published` the page's, `seen` ours. `key` tells announcements apart; `province` is that of the
    portal, None where it is of none.
    """

    key: int
    change: Change
    seen: date
    number: str = ""
    issued: date | None = None
    effective: date | None = None
    published: date | None = None
    province: str | None = None

    @property
    def day(self) -> date:
        """The day that this page alone would give."""
        return self.effective or self.issued or self.published or self.seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What one decision does to a procedure, on which day, and all announcements of it, the most telling one first."""

    change: Change
    number: str
    issued: date | None
    day: date
    basis: Basis
    told: tuple[Announcement, ...]

    @property
    def announced(self) -> date:
        """When it was made known: of issue, else of the first page that tells of it; that may be before it holds."""
        return self.issued or min(one.published or one.seen for one in self.told)

    @property
    def provinces(self) -> frozenset[str]:
        """The provinces that it holds for, where it is a province's; empty where it holds everywhere.

        A people's committee (UBND) decides for its province, a minister for all (Decree 63/2010/NĐ-CP, art. 13).
        """
        if "ubnd" not in self.number.lower():
            return frozenset()
        return frozenset(one.province for one in self.told if one.province)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """From which day a list of what is in force names a procedure, and until which day (not that day itself).

    `province` is the portal's, `seen` the day on which the list was last read; `key` tells listings apart.
    """

    since: date
    until: date | None = None
    province: str | None = None
    seen: date | None = None
    key: int = 0

    def names(self, day: date) -> bool:
        """Whether it names the procedure on a day."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a procedure stands on a day, since when (None where nobody says), and by which step, if by any.

    `elsewhere` are the lists that still name it after one province's decision has ended it there.
    """

    state: State
    since: date | None = None
    step: Step | None = None
    elsewhere: tuple[Listing, ...] = ()


def steps(announcements: Iterable[Announcement]) -> list[Step]:
    """The steps that announcements tell of, in the order they take effect.

    Those of one change and one number are one step, unless they state different days of issue: offices count their
    decisions from one again each year. One without a number belongs to the nearest step of its change, if that is
    near enough.
    """
    ordered = sorted(set(announcements), key=lambda one: (one.change, one.number, one.day, one.key))
    found: list[Step] = []
    for change, same in groupby(ordered, key=lambda one: one.change):
        told = list(same)
        numbered = groupby((one for one in told if one.number), key=lambda one: one.number)
        clusters = [cluster for _, group in numbered for cluster in _by_issue(list(group))]
        days = [_step(change, cluster).day for cluster in clusters]
        loose: list[list[Announcement]] = []
        for one in told:
            if one.number:
                continue
            near = min(range(len(days)), key=lambda place: abs(days[place] - one.day), default=None)
            if near is not None and abs(days[near] - one.day) <= SAME_NEWS:
                clusters[near].append(one)
            elif loose and one.day - loose[-1][0].day <= SAME_NEWS:
                loose[-1].append(one)
            else:
                loose.append([one])
        found += [_step(change, cluster) for cluster in (*clusters, *loose)]
    return sorted(found, key=_order)


def _by_issue(told: Sequence[Announcement]) -> list[list[Announcement]]:
    """Announcements of one number, apart where they state different days of issue; the others go to the nearest."""
    dated = sorted({one.issued for one in told if one.issued})
    if len(dated) <= 1:
        return [list(told)]
    clusters = {day: [one for one in told if one.issued == day] for day in dated}
    for one in told:
        if one.issued is None:
            clusters[min(dated, key=lambda day: abs(day - one.day))].append(one)
    return list(clusters.values())


def _step(change: Change, told: Sequence[Announcement]) -> Step:
    # A page that says more of the decision comes first, then the one that was met first.
    ordered = sorted(told, key=lambda one: (not one.number, one.effective is None, one.issued is None, one.key))
    day, basis = _takes_effect(ordered)
    return Step(
        change=change,
        number=ordered[0].number,
        issued=min((one.issued for one in ordered if one.issued), default=None),
        day=day,
        basis=basis,
        told=tuple(ordered),
    )


def _takes_effect(told: Sequence[Announcement]) -> tuple[date, Basis]:
    days: tuple[tuple[Basis, Iterable[date | None]], ...] = (
        ("effective", (one.effective for one in told)),
        ("issued", (one.issued for one in told)),
        ("published", (one.published for one in told)),
    )
    for basis, said in days:
        if known := [day for day in said if day]:
            return min(known), basis
    return min(one.seen for one in told), "seen"


def _order(step: Step) -> tuple[date, date, int, str]:
    return step.day, step.issued or step.day, CHANGES.index(step.change), step.number


def state(done: Sequence[Step], listings: Collection[Listing], day: date) -> Standing:
    """How a procedure stands on a day: `done` are its steps in order, `listings` where it is named as being in force.

    A step goes before any list. Before its introduction a procedure is not yet in force, unless a list named it long
    before that was announced, and before another first step nobody says how it stood. Where one province has ended it
    and a list of another, or of the whole country, was seen to name it after that, it is in force: there.
    """
    past = [step for step in done if step.day <= day]
    if past:
        return _elsewhere(_after(past), [one for one in listings if one.names(day)])
    named = [one.since for one in listings if one.names(day)]
    if done and done[0].change == "new":
        # Lists name what a decision introduces soon; what stood there long before it was in force somewhere.
        named = [since for since in named if since < done[0].announced - SAME_NEWS]
        if not named:
            return Standing(state="not-yet")
    return Standing(state="in-force", since=min(named)) if named else Standing(state="unknown")


def _after(past: Sequence[Step]) -> Standing:
    """The state that the last step made, since the first of the steps in a row that mean the same."""
    meaning = MEANS[past[-1].change]
    since = past[-1].day
    for step in reversed(past):
        if MEANS[step.change] != meaning:
            break
        since = step.day
    return Standing(state=meaning, since=since, step=past[-1])


def _elsewhere(standing: Standing, listings: Iterable[Listing]) -> Standing:
    """How a procedure stands that a province may have ended for itself alone; `listings` name it on that day."""
    step = standing.step
    if step is None or standing.state not in {"replaced", "abolished"} or not step.provinces:
        return standing
    others = [one for one in listings if one.province not in step.provinces and one.seen and one.seen > step.day]
    if not others:
        return standing
    return Standing(state="in-force", since=min(one.since for one in others), step=step, elsewhere=tuple(others))
