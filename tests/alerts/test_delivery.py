"""From an event to a message that is handed over, whatever happens on the way."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from databases import SQLITE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postroom import CHAT, FAILS, GONE, HANGS, HOOK, MAIL, TAKEN, PostRoom

from alerts import dispatch, following, gathering, outbox, standing, telling, watches
from alerts.audit import Auditor
from alerts.items import Outcome
from storage import leases

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.items import Message


class Killed(BaseException):
    """The process ends here."""


def dies(*_: object, **__: object) -> NoReturn:
    raise Killed


def lives(*_: object) -> None:
    """Nothing happens."""


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


@pytest.mark.parametrize("times", [1, 2])
def test_who_dies_before_the_send_leaves_it_to_the_next(room: PostRoom, times: int) -> None:
    room.watch()
    room.publish("Tin một")
    for _ in range(times):
        room.receiver.before = dies
        with pytest.raises(Killed):
            room.dispatcher().once()
        room.receiver.before = lives
        room.clock.forward(seconds=outbox.CLAIM.total_seconds())
    room.deliver()
    (message,) = room.receiver.at(MAIL)
    assert message.again  # nobody knows that it was not sent
    assert room.states() == {"sent": 1}


def test_who_dies_after_the_send_has_it_sent_again_with_the_same_id(room: PostRoom) -> None:
    room.watch()
    room.publish("Tin một")
    dispatcher = room.dispatcher()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "ended", dies)
        with pytest.raises(Killed):
            dispatcher.once()
    room.deliver()
    assert len(room.receiver.at(MAIL)) == 1  # its time is not over
    room.clock.forward(seconds=outbox.CLAIM.total_seconds())
    room.deliver()
    first, second = room.receiver.at(MAIL)
    assert (first.id, first.again, second.again) == (second.id, False, True)
    assert room.states() == {"sent": 1}


def test_what_the_dead_have_claimed_is_free_at_once(room: PostRoom) -> None:
    room.watch()
    room.publish("Tin một")
    with room.database.writing() as session:
        batch = following.read(session, following.Matcher())
        assert batch is not None
        following.write(session, batch, now=room.clock())
        gathering.gather(session, now=room.clock())
        (head,) = outbox.heads(session, now=room.clock(), limit=9)
        assert outbox.claim(session, head.message, holder=f"{leases.holder(1)}0", now=room.clock()) is not None
    room.deliver()
    assert [message.again for message in room.receiver.at(MAIL)] == [True]


@pytest.mark.parametrize("step", ["following.write", "gathering.gather", "outbox.claim", "outbox.ended"])
def test_a_step_that_is_cut_short_is_done_again(room: PostRoom, step: str) -> None:
    """In the middle of each transaction, and after each."""
    module, name = step.split(".")
    place = {"following": following, "gathering": gathering, "outbox": outbox}[module]
    real = getattr(place, name)

    def cut(*words: Any, **others: Any) -> Any:
        real(*words, **others)
        raise Killed

    room.watch("", MAIL, HOOK)
    room.publish(*(f"Tin {number}" for number in range(5)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, name, cut)
        dispatcher = room.dispatcher()
        with pytest.raises(Killed):
            dispatcher.once()
        dispatcher.close()
    room.clock.forward(seconds=outbox.CLAIM.total_seconds())
    room.deliver()
    for address in (MAIL, HOOK):
        assert list(dict.fromkeys(room.receiver.titles(address))) == [f"Tin {number}" for number in range(5)]
    repeats = Counter(message.id for _, message in room.receiver.got)
    assert repeats.total() - len(repeats) <= (2 if step == "outbox.ended" else 0)  # one on each channel
    assert room.states() == {"sent": 10}
    assert Auditor(room.database).look().wrong == 0


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


def test_a_message_that_one_receiver_cannot_take_keeps_only_its_own_watch_waiting(room: PostRoom) -> None:
    poisoned, well = room.watch("độc", HOOK), room.watch("lành", HOOK)

    def answer(address: str, message: Message) -> None:
        room.receiver.answers[address] = [FAILS if message.watch == poisoned.id else TAKEN]

    room.receiver.before = answer
    room.publish("Tin độc", "Tin lành")
    for _ in range(3):
        room.deliver()
        room.clock.forward(minutes=6)
    assert {message.watch for message in room.receiver.at(HOOK)} == {well.id}


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


def test_a_receiver_that_takes_a_message_and_then_hangs_gets_the_same_id_again(room: PostRoom) -> None:
    room.watch("", HOOK)
    room.receiver.answers[HOOK] = [HANGS]
    room.publish("Tin")
    room.deliver()
    room.clock.forward(seconds=5)
    room.deliver()
    first, second = room.receiver.at(HOOK)
    assert (first.id, second.id, first.again, second.again) == (first.id, first.id, False, True)


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


FATES = (TAKEN, TAKEN, TAKEN, FAILS, HANGS, Outcome(end="later", cause="rate-limited", retry_after=20))
PLACES = (None, None, None, "following.write", "gathering.gather", "outbox.claim", "outbox.ended")


@SQLITE
@given(data=st.data())
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_everyone_hears_of_everything_once(
    tmp_path_factory: Any, kind: str, data: st.DataObject
) -> None:
    """Kills between and within steps, a receiver that fails and hangs, and after it all a ledger without a gap."""
    folder = tmp_path_factory.mktemp(kind)
    room = PostRoom(folder, f"sqlite:///{folder / 'alerts.db'}")
    room.watch("", HOOK)
    room.watch("chẵn", MAIL, CHAT)
    real = {name: getattr(MODULES[name.split(".")[0]], name.split(".")[1]) for name in PLACES if name}
    titles, disturbed = list[str](), 0
    for number in range(data.draw(st.integers(2, 6))):
        titles += [f"Tin {'lẻ' if each % 2 else 'chẵn'} {number} {each}" for each in range(4)]
        room.publish(*titles[-4:])
        for address in (HOOK, MAIL, CHAT):
            fates = [one for one in FATES if one is not HANGS or address != CHAT]  # there it is given up
            room.receiver.answers[address] = data.draw(st.lists(st.sampled_from(fates), max_size=3))
            disturbed += room.receiver.answers[address].count(HANGS)
        place = data.draw(st.sampled_from(PLACES))
        after = data.draw(st.booleans())
        dispatcher = room.dispatcher()
        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            if place:
                disturbed += 3  # one message on each channel may be on its way
                module, name = place.split(".")
                patch.setattr(MODULES[module], name, partial(_cut, real[place], after=after))
            try:
                dispatcher.once()
            finally:
                dispatcher.close()
        room.clock.forward(minutes=data.draw(st.integers(5, 40)))
    room.receiver.answers.clear()
    for _ in range(4):
        room.deliver()
        room.clock.forward(hours=6)
    even = [title for title in titles if "chẵn" in title]
    for address, wanted in ((HOOK, titles), (MAIL, even), (CHAT, even)):
        assert list(dict.fromkeys(room.receiver.titles(address))) == wanted
    seen = set[str]()
    for _, message in room.receiver.got:
        assert message.again or message.id not in seen
        seen.add(message.id)
    assert len(room.receiver.got) - len(seen) <= disturbed
    assert room.states() == {"sent": len(titles) + 2 * len(even)}
    assert Auditor(room.database).look().wrong == 0
    room.close()


MODULES = {"following": following, "gathering": gathering, "outbox": outbox}


def _cut(real: Callable[..., Any], *words: Any, after: bool, **others: Any) -> Any:
    """A step that is cut short before or after what it does, in its transaction."""
    if after:
        real(*words, **others)
    raise Killed
