"""Whoever delivers may die at any moment: nothing is lost, and what may be a repeat says so."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from databases import POSTGRESQL, SQLITE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postroom import CHAT, FAILS, GONE, HANGS, HOOK, MAIL, TAKEN, PostRoom, leave
from sqlalchemy import select

from alerts import following, gathering, outbox, standing, watches
from alerts.audit import Auditor
from alerts.channels import Limits, others
from alerts.items import Outcome
from storage import leases
from storage.alert_tables import Channel, Owed
from storage.models import Event

if TYPE_CHECKING:
    from collections.abc import Callable


class Killed(BaseException):
    """The process ends here."""


def dies(*_: object, **__: object) -> NoReturn:
    raise Killed


def lives(*_: object) -> None:
    """Nothing happens."""


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
    assert [row.attempts for row in room.messages()] == [times + 1]  # one that kills whoever sends it is given up


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


def claimed(room: PostRoom, holder: str) -> outbox.Attempt:
    """What has happened is made a message, and another process begins to send it."""
    with room.database.writing() as session:
        batch = following.read(session, following.Matcher())
        assert batch is not None
        following.write(session, batch, now=room.clock())
        gathering.gather(session, now=room.clock())
        (head,) = outbox.heads(session, now=room.clock(), limit=9)
        attempt = outbox.claim(session, head.message, holder=holder, now=room.clock())
        assert attempt is not None
        return attempt


@pytest.mark.parametrize(("channel", "state", "attempts"), [(CHAT, "dead", 2), (MAIL, "sent", 3)])
def test_what_has_no_id_and_is_cut_short_twice_is_given_up(
    room: PostRoom, channel: str, state: str, attempts: int
) -> None:
    """A third message in a chat would help nobody: nothing tells that it is the same."""
    room.watch("", channel)
    room.publish("Tin một")
    for _ in range(2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(outbox, "ended", dies)
            with pytest.raises(Killed):
                room.dispatcher().once()
        room.clock.forward(seconds=outbox.CLAIM.total_seconds())
    room.deliver()
    assert [message.again for message in room.receiver.at(channel)] == [False, True, True][:attempts]
    assert room.states() == {state: 1}
    assert Auditor(room.database).look().wrong == 0
    if state == "dead":
        with room.database.reading() as session:
            (dead,) = standing.report(session)["dead"]
        assert (dead["cause"], dead["detail"]) == ("library", outbox.CUT_SHORT)
    room.publish("Tin hai")
    room.deliver()
    assert room.receiver.titles(channel)[-1] == "Tin hai"


def test_what_the_dead_have_claimed_is_free_at_once(room: PostRoom) -> None:
    room.watch()
    room.publish("Tin một")
    claimed(room, f"{leases.holder(1)}0")
    room.deliver()
    assert [message.again for message in room.receiver.at(MAIL)] == [True]


@pytest.mark.parametrize("holder", ["elsewhere/1/1", leases.holder()], ids=["elsewhere", "here"])
def test_what_the_living_have_claimed_is_theirs(room: PostRoom, holder: str) -> None:
    """Whoever comes back too late changes nothing either: then it is another's, or another attempt's."""
    room.watch()
    room.publish("Tin một")
    late = claimed(room, holder)
    room.deliver()
    assert room.receiver.got == []
    room.clock.forward(seconds=outbox.CLAIM.total_seconds())

    def comes_back(*_: object) -> None:
        with room.database.writing() as session:
            for outcome in (TAKEN, GONE):
                outbox.ended(session, late, outcome, now=room.clock(), chance=0.0)

    room.receiver.before = comes_back
    room.receiver.answers[MAIL] = [FAILS]
    room.deliver()
    assert room.states() == {"pending": 1}
    room.clock.forward(hours=1)
    room.deliver()
    assert room.states() == {"sent": 1}


def test_a_message_is_ours_for_longer_than_any_attempt_may_take() -> None:
    limits = Limits()
    assert outbox.CLAIM.total_seconds() > max(limits.mail, limits.total + others.START) + limits.connect


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("change", [watches.pause, watches.remove, leave])
def test_what_another_began_to_send_is_not_sent_again_to_who_wants_it_no_more(
    room: PostRoom, change: Callable[..., None], at_once: bool
) -> None:
    """Of a process of another machine, or of one that was started anew, nobody knows that it is dead."""
    made = room.watch()
    room.publish("Tin một")
    message = claimed(room, "elsewhere/1/1").message.id
    room.change(change, made)
    room.deliver()
    assert room.states() == {"pending": 1}
    now = room.clock.forward(seconds=outbox.CLAIM.total_seconds())
    if at_once:  # before anyone has looked for what others left
        with room.database.writing() as session:
            assert outbox.claim(session, message, holder=leases.holder(), now=now) is None
    with room.database.writing() as session:
        outbox.release(session, now=now)
    assert room.states() == {"dropped": 1}
    room.deliver()
    assert room.receiver.got == []
    assert Auditor(room.database).look().wrong == 0


@POSTGRESQL
@pytest.mark.parametrize("behind", [False, True])
def test_what_one_is_just_claiming_another_leaves_alone(room: PostRoom, behind: bool) -> None:
    """SQLite has one writer at a time."""
    room.watch()
    room.publish("Tin một", "Tin hai")
    first = claimed(room, "one/1/1")
    _, second = room.messages()
    with room.database.writing() as session:
        outbox.ended(session, first, TAKEN, now=room.clock(), chance=0.0)

    def claim() -> outbox.Attempt | None:
        with room.database.writing() as session:
            if behind:
                return outbox.claim_next(session, first, holder="other/1/1", now=room.clock())
            return outbox.claim(session, second.id, holder="other/1/1", now=room.clock())

    with ThreadPoolExecutor(1) as pool, room.database.writing() as session:
        assert outbox.claim(session, second.id, holder="one/1/1", now=room.clock()) is not None
        assert pool.submit(claim).result(timeout=5) is None


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
    with room.database.reading() as session:
        asked = select(Event.title, Channel.key).join(Owed, Owed.event == Event.cursor)
        dead = session.execute(asked.join(Channel, Channel.id == Owed.channel).where(Owed.state == "dead")).all()
    given_up = {title for title, _ in dead}
    assert {channel for _, channel in dead} <= {CHAT}  # what was cut short twice, and has no id
    assert all(message.unknown == 2 for message in room.messages(state="dead"))
    heard = {address: list(dict.fromkeys(room.receiver.titles(address))) for address in (HOOK, MAIL, CHAT)}
    assert (heard[HOOK], heard[MAIL]) == (titles, even)
    assert heard[CHAT] == [title for title in even if title in heard[CHAT] or title not in given_up]
    seen = set[str]()
    for _, message in room.receiver.got:
        assert message.again or message.id not in seen
        seen.add(message.id)
    assert len(room.receiver.got) - len(seen) <= disturbed
    assert Counter(room.states()) == Counter(sent=len(titles) + 2 * len(even) - len(dead), dead=len(dead))
    assert Auditor(room.database).look().wrong == 0
    room.close()


MODULES = {"following": following, "gathering": gathering, "outbox": outbox}


def _cut(real: Callable[..., Any], *words: Any, after: bool, **others: Any) -> Any:
    """A step that is cut short before or after what it does, in its transaction."""
    if after:
        real(*words, **others)
    raise Killed
