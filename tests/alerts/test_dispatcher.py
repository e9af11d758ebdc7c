"""A dispatcher that goes on: when it looks, how it ends, and that no fault ends it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from databases import SQLITE
from postroom import HOOK, NINE, PostRoom
from sqlalchemy.exc import OperationalError

from alerts import dispatch, following
from alerts.telling import Teller

if TYPE_CHECKING:
    from typing import Any, NoReturn

pytestmark = SQLITE


def test_one_that_is_told_to_stop_sends_nothing_more_and_notes_what_was_on_its_way(room: PostRoom) -> None:
    room.watch("", HOOK)
    room.publish("Một", "Hai", "Ba")
    dispatcher = room.dispatcher()
    room.receiver.before = lambda *_: dispatcher.stop()
    dispatcher.run()
    assert dispatcher.close()
    assert room.receiver.titles(HOOK) == ["Một"]
    assert room.states() == {"sent": 1, "pending": 2}


def test_one_that_is_closed_waits_for_no_longer_than_it_may(room: PostRoom) -> None:
    room.watch("", HOOK)
    room.publish("Một")
    dispatcher, over = room.dispatcher(), threading.Event()

    def hang(*_: object) -> None:
        dispatcher.stop()
        assert over.wait(10)

    room.receiver.before = hang
    dispatcher.run()
    assert not dispatcher.close(0.0)
    over.set()
    assert dispatcher.close()
    assert room.states() == {"sent": 1}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (OperationalError("", {}, Exception("locked")), "the database is not to be had now, trying again: locked"),
        (ValueError("oh"), "a fault of ours keeps alerts from going on; trying again"),
    ],
)
def test_no_fault_ends_it(
    room: PostRoom, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception, said: str
) -> None:
    monkeypatch.setattr(dispatch, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(dispatch, "_FAULT_SECONDS", 0.0)
    faults, read = [fault], following.read

    def fail_once(*given: Any) -> Any:
        if faults:
            raise faults.pop()
        return read(*given)

    monkeypatch.setattr(following, "read", fail_once)
    room.watch("", HOOK)
    room.publish("Một")
    dispatcher = room.dispatcher()
    room.receiver.before = lambda *_: dispatcher.stop()
    dispatcher.run()
    assert dispatcher.close()
    assert room.receiver.titles(HOOK) == ["Một"]
    assert said in caplog.messages


def test_a_fault_of_ours_in_a_message_is_a_failed_attempt_that_tells_no_secret(
    room: PostRoom, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> NoReturn:
        raise ValueError("s3cr3t")

    room.watch("", f"{HOOK}/s3cr3t")
    room.publish("Một")
    with monkeypatch.context() as patch:
        patch.setattr(Teller, "tell", fail)
        room.deliver()
    (message,) = room.messages()
    assert (message.state, message.cause, message.detail) == ("pending", "library", "our fault: ValueError")
    assert "ValueError" in caplog.text
    assert "s3cr3t" not in caplog.text
    room.clock.forward(seconds=5)
    room.deliver()
    assert room.states() == {"sent": 1}


def test_a_digest_is_sent_at_its_hour(room: PostRoom) -> None:
    room.clock.now = NINE.replace(hour=6, minute=59, second=50)
    room.watch("", HOOK, every="day")
    room.publish("Một")
    dispatcher, seven = room.dispatcher(), NINE.replace(hour=7)
    room.receiver.before = lambda *_: dispatcher.stop()
    dispatcher.run()
    assert seven <= room.messages()[0].made_at < seven.replace(second=2)
