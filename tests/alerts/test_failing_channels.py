"""A channel that fails, hangs, is closed or must be waited for: what becomes of it, and that no other waits."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from postroom import CHAT, FAILS, GONE, HOOK, MAIL, PostRoom, leave

from alerts import dispatch, following, gathering, listing, outbox, standing, watches
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
        rows = {row["id"]: row for row in listing.listed(session)}
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
    for address in (HOOK, HOOK, *others):
        room.watch("", address)
    room.publish("Tin một", "Tin hai")
    waiting, served = Counter(dict.fromkeys(others, 3)), threading.Event()
    counting, hanging, at_once = threading.Lock(), list[str](), list[int]()

    def answer(address: str, message: Message) -> None:
        if address == HOOK:
            hanging.append(message.id)
            at_once.append(len(hanging))
            assert served.wait(30)
            hanging.remove(message.id)
            return
        with counting:
            waiting[address] -= 1
            if waiting.total() == len(others):
                room.publish("Tin ba")
            if not waiting.total():
                served.set()

    room.receiver.before = answer
    room.deliver()
    assert served.is_set()
    assert at_once == [1] * 6  # one after the other
    assert room.states() == {"sent": 21}


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
    room.receiver.usual.clear()
    room.clock.forward(days=3)
    room.deliver()
    assert room.receiver.at(HOOK) == []  # nothing is sent to it before somebody says so
    room.receiver.answers[HOOK] = [FAILS]
    room.change(watches.resume, made)
    for _ in range(2):
        room.deliver()
        room.clock.forward(seconds=5)
    assert len(room.receiver.titles(HOOK)) == 3  # it has the whole plan before it again


def test_a_channel_that_fails_is_left_alone_as_a_whole(room: PostRoom) -> None:
    """What has been due for longest is first, once it is tried again."""
    for query in ("một", "hai", "ba"):
        room.watch(query, HOOK)
    room.receiver.answers[HOOK] = [FAILS]
    for title in ("Tin một", "Tin hai", "Tin ba"):
        room.publish(title)
        assert room.deliver().tally.attempts.total() == 1
        room.clock.forward(seconds=1)
    room.clock.forward(seconds=2)
    room.deliver()
    assert room.receiver.titles(HOOK) == ["Tin hai", "Tin ba", "Tin một"]


def test_a_closed_channel_is_paused_at_once_and_its_message_given_up(room: PostRoom) -> None:
    made = room.watch("", HOOK, MAIL)
    room.receiver.usual[HOOK] = GONE
    room.publish("Tin một")
    room.deliver()
    room.publish("Tin hai")
    room.deliver()
    assert room.states() == {"dead": 1, "sent": 2, "pending": 1}
    assert len(room.messages()) == 4  # what is new is gathered once the channel is back, and not stacked up before it
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


def test_owners_are_told_once_by_a_channel_that_works_and_nobody_else_is(room: PostRoom) -> None:
    def mail(name: str) -> str:
        return f"mailto:{name}@example.org"

    room.watch("", CHAT, HOOK)
    room.receiver.usual[CHAT] = GONE
    room.publish("Tin một")
    room.deliver()  # the only other channel of this one's owner is paused
    told = room.watch("", HOOK, mail("told"), *(mail(f"after{place}") for place in range(4)), language="en")
    for name in ("gone", "went"):
        made = room.watch("", HOOK, mail(name))
        with room.database.writing() as session:
            leave(session, made.id, now=room.clock(), kind="mail" if name == "gone" else "webhook")
    for change in (watches.pause, watches.remove):
        room.change(change, room.watch("", HOOK, mail("ended")))
    room.receiver.usual[HOOK] = GONE
    room.publish("Tin hai")
    room.deliver()
    by_chat, by_hook = room.messages(kind="notice")
    assert (by_chat.watch == told.id, by_hook.watch) == (False, told.id)
    (notice,) = [message for message in room.receiver.at(mail("told")) if message.kind == "notice"]
    assert notice.said.startswith("The channel webhook+https://hooks.example.org/")
    assert "since 09:00 11/02/2026 (the address is gone)" in notice.said


def test_the_longer_of_two_pauses_holds(room: PostRoom) -> None:
    for query in ("một", "hai"):
        room.watch(query, HOOK)
    room.publish("Tin một", "Tin hai")
    with room.database.writing() as session:
        batch = following.read(session, following.Matcher())
        assert batch is not None
        following.write(session, batch, now=room.clock())
        gathering.gather(session, now=room.clock())
        both = [
            outbox.claim(session, head.message, holder="another", now=room.clock())
            for head in outbox.heads(session, now=room.clock(), limit=9)
        ]
        for attempt, seconds in zip(both, (600, 0), strict=True):
            assert attempt is not None
            outcome = Outcome(end="later", cause="server-error", retry_after=seconds)
            outbox.ended(session, attempt, outcome, now=room.clock(), chance=0.0)
    room.clock.forward(seconds=599)
    assert room.deliver().tally.attempts.total() == 0
    room.clock.forward(seconds=1)
    room.deliver()
    assert sorted(room.receiver.titles(HOOK)) == ["Tin hai", "Tin một"]


def test_an_owner_who_has_one_channel_reads_of_its_failing_where_watches_are_listed(room: PostRoom) -> None:
    room.watch("", HOOK)
    room.receiver.usual[HOOK] = GONE
    room.publish("Tin")
    room.deliver()
    assert room.messages(kind="notice") == []
    with room.database.reading() as session:
        (row,) = listing.listed(session)
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


def test_a_group_that_moved_to_where_another_channel_is_is_at_its_end(room: PostRoom) -> None:
    room.watch("", CHAT, MAIL)
    room.watch("khác", "telegram:-1004711")
    room.receiver.usual[CHAT] = Outcome(end="later", cause="moved", detail="400", moved_to="telegram:-1004711")
    room.publish("Tin")
    room.deliver()
    assert room.states() == {"dead": 1, "sent": 1}
    with room.database.reading() as session:
        (failing,) = standing.report(session)["failing"]
    assert (failing["address"], failing["paused"], failing["cause"]) == (CHAT, True, "moved")
    assert [message.kind for message in room.receiver.at(MAIL)].count("notice") == 1


def test_a_chat_is_written_to_at_its_pace_and_no_mail_waits_for_it(room: PostRoom) -> None:
    made = [room.watch("", CHAT, MAIL), room.watch("", CHAT)]
    titles = [f"Tin {number}" for number in range(3)]
    room.publish(*titles)
    begun = room.clock()
    room.deliver()
    for watch in made:
        told = [message for message in room.receiver.at(CHAT) if message.watch == watch.id]
        assert [message.happenings[0].title for message in told] == titles
    assert 5 <= (room.clock() - begun).total_seconds() < 8
    assert [to for to, _ in room.receiver.got[:5]].count(MAIL) == 3
