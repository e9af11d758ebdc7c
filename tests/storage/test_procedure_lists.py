"""Which procedures are found, as they stood on which day: the same on both databases."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import known_procedures
import pytest
from known_procedures import FESTIVAL, GUILD, HOUSE, MEDAL, SITE, T0, article, tell
from sqlalchemy import select

from storage import articles, procedure_lists, procedure_records
from storage.models import Article
from storage.procedure_lists import Wanted
from storage.procedure_tables import Procedure

if TYPE_CHECKING:
    from storage.database import Database

TODAY = date(2025, 3, 20)
FILTERS: list[tuple[dict[str, Any], set[str | None]]] = [
    ({}, {MEDAL, HOUSE, GUILD, FESTIVAL, None}),
    ({"state": "in-force"}, {MEDAL, HOUSE, FESTIVAL}),
    ({"state": "abolished"}, {GUILD}),
    ({"state": "not-yet"}, {None}),
    ({"state": "replaced"}, set()),
    ({"state": "in-force", "as_of": date(2024, 5, 3)}, {MEDAL, HOUSE, GUILD}),
    ({"state": "in-force", "as_of": date(2023, 1, 20)}, {HOUSE, GUILD}),
    ({"state": "unknown", "as_of": date(2024, 5, 3)}, {FESTIVAL}),
    ({"state": "not-yet", "as_of": date(2022, 1, 1)}, {MEDAL, HOUSE, GUILD, None}),
    ({"change": "amended"}, {HOUSE}),
    ({"change": "new", "since": date(2023, 2, 1)}, {MEDAL, None}),
    ({"since": date(2024, 5, 2)}, {HOUSE, GUILD, MEDAL, None}),  # the last edit is no decision, and news
    ({"since": date(2025, 3, 14)}, {None}),
    ({"field": "thi dua khen thuong"}, {MEDAL}),
    ({"field": "%"}, {MEDAL, HOUSE, GUILD, FESTIVAL, None}),
    ({"level": "bộ"}, {GUILD}),
    ({"level": "Cấp tỉnh"}, {MEDAL, GUILD, FESTIVAL}),
    ({"source": "dichvucong"}, {MEDAL}),
    ({"typed": "giay phep"}, {HOUSE}),
    ({"typed": "PHÉP Xây"}, {HOUSE}),
    ({"typed": "345/QĐ-UBND"}, {HOUSE, GUILD, None}),
    ({"typed": MEDAL}, {MEDAL}),
    ({"typed": "100%"}, set()),
    ({"typed": "h_i"}, set()),
    ({"typed": "a\udcffb"}, set()),
    ({"typed": "a\0b"}, set()),
]


@pytest.fixture
def filled(database: Database) -> Database:
    known_procedures.fill(database)
    return database


def test_what_is_asked_for_is_found(filled: Database) -> None:
    with filled.reading() as session:
        for asked, wanted in FILTERS:
            total, found = procedure_lists.listed(session, Wanted(**{"as_of": TODAY} | asked))
            assert ({one["code"] for one in found}, total) == (wanted, len(wanted)), asked
            if state := asked.get("state"):
                assert {one["state"] for one in found} <= {state}


def test_the_newest_decisions_come_first_and_a_list_comes_in_parts(filled: Database) -> None:
    with filled.reading() as session:
        total, found = procedure_lists.listed(session, Wanted(as_of=TODAY))
        assert [one["code"] for one in found] == [GUILD, HOUSE, MEDAL, None, FESTIVAL]
        _, first = procedure_lists.listed(session, Wanted(as_of=TODAY), limit=2)
        _, rest = procedure_lists.listed(session, Wanted(as_of=TODAY), limit=9, offset=2)
        assert [one["id"] for one in first + rest] == [one["id"] for one in found]
        assert total == 5


def test_fields_are_told_each_once(filled: Database) -> None:
    with filled.reading() as session:
        assert procedure_lists.fields(session) == [
            "Thi đua - Khen thưởng", "Tổ chức phi chính phủ", "Văn hóa", "Xây dựng",
        ]  # fmt: skip


def test_of_very_many_the_same_is_found(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with filled.reading() as session:
        few = procedure_lists.listed(session, Wanted(as_of=TODAY))
        monkeypatch.setattr(procedure_lists, "_FEW", 0)
        assert procedure_lists.listed(session, Wanted(as_of=TODAY)) == few


def test_a_page_that_is_gone_no_longer_says_that_anything_is_in_force(database: Database) -> None:
    own = known_procedures.PAGE
    with database.writing() as session:
        record = article(session, "/tthc", own.name)
        tell(session, "/tthc", own=own, article=record)
        session.flush()
        articles.gone(session, session.get_one(Article, record), at=T0, origin="poll")
    with database.reading() as session:
        for day, state in ((date(2025, 3, 10), "unknown"), (date(2025, 3, 9), "unknown")):
            (one,) = procedure_lists.listed(session, Wanted(as_of=day))[1]
            assert one["state"] == state
        row = session.scalars(select(Procedure)).one()
        assert procedure_records.show(session, row, None, TODAY)["state"] == "gone"


def test_names_that_can_be_no_id_find_nothing(filled: Database) -> None:
    with filled.reading() as session:
        for name in ("", "\0", "1.0\0", "ủ", "\udcff", "x" * 1000, "1.999999", SITE):
            assert procedure_records.find(session, name) is None
        found = procedure_records.find(session, MEDAL)
        assert found is not None
        assert found.code == MEDAL
