"""The ledger held against the event log: it is clean where all went well, and sees what did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from postroom import FAILS, GONE, HOOK, MAIL, NINE, PostRoom
from sqlalchemy import delete, select, update

from alerts import audit as audits
from alerts import watches
from alerts.audit import Auditor
from storage.alert_tables import Owed, Watch

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Update

    from alerts.audit import Audit


def audit(room: PostRoom) -> Audit:
    return Auditor(room.database).look()


def busy(room: PostRoom) -> None:
    """A week with everything in it."""
    room.watch("một", MAIL, HOOK)
    daily = room.watch("", MAIL, every="day", quiet=(22, 6), kinds=watches.kinds(["all"]))
    ended = room.watch("hai", HOOK)
    room.receiver.answers[HOOK] = [FAILS, FAILS, GONE]
    for day in range(4):
        room.publish(f"Tin một {day}", f"Tin hai {day}", body=f"Ngày {day}")
        room.publish(f"Cũ một {day}", origin="backfill")
        room.deliver()
        room.clock.forward(hours=13)
        room.publish(f"Tin một {day}", body="Đã sửa")
        room.happen("article.gone", f"Tin hai {day}")
        if day == 1:
            room.change(watches.pause, daily)
        if day == 2:
            room.change(watches.resume, daily)
            room.change(watches.remove, ended)
        room.clock.forward(hours=11)
        room.deliver()
    room.publish("Chưa ai đọc")


def test_a_week_with_everything_in_it_leaves_no_gap(room: PostRoom) -> None:
    busy(room)
    found = audit(room)
    assert found.wrong == 0
    assert found.events >= 20
    assert found.rows == sum(room.states().values()) > 30
    assert {"sent", "noted", "dropped", "dead"} <= room.states().keys()


@pytest.mark.parametrize("order", [Owed.id, Owed.id.desc()])
def test_what_is_missing_is_seen(room: PostRoom, monkeypatch: pytest.MonkeyPatch, order: ColumnElement[int]) -> None:
    monkeypatch.setattr(audits, "AT_ONCE", 1)
    room.watch("", MAIL, HOOK)
    room.publish("Một", "Hai")
    room.deliver()
    with room.database.writing() as session:
        gone = session.scalars(select(Owed.id).order_by(order).limit(1)).one()
        session.execute(delete(Owed).where(Owed.id == gone))
    assert (audit(room).gaps, audit(room).wrong) == (1, 1)


def test_what_nobody_asked_for_is_seen(room: PostRoom) -> None:
    made = room.watch("một", MAIL)
    other = room.watch("khác", MAIL)
    room.publish("Một")
    room.deliver()
    with room.database.writing() as session:
        session.execute(update(Owed).where(Owed.watch == made.id).values(watch=other.id))
    found = audit(room)
    assert (found.gaps, found.strays) == (1, 1)


def test_what_happened_before_a_watch_is_not_its_own_even_where_nobody_knows_what_it_said(room: PostRoom) -> None:
    made = room.watch("", MAIL)
    room.publish("Một", body="Một")
    room.publish("Một", body="Hai")
    room.deliver()
    later = room.watch("", MAIL)
    assert audit(room).wrong == 0
    with room.database.writing() as session:
        session.execute(update(Owed).where(Owed.watch == made.id).values(watch=later.id))
    assert audit(room).strays == 1


@pytest.mark.parametrize(
    "wrong",
    [
        [update(Owed).values(state="pending")],
        [update(Owed).values(state="dead")],
        [update(Owed).values(state="pending", message=None), update(Watch).values(paused_at=NINE)],
        [update(Owed).values(state="pending", message=None), update(Watch).values(removed_at=NINE)],
    ],
    ids=["waits for what has ended", "ended otherwise", "watch paused", "watch removed"],
)
def test_states_that_cannot_both_be_true_are_seen(room: PostRoom, wrong: list[Update]) -> None:
    room.watch("", MAIL)
    room.publish("Một", "Hai")
    room.deliver()
    with room.database.writing() as session:
        for statement in wrong:
            session.execute(statement)
    assert audit(room).torn == 2


def test_an_auditor_looks_at_each_event_once(room: PostRoom) -> None:
    room.watch("", MAIL)
    auditor = Auditor(room.database)
    for number in range(3):
        room.publish(f"Tin {number}")
        room.deliver()
        assert auditor.look().events == number + 1
    assert auditor.look(most=1).events == 3


def test_a_record_that_has_changed_since_is_no_gap(room: PostRoom) -> None:
    room.watch("một", MAIL)
    room.publish("Tin", body="Số một.")
    room.deliver()
    room.publish("Tin", body="Số hai.")
    room.deliver()
    assert audit(room).wrong == 0
