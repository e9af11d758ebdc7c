"""From an event to a message that is handed over: once, in order, whatever its receiver does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from databases import SQLITE
from postroom import FAILS, HANGS, HOOK, MAIL, REFUSES, TAKEN, PostRoom
from sqlalchemy import select

from alerts import following, gathering, listing, outbox, standing, telling, watches
from alerts.audit import Auditor
from alerts.retries import PLAN
from scraper.deadlines import Act, Deadline
from scraper.items import Moment
from storage import deadlines
from storage.models import Article

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.items import Message


def test_what_a_watch_would_find_is_handed_over_once(room: PostRoom) -> None:
    made = room.watch("đất đai")
    room.publish("Đất đai Thanh Hóa", "Thể thao")
    room.deliver()
    room.deliver()
    (message,) = room.receiver.at(MAIL)
    (told,) = message.happenings
    assert (message.kind, message.watch, message.total, message.again) == ("event", made.id, 1, False)
    assert (told.kind, told.title, told.source_name) == ("article.new", "Đất đai Thanh Hóa", "Sở Nội vụ")
    assert told.page == f"https://tin.example.org/record/{told.record}"
    assert message.thread == told.record
    assert room.states() == {"sent": 1}


def test_what_may_still_be_done_is_told(room: PostRoom) -> None:
    room.watch(kinds=("article.new", "article.changed", "article.gone"))
    room.publish("Thông báo tuyển dụng")
    today = room.clock().replace(hour=0)
    asked: dict[Act, int] = {"comments": 0, "applications": 5}
    due = [
        Deadline(on=Moment(at=today + timedelta(days=days), precision="day"), what=what, evidence="Hạn")
        for what, days in asked.items()
    ]
    with room.database.writing() as session:
        deadlines.save(session, session.scalars(select(Article.id)).one(), due, at=room.clock())
    room.deliver()
    room.clock.forward(days=1)
    room.publish("Thông báo tuyển dụng", body="Đính chính.")
    room.happen("article.gone", "Thông báo tuyển dụng")
    room.deliver()
    told = {one.kind: [due.what for due in one.due] for message in room.receiver.at(MAIL) for one in message.happenings}
    assert told == {
        "article.new": ["comments", "applications"], "article.changed": ["applications"], "article.gone": [],
    }  # fmt: skip


def test_a_receiver_that_fails_for_ten_hours_gets_everything_in_order(room: PostRoom) -> None:
    room.watch("", HOOK)
    room.receiver.usual[HOOK] = FAILS
    titles = [f"Tin {number}" for number in range(30)]
    for number in range(0, 30, 5):
        room.publish(*titles[number : number + 5])
        room.deliver()
        room.clock.forward(hours=2)
    assert room.receiver.got == []
    room.receiver.usual.clear()
    for _ in range(3):
        room.clock.forward(hours=8)
        room.deliver()
    assert room.receiver.titles(HOOK) == titles
    assert len(room.receiver.at(HOOK)) == 6  # the five that failed, and all that came meanwhile
    assert room.states() == {"sent": 30}


def test_messages_of_a_watch_keep_their_order_and_wait_for_the_one_that_fails(room: PostRoom) -> None:
    room.watch("", HOOK)
    room.publish("Một", "Hai", "Ba")
    room.receiver.answers[HOOK] = [TAKEN, FAILS]
    room.deliver()
    assert room.receiver.titles(HOOK) == ["Một"]
    room.clock.forward(seconds=5)
    room.deliver()
    assert room.receiver.titles(HOOK) == ["Một", "Hai", "Ba"]
    with room.database.reading() as session:
        (state,) = listing.listed(session)[0]["channel_states"]
    assert (state["since"], state["cause"], state["detail"]) == (None, "", "")  # what it had failed at is forgotten
    room.receiver.answers[HOOK] = [FAILS]
    room.publish("Bốn")
    room.deliver()
    room.clock.forward(seconds=5)
    room.deliver()
    assert room.receiver.titles(HOOK)[3:] == ["Bốn"]


def test_a_message_that_one_receiver_cannot_take_keeps_only_its_own_watch_waiting(room: PostRoom) -> None:
    poisoned, well = room.watch("độc", HOOK), room.watch("lành", HOOK)

    def answer(address: str, message: Message) -> None:
        room.receiver.answers[address] = [FAILS if message.watch == poisoned.id else TAKEN]

    room.receiver.before = answer
    room.publish("Tin độc")
    room.deliver()
    titles = [f"Tin lành {number}" for number in range(len(PLAN))]
    for title, wait in zip(titles, PLAN, strict=True):
        room.publish(title)
        room.clock.forward(seconds=wait.total_seconds())
        for _ in range(2):
            room.deliver()
            room.clock.forward(seconds=PLAN[0].total_seconds())
    assert {message.watch for message in room.receiver.at(HOOK)} == {well.id}
    assert room.receiver.titles(HOOK) == titles
    assert room.states() == {"dead": 1, "sent": len(titles)}  # its plan is at its end
    with room.database.writing() as session:
        assert outbox.again(session, now=room.clock()) == 1
    with room.database.reading() as session:
        assert standing.behind(session, now=room.clock()) == timedelta(0)  # nobody has waited for it until now
    room.deliver()
    assert room.states() == {"pending": 1, "sent": len(titles)}  # it has the whole plan before it again


def test_a_receiver_that_takes_a_message_and_then_hangs_gets_the_same_id_again(room: PostRoom) -> None:
    room.watch("", HOOK)
    room.receiver.answers[HOOK] = [HANGS]
    room.publish("Tin")
    room.deliver()
    room.clock.forward(seconds=5)
    room.deliver()
    first, second = room.receiver.at(HOOK)
    assert first.at == second.at  # it is as old as it is
    assert (first.id, second.id, first.again, second.again) == (first.id, first.id, False, True)


@pytest.mark.parametrize("change", [watches.pause, watches.remove])
def test_what_was_given_up_is_not_sent_once_more_to_a_watch_that_has_ended(
    room: PostRoom, change: Callable[..., None]
) -> None:
    made = room.watch("", HOOK)
    room.receiver.answers[HOOK] = [REFUSES]
    room.publish("Tin")
    room.deliver()
    room.change(change, made)
    with room.database.writing() as session:
        outbox.again(session, now=room.clock())
        assert outbox.heads(session, now=room.clock(), limit=9) == []
    room.deliver()
    assert room.receiver.got == []
    assert room.states() == {"dropped": 1}


def test_two_dispatchers_repeat_nothing_and_leave_nothing(room: PostRoom) -> None:
    for number in range(6):
        room.watch("", f"mailto:reader{number}@example.org", HOOK)
    room.publish(*(f"Tin {number}" for number in range(15)))
    both = [room.dispatcher() for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(one.once) for one in both]:
            done.result()
    room.deliver()
    ids = [message.id for _, message in room.receiver.got]
    assert len(ids) == len(set(ids)) == 6 * 2 * 15
    for number in range(6):
        assert room.receiver.titles(f"mailto:reader{number}@example.org") == [f"Tin {number}" for number in range(15)]
    assert room.states() == {"sent": 180}
    assert Auditor(room.database).look().wrong == 0


def test_what_one_is_about_to_do_another_waits_for(room: PostRoom) -> None:
    room.watch()
    room.publish("Tin")
    with room.database.reading() as session:
        batch = following.read(session, following.Matcher())
    assert batch is not None

    def follow() -> bool:
        with room.database.writing() as session:
            return following.write(session, batch, now=room.clock())

    def gather() -> int:
        with room.database.writing() as session:
            return gathering.gather(session, now=room.clock()).messages

    with ThreadPoolExecutor(1) as pool:
        for step, nothing in ((follow, False), (gather, 0)):
            with room.database.writing() as session:
                if step is follow:
                    assert following.write(session, batch, now=room.clock())
                else:
                    assert gathering.gather(session, now=room.clock()).messages == 1
                other = pool.submit(step)
                with pytest.raises(TimeoutError):
                    other.result(timeout=0.2)
            assert other.result(timeout=30) == nothing
    assert (room.states(), len(room.messages())) == ({"pending": 1}, 1)


@SQLITE
def test_five_thousand_events_in_a_minute_are_few_messages_and_nothing_is_lost(room: PostRoom) -> None:
    room.watch("", MAIL)
    room.publish("Tin")
    room.deliver()
    for _ in range(4):
        room.happen("document.added", "Tin", times=1_250)
        room.deliver()
    room.clock.forward(minutes=11)
    room.deliver()
    messages = room.receiver.at(MAIL)
    assert len(messages) <= 4
    assert sum(message.total for message in messages) == 5_001
    assert all(len(message.happenings) <= telling.SHOWN for message in messages)
    assert messages[-1].search.startswith("https://tin.example.org/?q=")
    assert room.states() == {"sent": 5_001}
