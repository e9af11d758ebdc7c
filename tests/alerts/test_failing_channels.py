"""A channel that fails, hangs, is closed or must be waited for: what becomes of it, and that no other waits."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from postroom import CHAT, FAILS, GONE, HOOK, MAIL, PostRoom

from alerts import dispatch, outbox, standing, watches
from alerts.audit import Auditor
from alerts.items import Outcome

if TYPE_CHECKING:
    from alerts.items import Message


def test_a_dead_channel_keeps_no_other_waiting_is_paused_after_three_days_and_its_owner_told(room: PostRoom) -> None:
    made = room.watch("", HOOK, MAIL)
    other = room.watch("", CHAT)
    room.receiver.usual[HOOK] = FAILS
    titles = [f"Tin {number}" for number in range(16)]
    for title in titles:
        room.publish(title)
        room.deliver()
        room.clock.forward(hours=6)
    told = [message for message in room.receiver.at(MAIL) if message.kind == "notice"]
    assert [message.watch for message in told] == [made.id]
    assert "hooks.example.org" in told[0].said
    assert "/in" not in told[0].said
    for address in (MAIL, CHAT):
        assert room.receiver.titles(address) == titles
    with room.database.reading() as session:
        report = standing.report(session)
        rows = {row["id"]: row for row in watches.listed(session)}
    assert report["paused_channels"] == [made.channels[0]]
    assert [state["paused"] for state in rows[made.id]["channel_states"]] == [True, False]
    assert rows[other.id]["pending"] == 0
    # Nothing is lost: once it is resumed it hears of what it missed.
    room.receiver.usual.clear()
    room.change(watches.resume, made)
    room.deliver()
    with room.database.writing() as session:
        outbox.again(session, now=room.clock())
    room.deliver()
    assert sorted(room.receiver.titles(HOOK)) == sorted(titles)
    assert room.states() == {"sent": 3 * len(titles)}
    assert Auditor(room.database).look().wrong == 0


def test_one_that_hangs_keeps_no_other_waiting(room: PostRoom) -> None:
    """H9: while it hangs, all others have everything."""
    others = [*(f"webhook+https://hooks.example.org/{number}" for number in range(4)), MAIL]
    room.watch("", HOOK)
    for address in others:
        room.watch("", address)
    room.publish("Tin một", "Tin hai")
    waiting, served = Counter(dict.fromkeys(others, 2)), threading.Event()

    def answer(address: str, _: Message) -> None:
        if address == HOOK:
            assert served.wait(30)
            return
        waiting[address] -= 1
        if not waiting.total():
            served.set()

    room.receiver.before = answer
    room.deliver()
    assert served.is_set()
    assert room.states() == {"sent": 12}


@pytest.mark.parametrize("slow", [HOOK, CHAT])
def test_much_that_waits_for_one_hides_no_other(room: PostRoom, slow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """H9, H10: one that hangs, and one that must wait for its pace, with more to tell it than is looked at together."""
    monkeypatch.setattr(dispatch, "_HEADS", 3)
    for _ in range(5):
        room.watch("", slow)
    room.watch("hai", MAIL)
    room.receiver.usual[slow] = FAILS
    room.publish("Tin một")
    room.deliver()
    del room.receiver.usual[slow]
    room.clock.forward(hours=1)
    room.publish("Tin hai")  # what is due for the slow one was due before
    served = threading.Event()

    def answer(address: str, _: Message) -> None:
        if address == MAIL:
            served.set()
        elif slow == HOOK:
            assert served.wait(10)

    room.receiver.before = answer
    room.deliver()
    assert served.is_set()
    assert room.states() == {"sent": 11}
    if slow == CHAT:
        assert [address for address, _ in room.receiver.got].index(MAIL) <= 1


def test_a_channel_that_is_not_found_for_three_days_is_paused_and_says_so(room: PostRoom) -> None:
    """H4: 404 may be mended, 410 is meant."""
    made = room.watch("", HOOK, MAIL)
    room.receiver.usual[HOOK] = Outcome(end="later", cause="not-found", detail="answered 404")
    for hours in (0, 71, 1):
        room.clock.forward(hours=hours)
        room.publish(f"Tin lúc {room.clock()}")
        room.deliver()
        with room.database.reading() as session:
            found = standing.paused(session)
        assert found.channels == (made.channels[:1] if hours == 1 else ())
    assert [message.kind for message in room.receiver.at(MAIL)].count("notice") == 1


def test_a_closed_channel_is_paused_at_once_and_its_message_given_up(room: PostRoom) -> None:
    made = room.watch("", HOOK, MAIL)
    room.receiver.usual[HOOK] = GONE
    room.publish("Tin một")
    room.deliver()
    room.publish("Tin hai")
    room.deliver()
    assert room.states() == {"dead": 1, "sent": 2, "pending": 1}
    assert [message.kind for message in room.receiver.at(MAIL)] == ["event", "notice", "event"]
    with room.database.reading() as session:
        (dead,) = standing.report(session)["dead"]
    assert (dead["watch"], dead["cause"], dead["detail"]) == (made.id, "gone", "410")
    room.receiver.usual.clear()
    room.change(watches.resume, made)
    with room.database.writing() as session:
        assert outbox.again(session, now=room.clock(), messages=[dead["id"]]) == 1
    room.deliver()
    assert room.receiver.titles(HOOK) == ["Tin một", "Tin hai"]
    assert room.states() == {"sent": 4}


def test_an_owner_who_has_one_channel_reads_of_its_failing_where_watches_are_listed(room: PostRoom) -> None:
    room.watch("", HOOK)
    room.receiver.usual[HOOK] = GONE
    room.publish("Tin")
    room.deliver()
    assert room.messages(kind="notice") == []
    with room.database.reading() as session:
        (row,) = watches.listed(session)
    (state,) = row["channel_states"]
    assert (state["paused"], state["cause"], row["failed"]) == (True, "gone", 1)


def test_retry_after_is_obeyed_and_keeps_no_other_channel_waiting(room: PostRoom) -> None:
    room.watch("", CHAT, MAIL)
    room.receiver.answers[CHAT] = [Outcome(end="later", cause="rate-limited", retry_after=30)]
    room.publish("Tin")
    room.deliver()
    assert (len(room.receiver.at(MAIL)), len(room.receiver.at(CHAT))) == (1, 0)
    room.clock.forward(seconds=29)
    room.deliver()
    assert room.receiver.at(CHAT) == []
    room.clock.forward(seconds=1)
    room.deliver()
    assert len(room.receiver.at(CHAT)) == 1


def test_a_group_that_moved_is_followed(room: PostRoom) -> None:
    room.watch("", CHAT)
    room.receiver.answers[CHAT] = [Outcome(end="later", cause="moved", moved_to="telegram:-1004711")]
    room.publish("Tin")
    room.deliver()
    assert [address for address, _ in room.receiver.got] == ["telegram:-1004711"]


def test_a_chat_is_written_to_at_its_pace_and_no_mail_waits_for_it(room: PostRoom) -> None:
    room.watch("", CHAT, MAIL)
    room.publish(*(f"Tin {number}" for number in range(6)))
    begun = room.clock()
    room.deliver()
    assert room.receiver.titles(CHAT) == [f"Tin {number}" for number in range(6)]
    assert 5 <= (room.clock() - begun).total_seconds() < 8
    assert [to for to, _ in room.receiver.got[:8]].count(MAIL) == 6
