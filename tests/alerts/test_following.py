"""From the event log to the outbox: who hears of what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from postroom import CHAT, FAILS, HANGS, HOOK, MAIL, TAKEN, leave
from sqlalchemy import select

from alerts import following, watches
from alerts.audit import Auditor
from storage.alert_tables import Channel, WatchChannel

if TYPE_CHECKING:
    from collections.abc import Callable

    from postroom import PostRoom

    from alerts.items import Outcome


def test_a_watch_hears_of_what_happens_after_it_was_made(room: PostRoom) -> None:
    room.publish("Tin rất cũ")
    room.watch("gì đó khác")
    room.publish("Tin cũ")
    room.watch("tin")
    room.publish("Tin mới")
    assert room.deliver().tally.followed == 2  # the log from the first watch on
    assert room.receiver.titles() == ["Tin mới"]
    room.watch("tin", HOOK)
    room.publish("Tin nữa")
    room.deliver()  # by one that knows the other watches
    assert (room.receiver.titles(), room.receiver.titles(HOOK)) == (["Tin mới", "Tin nữa"], ["Tin nữa"])


def test_only_its_kinds_its_sources_and_its_query(room: PostRoom) -> None:
    room.watch("đất đai", MAIL, sources=("snv",), kinds=watches.kinds(["article"]))
    room.watch("đất đai", HOOK, kinds=watches.kinds(["document"]))
    room.publish("Đất đai một", "Thể thao")
    room.publish("Đất đai hai", source="sgd")
    room.happen("article.gone", "Đất đai một")
    room.happen("document.added", "Đất đai một")
    room.happen("record.updated", "Đất đai một")
    room.deliver()
    told = [(one.kind, one.title) for message in room.receiver.at(MAIL) for one in message.happenings]
    assert told == [("article.new", "Đất đai một"), ("article.gone", "Đất đai một")]
    assert [one.kind for message in room.receiver.at(HOOK) for one in message.happenings] == ["document.added"]


def test_several_channels_each_get_everything(room: PostRoom) -> None:
    room.watch("", MAIL, HOOK, CHAT)
    room.publish("Tin một", "Tin hai")
    room.deliver()
    assert {address: room.receiver.titles(address) for address in (MAIL, HOOK, CHAT)} == {
        address: ["Tin một", "Tin hai"] for address in (MAIL, HOOK, CHAT)
    }
    assert {message.total for _, message in room.receiver.got} == {1}


def test_a_change_back_is_a_second_change_and_shows_its_words(room: PostRoom) -> None:
    """However late it is told, and whatever the record says by then."""
    room.watch(kinds=watches.kinds(["article"]))
    for body in ("Hạn nộp là thứ hai.", "Hạn nộp là thứ ba.", "Hạn nộp là thứ hai."):
        room.publish("Tin", body=body)
        room.clock.forward(hours=1)
    room.deliver()
    new, first, second = (message.happenings[0] for message in room.receiver.at(MAIL))
    assert [one.kind for one in (new, first, second)] == ["article.new", "article.changed", "article.changed"]
    assert new.excerpt == "Hạn nộp là thứ hai."
    for one, edit in ((first, ("+", "ba.")), (second, ("-", "ba."))):
        (passage,) = one.changed
        assert passage.field == "body"
        assert edit in [(sign, said.strip()) for sign, said in passage.words]


def test_two_followers_enter_each_event_once(room: PostRoom) -> None:
    room.watch("", MAIL, HOOK)
    room.publish("Tin")
    room.happen("document.added", "Tin", times=450)
    both = [room.dispatcher(threads={"mail": 1, "webhook": 1}) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(one.once) for one in both]:
            done.result()
    assert sum(one.tally.followed for one in both) == 451
    assert sum(room.states().values()) == 902
    assert Auditor(room.database).look().wrong == 0


@pytest.mark.parametrize("change", [watches.pause, watches.remove])
def test_what_is_queued_for_a_watch_that_ends_is_not_sent(room: PostRoom, change: Callable[..., None]) -> None:
    made = room.watch(every="day")
    room.publish("Tin một")
    room.deliver()  # it waits for its hour
    room.publish("Tin hai")  # nobody has read this yet
    room.change(change, made)
    room.publish("Tin ba")
    room.clock.forward(days=2)
    room.deliver()
    assert room.receiver.got == []
    assert room.states() == {"dropped": 2}
    assert Auditor(room.database).look().wrong == 0


def test_what_failed_once_is_dropped_with_its_watch(room: PostRoom) -> None:
    made = room.watch("", HOOK)
    room.receiver.usual[HOOK] = FAILS
    room.publish("Tin một", "Tin hai")
    room.deliver()
    room.change(watches.remove, made)
    room.receiver.usual.clear()
    room.clock.forward(hours=1)
    room.deliver()
    assert room.receiver.got == []
    assert room.states() == {"dropped": 2}


@pytest.mark.parametrize(
    ("change", "answer", "state"),
    [(watches.pause, HANGS, "dropped"), (leave, HANGS, "dropped"), (watches.pause, TAKEN, "sent")],
)
def test_a_watch_that_was_paused_while_a_message_was_under_way_hears_no_second_attempt(
    room: PostRoom, change: Callable[..., None], answer: Outcome, state: str
) -> None:
    made = room.watch("", MAIL)
    room.receiver.answers[MAIL] = [answer]
    room.receiver.before = lambda *_: room.change(change, made)
    room.publish("Tin một")
    room.deliver()
    assert room.states() == {state: 1}
    room.clock.forward(hours=1)
    room.deliver()
    assert len(room.receiver.at(MAIL)) == 1
    assert room.states() == {state: 1}
    assert Auditor(room.database).look().wrong == 0


def test_a_watch_that_goes_on_hears_nothing_of_what_was_meanwhile(room: PostRoom) -> None:
    made = room.watch()
    room.change(watches.pause, made)
    room.publish("Tin một")
    room.change(watches.resume, made)
    room.publish("Tin hai")
    room.change(watches.pause, made)
    room.change(watches.resume, made)
    room.publish("Tin ba")
    room.deliver()
    assert room.receiver.titles() == ["Tin ba"]
    assert room.states() == {"sent": 1, "dropped": 1}
    assert Auditor(room.database).look().wrong == 0


def test_a_reader_who_left_hears_nothing_and_the_other_channels_do(room: PostRoom) -> None:
    made = room.watch("", MAIL, HOOK, every="day")
    room.publish("Tin một")
    room.deliver()
    with room.database.reading() as session:
        asked = select(WatchChannel.token).join(Channel, Channel.id == WatchChannel.channel)
        token = session.scalars(asked.where(Channel.kind == "mail")).one()
    for _ in range(2):
        with room.database.writing() as session:
            assert watches.leave(session, token, now=room.clock()).id == made.id
    room.publish("Tin hai")
    room.clock.forward(days=1)
    room.deliver()
    assert (room.receiver.titles(), room.receiver.titles(HOOK)) == ([], ["Tin một", "Tin hai"])
    assert room.receiver.at(HOOK)[0].unsubscribe.startswith("https://tin.example.org/leave/")
    way_out = room.receiver.at(HOOK)[0].unsubscribe.rpartition("/")[2]
    assert way_out != token
    with room.database.writing() as session:
        assert watches.leave(session, way_out, now=room.clock()).id == made.id
    room.publish("Tin ba")
    room.clock.forward(days=1)
    room.deliver()
    assert room.receiver.titles(HOOK) == ["Tin một", "Tin hai"]
    assert Auditor(room.database).look().wrong == 0


def test_what_failed_once_is_dropped_for_who_left_and_for_nobody_else(room: PostRoom) -> None:
    made = room.watch("", MAIL, HOOK)
    room.receiver.usual |= {MAIL: FAILS, HOOK: FAILS}
    room.publish("Tin một")
    room.deliver()
    room.publish("Tin hai")  # nobody has read this yet
    with room.database.writing() as session:
        leave(session, made.id, now=room.clock())
    assert room.states() == {"dropped": 1, "pending": 1}
    room.receiver.usual.clear()
    room.clock.forward(minutes=1)
    room.deliver()
    assert (room.receiver.titles(), room.receiver.titles(HOOK)) == ([], ["Tin một", "Tin hai"])
    assert room.states() == {"dropped": 2, "sent": 2}
    assert Auditor(room.database).look().wrong == 0


def test_however_many_watches_hear_of_an_event_all_do(room: PostRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_MOST_ROWS", 2)
    addresses = [f"mailto:reader{number}@example.org" for number in range(3)]
    for address in addresses:
        room.watch("tin", address)
    room.publish("Tin một", "Việc khác", "Tin hai", "Tin ba")
    room.deliver()
    for address in addresses:
        assert room.receiver.titles(address) == ["Tin một", "Tin hai", "Tin ba"]
