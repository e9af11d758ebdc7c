"""From an event to a message that is handed over, whatever happens on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postroom import MAIL

if TYPE_CHECKING:
    from postroom import PostRoom


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
