"""In how many messages a watch hears, and when: old pages, digests, what flaps, quiet hours."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from postroom import FAILS, HOOK, MAIL, leave

from alerts import watches
from alerts.audit import Auditor
from alerts.items import Passage
from scraper.items import VIETNAM
from storage import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from postroom import PostRoom


def test_old_pages_are_a_line_in_the_next_message(room: PostRoom) -> None:
    room.watch()
    room.publish("Cũ một", "Cũ hai", source="sgd", origin="backfill")
    room.publish(*(f"Cũ {number}" for number in range(40)), origin="backfill")
    room.deliver()
    assert room.receiver.got == []
    room.publish("Tin mới", "Tin khác")
    room.deliver()
    message, other = room.receiver.at(MAIL)
    assert (message.total, message.noted, other.noted) == (1, (("Sở Nội vụ", 40), ("sgd", 2)), ())
    assert room.states() == {"noted": 42, "sent": 2}
    room.publish("Tin nữa")
    room.deliver()
    assert room.receiver.at(MAIL)[-1].noted == ()  # it is told once


@pytest.mark.parametrize("origin", ["backfill", "replay", "import"])
def test_old_pages_alone_are_one_message_a_day(room: PostRoom, origin: str) -> None:
    room.watch()
    for number in range(4):
        room.publish(f"Cũ {number}", origin=origin)
        room.deliver()
        room.clock.forward(hours=12)
    room.deliver()
    first, second = room.receiver.at(MAIL)
    assert [(message.total, message.happenings) for message in (first, second)] == [(0, ())] * 2
    assert sum(count for message in (first, second) for _, count in message.noted) == 4
    assert Auditor(room.database).look().wrong == 0


@pytest.mark.parametrize("change", [watches.pause, watches.remove, leave])
def test_of_old_pages_nobody_is_told_who_wants_to_hear_no_more(room: PostRoom, change: Callable[..., None]) -> None:
    made = room.watch()
    room.publish("Cũ", origin="backfill")
    room.deliver()
    room.change(change, made)
    room.clock.forward(days=2)
    room.deliver()
    assert room.messages() == []


def test_more_than_twenty_at_once_are_one_digest(room: PostRoom) -> None:
    room.watch()
    titles = [f"Tin {number}" for number in range(60)]
    room.publish(*titles)
    room.deliver()
    (message,) = room.receiver.at(MAIL)
    assert (message.kind, message.total) == ("digest", 60)
    assert [one.title for one in message.happenings] == titles[:50]
    assert message.thread == message.watch


def test_twenty_an_hour_come_one_by_one(room: PostRoom) -> None:
    room.watch()
    for count, minutes in ((10, 20), (10, 39), (1, 41), (1, 0)):
        room.publish(*(f"Tin {number} lúc {room.clock()}" for number in range(count)))
        room.deliver()
        room.clock.forward(minutes=minutes)
    assert [message.kind for message in room.receiver.at(MAIL)] == ["event"] * 20 + ["digest", "event"]


def test_a_page_that_flaps_is_told_three_times_and_then_once_a_day(
    room: PostRoom, caplog: pytest.LogCaptureFixture
) -> None:
    room.publish("Tin", "Tin khác")
    room.watch(kinds=watches.kinds(["article"]))
    for _ in range(6):
        for kind in ("article.gone", "article.returned"):
            room.happen(kind, "Tin")
            room.deliver()
    assert len(room.receiver.at(MAIL)) == 3
    assert "flaps" in caplog.text
    room.happen("article.gone", "Tin khác")
    room.deliver()
    assert len(room.receiver.at(MAIL)) == 4
    room.clock.forward(days=1)
    room.happen("article.returned", "Tin khác")
    room.deliver()
    assert room.receiver.at(MAIL)[-1].total == 10  # with what else there is
    assert room.states() == {"sent": 14}


def test_a_source_that_flaps_is_told_of_three_times_a_day(room: PostRoom) -> None:
    room.watch(kinds=watches.kinds(["source"]))
    for number in range(6):
        kind = ("source.ill", "source.recovered")[number % 2]
        with room.database.writing() as session:
            events.append_of_source(
                session, kind, "snv", at=room.clock.forward(hours=1), title="Sở Nội vụ", url="", changes=[]
            )
        room.deliver()
    assert [one.kind for message in room.receiver.at(MAIL) for one in message.happenings] == [
        "source.ill", "source.recovered", "source.ill",
    ]  # fmt: skip


def test_only_what_was_told_as_news_counts_as_flapping_and_a_day_later_no_more(room: PostRoom) -> None:
    room.watch("", MAIL, HOOK, kinds=watches.kinds(["article"]))
    room.publish("Tin", "Tin khác")
    room.happen("article.changed", "Tin khác", times=3)
    for number in range(3):
        room.publish("Tin", body=f"Đọc lại {number}", origin="replay")
    for hours in (0, 1, 22, 1, 1):  # of these five no more than three are within a day
        room.clock.forward(hours=hours)
        room.happen("article.changed", "Tin")
        room.deliver()
    assert [message.kind for message in room.receiver.at(MAIL)] == ["event"] * 10
    assert len(room.receiver.at(HOOK)) == 10
    room.clock.forward(minutes=30)
    room.happen("article.changed", "Tin")
    room.deliver()
    assert len(room.receiver.at(HOOK)) == 10  # the fourth within a day


def test_a_digest_tells_in_the_morning_of_all_since_the_last_one(room: PostRoom) -> None:
    room.clock.now = datetime(2026, 2, 16, 23, 50, tzinfo=VIETNAM)  # the last minutes of the year
    room.watch(every="day")
    room.publish("Giao thừa")
    room.deliver()
    room.clock.now = datetime(2026, 2, 17, 0, 10, tzinfo=VIETNAM)
    room.publish("Mồng Một")
    room.deliver()
    assert room.receiver.got == []
    room.clock.now = datetime(2026, 2, 17, 7, 0, tzinfo=VIETNAM)
    room.deliver()
    (message,) = room.receiver.at(MAIL)
    assert (message.kind, [one.title for one in message.happenings]) == ("digest", ["Giao thừa", "Mồng Một"])
    room.clock.now = datetime(2026, 2, 18, 7, 0, tzinfo=VIETNAM)
    room.deliver()
    assert len(room.receiver.at(MAIL)) == 1  # there is nothing to tell


def test_in_quiet_hours_everything_waits_and_nothing_is_dropped(room: PostRoom) -> None:
    room.clock.now = datetime(2026, 2, 16, 21, 59, 58, tzinfo=VIETNAM)
    room.watch("", MAIL, HOOK, quiet=(22, 6))
    room.receiver.answers[HOOK] = [FAILS]
    room.publish("Tin một")
    room.deliver()
    assert (room.receiver.titles(MAIL), room.receiver.titles(HOOK)) == (["Tin một"], [])
    room.clock.forward(hours=1)
    room.publish("Tin hai")
    room.deliver()  # its second attempt is due, and quiet
    assert (room.receiver.titles(MAIL), room.receiver.titles(HOOK)) == (["Tin một"], [])
    room.clock.now = datetime(2026, 2, 17, 6, 0, tzinfo=VIETNAM)
    room.deliver()
    assert room.receiver.titles(MAIL) == room.receiver.titles(HOOK) == ["Tin một", "Tin hai"]


def test_a_message_of_a_document_says_which_it_is(room: PostRoom) -> None:
    """A record has several, and the message lists them all."""
    room.watch("", MAIL, kinds=watches.kinds(["document"]))
    room.publish("Kế hoạch")
    room.happen("document.added", "Kế hoạch", {"field": "documents", "title": "Phụ lục 2", "url": "https://a.vn/2.pdf"})
    room.happen("document.changed", "Kế hoạch", {"field": "documents", "title": "", "url": "https://a.vn/3.pdf"})
    room.deliver()
    told = [one.changed for message in room.receiver.at(MAIL) for one in message.happenings]
    assert told == [
        (Passage(field="documents", words=(("+", "Phụ lục 2"),)),),
        (Passage(field="documents", words=(("=", "https://a.vn/3.pdf"),)),),
    ]


@pytest.mark.parametrize(
    ("wish", "called"),
    [
        ({}, ""),
        ({"query": "tin -thuế"}, "tin -thuế"),
        ({"sources": ("snv",)}, "(nguồn:snv)"),
        ({"query": "tin", "sources": ("snv", "sgd")}, "tin (nguồn:snv OR nguồn:sgd)"),
        ({"query": "tin", "sources": ("snv",), "name": "Nội vụ"}, "Nội vụ"),
    ],
)
def test_a_message_says_all_that_its_watch_is_narrowed_to(room: PostRoom, wish: dict[str, Any], called: str) -> None:
    """Who reads why a message came must not take it for one of everything."""
    room.watch(**wish)
    room.publish("Tin mới")
    room.deliver()
    (message,) = room.receiver.at(MAIL)
    assert message.query == called


def test_a_message_of_a_procedure_says_by_which_decision_and_from_when(room: PostRoom) -> None:
    room.watch("", MAIL, kinds=watches.kinds(["procedure"]))
    room.publish("Bãi bỏ")
    decision = {"raw": "Quyết định số 1405/QĐ-UBND", "title": "công bố thủ tục bị bãi bỏ"}
    step = {"field": "state", "to": "abolished", "effective_from": "2026-06-01", "decision": decision}
    room.happen("procedure.abolished", "Bãi bỏ", step | {"basis": "effective"})
    room.happen("procedure.abolished", "Bãi bỏ", step | {"basis": "issued"})  # no text says when it takes effect
    room.happen("procedure.abolished", "Bãi bỏ", step | {"basis": "issued", "decision": None})
    room.deliver()
    told = [one.changed for message in room.receiver.at(MAIL) for one in message.happenings]
    by = Passage(field="decision", words=(("=", "Quyết định số 1405/QĐ-UBND công bố thủ tục bị bãi bỏ"),))
    assert told == [(by, Passage(field="effective_from", words=(("=", "2026-06-01"),))), (by,), ()]
