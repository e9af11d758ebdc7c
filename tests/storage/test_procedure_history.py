"""Procedures: one record with many places, versions by place, and each step of its life told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import making
import pytest
from making import NOON, later
from sqlalchemy import func, select
from telling import CODE, PAGE, ROW, decision, kinds, news, row, standing, tell

from scraper.items import Moment, Procedure
from storage import events, places, procedures
from storage.identity import Sighting, procedure_id
from storage.models import Event
from storage.procedure_tables import Procedure as Row
from storage.procedure_tables import ProcedureAnnouncement, ProcedurePlace, ProcedureVersion

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def versions(session: Session) -> list[ProcedureVersion]:
    return list(session.scalars(select(ProcedureVersion).order_by(ProcedureVersion.record, ProcedureVersion.version)))


def test_a_procedure_met_first_is_new_and_met_again_no_news(session: Session) -> None:
    assert tell(session, own=PAGE, origin="backfill") == {"procedure.new": 1}
    assert tell(session, own=PAGE, at=later(1)) == {}
    (event,) = events.since(session)
    assert (event.kind, event.origin, event.record, event.version) == (
        "procedure.new", "backfill", procedure_id(CODE), 1,
    )  # fmt: skip
    kept = row(session)
    assert (kept.code, kept.name, kept.version, kept.fields["time_limit"]) == (CODE, PAGE.name, 1, PAGE.time_limit)
    assert kept.fields["raw"] == [list(pair) for pair in PAGE.raw]
    assert (kept.first_seen, kept.last_checked) == (making.utc(NOON), making.utc(later(1)))


def test_a_page_is_the_same_over_http_and_with_www(session: Session) -> None:
    tell(session, own=PAGE)
    plain = Sighting(
        own=PAGE, source="snv", platform="sharepoint", canonical_url="http://www.snv.example.vn/tt/1", origin="poll",
        url="http://www.snv.example.vn/tt/1", at=later(1),
    )  # fmt: skip
    assert not procedures.save(session, plain)
    assert session.scalar(select(func.count()).select_from(ProcedurePlace)) == 1


def test_a_view_counter_or_the_number_of_a_row_makes_no_version(session: Session) -> None:
    tell(session, own=PAGE)
    tell(session, ROW, path="/ds")
    assert tell(session, own=replace(PAGE, raw=(*PAGE.raw[:2], ("Lượt xem", "99"))), at=later(1)) == {}
    assert tell(session, replace(ROW, raw=(("STT", "2"), ("Tên", PAGE.name))), path="/ds", at=later(1)) == {}
    assert len(versions(session)) == 2
    assert kinds(session) == ["procedure.new", "record.updated"]


def test_an_edit_that_no_decision_explains_is_a_change_that_names_its_fields(session: Session) -> None:
    tell(session, own=PAGE)
    edited = replace(
        PAGE, time_limit="20 ngày làm việc", steps="Bước 1: " + "nộp hồ sơ " * 40, raw=(("Thời hạn", "20"),)
    )
    assert tell(session, own=edited, at=later(1)) == {"procedure.changed": 1}
    changed = events.since(session)[-1]
    assert changed.version == 2
    assert [one["field"] for one in changed.changes] == ["steps", "time_limit"]
    assert changed.changes[1] == {"field": "time_limit", "from": "25 ngày làm việc", "to": "20 ngày làm việc"}
    assert changed.changes[0]["words_added"] > 100
    assert row(session).fields["time_limit"] == "20 ngày làm việc"
    assert row(session).edited_at == making.utc(later(1))
    assert [(one.version, one.previous) for one in versions(session)] == [(1, None), (2, 1)]


def test_a_label_that_nobody_understood_is_an_edit_too(session: Session) -> None:
    tell(session, own=PAGE)
    told = replace(PAGE, raw=(*PAGE.raw[:2], ("Địa chỉ tiếp nhận", "28 Đại lộ Lê Lợi")))
    assert tell(session, own=told, at=later(1)) == {"procedure.changed": 1}
    assert events.since(session)[-1].changes == [{"field": "raw", "labels": ["Địa chỉ tiếp nhận"]}]


def test_what_only_a_better_reading_brought_is_no_edit(session: Session) -> None:
    tell(session, own=replace(PAGE, fees=None))
    assert tell(session, own=replace(PAGE, fees="Không"), at=later(1)) == {}
    assert kinds(session) == ["procedure.new", "record.updated"]
    assert (row(session).version, row(session).fields["fees"]) == (2, "Không")


def test_one_code_on_many_portals_is_one_procedure_with_many_places(session: Session) -> None:
    tell(session, own=PAGE)
    otherwise = replace(PAGE, name=PAGE.name.upper(), time_limit="25 Ngày làm việc.", raw=())
    for at in (1, 2, 3):  # each place is compared with itself: nobody takes turns
        assert tell(session, own=otherwise, source="dichvucong", path="/tt?id=9", at=later(at)) == {}
        assert tell(session, own=PAGE, at=later(at + 0.5)) == {}
        assert tell(session, ROW, source="other", listing=True, path="/ds", at=later(at)) == {}
    assert session.scalar(select(func.count()).select_from(Row)) == 1
    assert session.scalar(select(func.count()).select_from(ProcedurePlace)) == 3
    assert len(versions(session)) == 3
    assert kinds(session) == ["procedure.new", "record.updated", "record.updated"]
    kept = row(session)
    assert (kept.source, kept.name) == ("dichvucong", otherwise.name)  # the national portal is believed first
    assert kept.fields["legal_basis"][0]["normal"] == "98/2023/NĐ-CP"


def test_the_same_words_at_another_place_are_no_version_of_their_own(session: Session) -> None:
    tell(session, ROW, path="/ds")
    tell(session, ROW, path="/ds", source="other")
    assert len(versions(session)) == 1
    tell(session, replace(ROW, field="Nội vụ"), path="/ds", source="other", at=later(1))
    assert [(one.version, one.previous, one.source) for one in versions(session)] == [(1, None, "snv"), (2, 1, "other")]


def test_a_portal_that_follows_another_brings_no_second_event(session: Session) -> None:
    tell(session, own=PAGE)
    tell(session, own=PAGE, source="dichvucong")
    edited = replace(PAGE, time_limit="20 ngày làm việc", raw=(("Thời hạn", "20 ngày làm việc"),))
    assert tell(session, own=edited, source="dichvucong", at=later(1)) == {"procedure.changed": 1}
    assert tell(session, own=edited, at=later(2)) == {}
    assert kinds(session)[-1] == "record.updated"


def test_a_decision_page_tells_of_each_of_its_procedures_once(session: Session) -> None:
    number = decision(date=date(2025, 3, 1))
    rows = [
        news(change, number, code=f"1.00{place}", name=f"Thủ tục {place}", effective_from=date(2025, 3, 15))
        for place, change in enumerate(["new"] * 3 + ["amended"] * 5 + ["abolished"] * 2)
    ]
    moment = Moment(at=NOON, precision="minute")
    told = {"procedure.new": 3, "procedure.amended": 5, "procedure.abolished": 2}
    assert tell(session, *rows, path="/qd/12", article="a" * 16, published=moment) == told
    assert tell(session, *rows, path="/qd/12", article="a" * 16, published=moment, at=later(1)) == {}
    assert tell(session, *rows, path="/qd/12-lai", source="other", at=later(2)) == {}  # another portal repeats it
    unnumbered = [replace(one, decision=None) for one in rows]
    assert tell(session, *unnumbered, path="/tin/9", source="third", published=moment, at=later(3)) == {}
    last = session.scalars(select(Event).where(Event.kind == "procedure.abolished")).first()
    assert last is not None
    (change,) = last.changes
    assert change["decision"]["normal"] == "12/QĐ-UBND"
    assert (change["evidence"], change["effective_from"], change["basis"]) == (
        "thủ tục abolished", "2025-03-15", "effective",
    )  # fmt: skip
    assert (change["to"], change["record"], last.published_at) == ("abolished", "a" * 16, making.utc(NOON))


def test_the_number_learned_later_is_no_second_step(session: Session) -> None:
    moment = Moment(at=NOON, precision="day")
    assert tell(session, news("abolished"), path="/a", published=moment) == {"procedure.abolished": 1}
    assert tell(session, news("abolished", decision(date=NOON.date())), path="/b", source="other", at=later(1)) == {}
    assert tell(session, news("abolished", decision()), path="/a", published=moment, at=later(2)) == {}
    (step,) = places.steps(places.announcements(session, procedure_id(CODE)))
    assert (step.number, len(step.told)) == ("12/QĐ-UBND", 2)


def test_a_number_that_a_page_corrects_is_the_same_step(session: Session) -> None:
    tell(session, news("amended", decision("12/QĐ-UBND")), path="/a")
    assert tell(session, news("amended", decision("21/QĐ-UBND")), path="/a", at=later(1)) == {}
    (step,) = places.steps(places.announcements(session, procedure_id(CODE)))
    assert step.number == "21/QĐ-UBND"


def test_the_page_of_a_decision_decides_what_its_rows_announce_where_they_name_no_other(session: Session) -> None:
    tell(session, news("amended"), document=decision("7/QĐ-UBND"), path="/qd")
    tell(session, news("abolished", decision("8/QĐ-UBND")), document=decision("9/QĐ-UBND"), path="/qd2")
    found = places.steps(places.announcements(session, procedure_id(CODE)))
    assert {(step.change, step.number) for step in found} == {("amended", "7/QĐ-UBND"), ("abolished", "8/QĐ-UBND")}


def test_there_is_no_step_without_words_that_say_so(session: Session) -> None:
    assert tell(session, news("abolished", decision(), evidence=None)) == {"procedure.new": 1}
    assert session.scalar(select(func.count()).select_from(ProcedureAnnouncement)) == 0


LIFE = [
    ("new", decision("1/QĐ-UBND", date=date(2019, 1, 10)), date(2019, 2, 1)),
    ("amended", decision("2/QĐ-UBND", date=date(2021, 5, 4)), None),
    ("abolished", decision("3/QĐ-UBND", date=date(2023, 8, 1)), date(2023, 8, 9)),
    ("new", decision("4/QĐ-UBND", date=date(2024, 1, 1)), None),
]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_the_life_of_a_procedure_is_the_same_in_whatever_order_it_is_met(session: Session, order: Any) -> None:
    told: dict[str, int] = {}
    for hour, place in enumerate(order):
        change, number, effective = LIFE[place]
        happened = tell(session, news(change, number, effective_from=effective), path=f"/{place}", at=later(hour))
        assert happened == {f"procedure.{change}": 1}
        told |= happened
    days = [date(2019, 1, 31), date(2019, 2, 1), date(2022, 1, 1), date(2023, 8, 9), date(2024, 1, 1)]
    assert [standing(session, day) for day in days] == ["not-yet", "in-force", "in-force", "abolished", "in-force"]
    assert len(kinds(session)) == 4


def test_listed_is_in_force_and_spoken_of_is_not(session: Session) -> None:
    tell(session, ROW, path="/tin")
    assert standing(session, NOON.date()) == "unknown"
    tell(session, ROW, path="/tin", source="dichvucong", platform="dichvucong")
    assert standing(session, NOON.date()) == "in-force"


def test_a_row_that_announces_a_change_lists_nothing(session: Session) -> None:
    tell(session, news("abolished", decision(), effective_from=date(2030, 1, 1)), path="/qd", listing=True)
    assert standing(session, NOON.date()) == "unknown"


def test_a_list_says_it_from_the_day_its_row_states(session: Session) -> None:
    tell(session, replace(ROW, effective_from=date(2024, 6, 1)), path="/ds", listing=True)
    assert [standing(session, date(2024, month, 1)) for month in (5, 6)] == ["unknown", "in-force"]


def test_what_a_page_names_no_more_has_ended_there(session: Session) -> None:
    other = replace(ROW, code="1.009999", name="Thủ tục khác")
    tell(session, ROW, other, path="/ds", listing=True)
    assert tell(session, other, path="/ds", listing=True, at=NOON + timedelta(days=2)) == {}
    assert kinds(session)[-1] == "record.updated"
    assert [standing(session, NOON.date() + timedelta(days=days)) for days in (1, 2)] == ["in-force", "unknown"]
    tell(session, ROW, other, path="/ds", listing=True, at=NOON + timedelta(days=3))
    assert standing(session, NOON.date() + timedelta(days=3)) == "in-force"


def test_a_page_of_a_list_in_many_pages_ends_nothing(session: Session) -> None:
    tell(session, ROW, path="/ds", listing=True, whole=False)
    tell(session, replace(ROW, code="1.009999"), path="/ds", listing=True, whole=False, at=later(1))
    assert all(place.ended_at is None for place in session.scalars(select(ProcedurePlace)))


def test_a_withdrawn_announcement_is_no_step_and_told_again_no_news(session: Session) -> None:
    other = replace(ROW, code="1.009999", name="Thủ tục khác")
    tell(session, news("abolished", decision()), other, path="/a")
    tell(session, ROW, other, path="/a", at=later(1))
    assert places.steps(places.announcements(session, procedure_id(CODE))) == []
    assert tell(session, news("abolished", decision()), other, path="/a", at=later(2)) == {}
    assert len(places.steps(places.announcements(session, procedure_id(CODE)))) == 1


def test_an_edit_that_names_a_known_decision_was_told_already(session: Session) -> None:
    old, new = decision("1/QĐ-UBND"), decision("2/QĐ-UBND")
    tell(session, own=replace(PAGE, decision=old))
    assert tell(session, news("amended", new), path="/qd") == {"procedure.amended": 1}
    edited = replace(PAGE, decision=new, fees="Không", raw=(("Phí", "Không"),))
    assert tell(session, own=edited, at=later(1)) == {}
    assert kinds(session)[-1] == "record.updated"
    assert tell(session, own=replace(edited, decision=decision("3/QĐ-UBND")), at=later(2)) == {}  # the same labels
    unknown = replace(edited, decision=decision("4/QĐ-UBND"), raw=(("Quyết định", "4"),))
    assert tell(session, own=unknown, at=later(3)) == {"procedure.changed": 1}


def test_a_code_learned_later_keeps_all_that_was_known(session: Session) -> None:
    uncoded = replace(ROW, code=None)
    assert tell(session, replace(news("new", decision()), code=None), path="/qd") == {"procedure.new": 1}
    tell(session, uncoded, path="/ds", listing=True, at=later(1))
    former = session.scalars(select(Row)).one()
    assert former.code is None
    name = former.id
    assert tell(session, ROW, path="/ds", listing=True, at=later(2)) == {}
    kept = row(session)
    assert session.get_one(Row, name).merged_into == kept.id
    assert {place.record for place in session.scalars(select(ProcedurePlace))} == {kept.id}
    assert {one.record for one in versions(session)} == {kept.id}
    assert kept.first_seen == making.utc(NOON)
    assert len(places.steps(places.announcements(session, kept.id))) == 1
    assert {one.record for one in events.since(session) if one.kind == "record.updated"} >= {name, kept.id}
    assert tell(session, uncoded, path="/khac", at=later(3)) == {}  # and it is known by its name from now on
    assert session.scalar(select(func.count()).select_from(Row)) == 2


def test_merging_into_a_procedure_that_is_known_keeps_both_histories(session: Session) -> None:
    tell(session, own=replace(PAGE, code=None), path="/p")
    tell(session, own=PAGE, source="dichvucong")
    assert session.scalar(select(func.count()).select_from(Row)) == 2
    tell(session, own=PAGE, path="/p", at=later(1))
    assert {one.record for one in versions(session)} == {procedure_id(CODE)}
    assert [one.version for one in versions(session)] == list(range(1, row(session).version + 1))
    assert session.scalar(select(func.count()).select_from(ProcedurePlace)) == 2


def test_a_name_without_its_code_is_the_one_procedure_of_that_name(session: Session) -> None:
    tell(session, own=PAGE)
    tell(session, replace(ROW, code=None), path="/ds")
    assert session.scalar(select(func.count()).select_from(Row)) == 1
    tell(session, replace(ROW, code=None), path="/ds", source="other")  # another portal may mean another one
    assert session.scalar(select(func.count()).select_from(Row)) == 2
    tell(session, replace(PAGE, code="1.005678"), path="/p2")
    tell(session, replace(ROW, code=None), path="/ds2", at=later(1))  # two of that name here: whose is it?
    assert session.scalar(select(func.count()).select_from(Row)) == 4


def test_a_page_renamed_without_a_code_is_the_same_procedure(session: Session) -> None:
    tell(session, own=replace(PAGE, code=None))
    renamed = replace(PAGE, code=None, name="Thủ tục tặng Cờ thi đua", raw=(("Tên", "Cờ"),))
    assert tell(session, own=renamed, at=later(1)) == {"procedure.changed": 1}
    assert session.scalars(select(Row)).one().name == renamed.name


def test_odd_codes_and_empty_rows_are_no_trouble(session: Session) -> None:
    tell(
        session,
        Procedure(),
        Procedure(name=" . "),
        Procedure(code="x" * 90, name="Tên"),
        Procedure(code="a\0b", name="Tên"),
    )
    assert [one.code for one in session.scalars(select(Row))] == [None]
