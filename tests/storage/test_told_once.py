"""Nobody is told twice that one procedure is new, whatever names it first, and however many pages repeat it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import NOON, later, moment
from telling import CODE, PAGE, ROW, decision, kinds, news, row, standing, tell

from scraper.items import DocumentNumber
from storage import events, places
from storage.identity import procedure_id
from storage.procedure_lists import Wanted, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from scraper.items import Procedure

TODAY = NOON.date()
NEW = news("new", decision("12/QĐ-UBND", date=TODAY - timedelta(days=3)), effective_from=TODAY + timedelta(days=5))


def test_the_decision_found_after_the_list_is_learned_and_not_told(session: Session) -> None:
    assert tell(session, ROW, path="/ds", listing=True) == {"procedure.new": 1}
    assert tell(session, NEW, path="/qd", article="a" * 16, at=later(1)) == {}
    last = events.since(session)[-1]
    assert (last.kind, last.record) == ("record.updated", procedure_id(CODE))
    assert last.changes[0]["decision"]["normal"] == "12/QĐ-UBND"
    (step,) = places.steps(places.announcements(session, procedure_id(CODE)))
    assert (step.number, step.basis) == ("12/QĐ-UBND", "effective")
    assert "12/qd-ubnd" in row(session).words


def test_the_list_found_after_the_decision_is_no_news(session: Session) -> None:
    assert tell(session, NEW, path="/qd") == {"procedure.new": 1}
    assert tell(session, ROW, path="/ds", listing=True, at=later(1)) == {}
    assert kinds(session) == ["procedure.new", "record.updated"]


def test_a_decision_that_makes_it_new_again_is_told(session: Session) -> None:
    tell(session, ROW, path="/ds", listing=True)
    day = TODAY + timedelta(days=1)
    assert tell(session, news("abolished", decision("13/QĐ-UBND", date=day)), path="/b", at=later(24)) == {
        "procedure.abolished": 1
    }
    again = news("new", decision("14/QĐ-UBND", date=day + timedelta(days=4)))
    assert tell(session, again, path="/c", at=later(200)) == {"procedure.new": 1}


def test_only_one_decision_is_the_news_that_was_told_with_the_list(session: Session) -> None:
    tell(session, ROW, path="/ds", listing=True)
    assert tell(session, NEW, path="/a", at=later(1)) == {}
    other = news("new", decision("7/QĐ-BNV", date=TODAY - timedelta(days=30)))
    assert tell(session, other, path="/b", at=later(2)) == {"procedure.new": 1}
    assert tell(session, other, path="/c", source="third", at=later(3)) == {}


@pytest.mark.parametrize(
    ("origin", "days", "told"),
    [
        ("poll", 59, {}),
        ("poll", 61, {"procedure.new": 1}),
        ("backfill", 0, {}),
        ("backfill", 1, {"procedure.new": 1}),  # nobody was told of it when the portal was first read
    ],
)
def test_a_decision_announced_after_that_is_news_of_its_own(
    session: Session, origin: str, days: int, told: dict[str, int]
) -> None:
    tell(session, ROW, path="/ds", listing=True, origin=origin)
    made = news("new", decision("12/QĐ-UBND", date=TODAY + timedelta(days=days)))
    assert tell(session, made, path="/qd", at=later(24 * days + 1)) == told


def test_a_name_whose_code_the_decision_tells_is_not_new_twice(session: Session) -> None:
    assert tell(session, replace(ROW, code=None), path="/ds", listing=True) == {"procedure.new": 1}
    assert tell(session, NEW, path="/qd", at=later(1)) == {}


def test_what_a_list_named_long_before_was_in_force_before_it_was_announced(session: Session) -> None:
    tell(session, replace(ROW, effective_from=date(2020, 1, 1)), path="/ds", listing=True, source="other")
    tell(session, NEW, path="/qd", at=later(1))
    assert [standing(session, day) for day in (date(2019, 12, 31), date(2021, 1, 1))] == ["not-yet", "in-force"]


ABOLISHED = decision("99/QĐ-UBND", date=TODAY + timedelta(days=20))
AMENDED = decision("55/QĐ-BNV", date=TODAY + timedelta(days=10))
PAGES: Sequence[tuple[Procedure, dict[str, Any]]] = [
    (ROW, {"path": "/ds", "listing": True}),
    (PAGE, {"path": "/tt", "source": "dichvucong", "platform": "dichvucong"}),
    (replace(ROW, field="Nội vụ"), {"path": "/ds", "source": "gia-lai/snv", "listing": True}),
    (NEW, {"path": "/qd"}),
    (NEW, {"path": "/tin", "source": "other"}),
    (replace(NEW, decision=None, effective_from=None), {"path": "/bao", "source": "third"}),
    (news("amended", AMENDED), {"path": "/a"}),
    (news("amended", AMENDED), {"path": "/a2", "source": "other"}),
    (news("abolished", ABOLISHED), {"path": "/b"}),
    (news("abolished", decision("99/QĐ-UBND")), {"path": "/b2", "source": "third"}),
]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # rolled back
@given(st.permutations(PAGES), st.integers(0, len(PAGES)), st.booleans())
def test_each_step_is_told_once_in_whatever_order_pages_come(
    session: Session, order: list[tuple[Procedure, dict[str, Any]]], backfilled: int, twice: bool
) -> None:
    undone = session.begin_nested()
    happened: Counter[str] = Counter()
    for place, (said, where) in enumerate(order * 2 if twice else order):
        own = said if said is PAGE else None
        origin = "backfill" if place < backfilled else "poll"
        at = later(place / 60)
        rows = () if own else (said,)
        happened += Counter(tell(session, *rows, own=own, at=at, origin=origin, published=moment(NOON, "day"), **where))
    steps = places.steps(places.announcements(session, procedure_id(CODE)))
    undone.rollback()
    assert happened == {"procedure.new": 1, "procedure.amended": 1, "procedure.abolished": 1}
    assert [(one.change, one.number, one.day, one.basis, len(one.told)) for one in steps] == [
        ("new", "12/QĐ-UBND", TODAY + timedelta(days=5), "effective", 3),
        ("amended", "55/QĐ-BNV", TODAY + timedelta(days=10), "issued", 2),
        ("abolished", "99/QĐ-UBND", TODAY + timedelta(days=20), "issued", 2),
    ]


ENDED = DocumentNumber(raw="9/QĐ-UBND", normal="9/QĐ-UBND", type="QĐ", issuer="UBND", date=NOON.date())


@pytest.mark.parametrize(
    ("number", "where", "state"),
    [
        ("9/QĐ-UBND", {"source": "gia-lai/snv"}, "in-force"),
        ("9/QĐ-UBND", {"source": "dichvucong", "platform": "dichvucong"}, "in-force"),
        ("9/QĐ-UBND", {"source": "thanh-hoa/ubnd"}, "abolished"),  # a list of the same province lags behind
        ("9/QĐ-BNV", {"source": "gia-lai/snv"}, "abolished"),  # a minister decides for all
    ],
)
def test_one_province_ends_a_procedure_for_itself(
    session: Session, number: str, where: dict[str, str], state: str
) -> None:
    said = news("abolished", replace(ENDED, raw=number, normal=number))
    tell(session, said, path="/qd", source="thanh-hoa/snv")
    tell(session, ROW, path="/ds", listing=True, **where)
    assert shown(session)["state"] == "abolished"  # seen on the day itself, and not after it
    tell(session, ROW, path="/ds", listing=True, at=later(48), **where)
    told = shown(session)
    assert (told["state"], told["change"]) == (state, "abolished")
    assert [one["source"] for one in told["still_listed"]] == ([where["source"]] if state == "in-force" else [])
    assert told["timeline"][0]["provinces"] == (["thanh-hoa"] if "UBND" in number else [])
    wanted = Wanted(as_of=later(72).date(), state=state)
    assert listed(session, wanted)[0] == 1


def shown(session: Session) -> dict[str, Any]:
    (told,) = listed(session, Wanted(as_of=later(72).date()))[1]
    return told
