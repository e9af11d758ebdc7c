"""Whoever delivers may die at any moment: nothing is lost, and what may be a repeat says so."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from databases import SQLITE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postroom import CHAT, FAILS, HANGS, HOOK, MAIL, TAKEN, PostRoom

from alerts import following, gathering, outbox
from alerts.audit import Auditor
from alerts.items import Outcome
from storage import leases

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
