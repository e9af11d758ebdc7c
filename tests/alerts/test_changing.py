"""A watch that is changed: what happened before is told as it was promised then, what comes after as it is now."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postroom import CHAT, FAILS, HOOK, MAIL, PostRoom
from sqlalchemy import create_engine, select, text

from alerts import digests, gathering, listing, watches
from alerts.audit import Auditor
from alerts.watches import BadWatch, NoWatch
from scraper.items import VIETNAM
from storage import migrations
from storage.alert_tables import Channel, Owed, WatchChannel, WatchSpan

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.watches import Made

OTHER = "mailto:other@example.org"


def changed(room: PostRoom, made: Made, *, to: Any = (), no_to: Any = (), **parts: Any) -> Made:
    with room.database.writing() as session:
        return watches.change(
            session, made.id, lambda wish: replace(wish, **parts), to=to, no_to=no_to, now=room.clock()
        )


def mornings(room: PostRoom) -> None:
    """What is read on one day is told on the next."""
    for _ in range(2):
        room.deliver()
        room.clock.forward(days=1)
    room.deliver()


def is_sound(room: PostRoom) -> bool:
    return Auditor(room.database).look().wrong == 0


def test_another_query_and_other_kinds_hold_for_what_happens_from_then_on(room: PostRoom) -> None:
    made = room.watch("mưa")
    room.publish("Mưa một", "Nắng một")
    assert changed(room, made, query="nắng", kinds=watches.kinds(["article"])).understood == "nắng"
    room.publish("Mưa hai", "Nắng hai")
    room.happen("article.gone", "Nắng một")
    room.deliver()
    told = [(one.kind, one.title) for message in room.receiver.at(MAIL) for one in message.happenings]
    assert told == [("article.new", "Mưa một"), ("article.new", "Nắng hai"), ("article.gone", "Nắng một")]
    assert {message.query for message in room.receiver.at(MAIL)} == {"nắng"}
    assert is_sound(room)


def test_what_is_not_named_stays_as_it_is(room: PostRoom) -> None:
    made = room.watch("mưa", MAIL, sources=("snv",), every="week", hour=9, weekday=4, quiet=(22, 6), language="en")
    changed(room, made, hour=8)
    with room.database.reading() as session:
        wish = watches.wish_of(session, made.id)
    assert wish == watches.Wish(
        query="mưa", sources=("snv",), every="week", hour=8, weekday=4, quiet=(22, 6), language="en"
    )


def test_a_change_while_nothing_happens_is_one_and_the_last_one_holds(room: PostRoom) -> None:
    made = room.watch("mưa")
    room.deliver()  # it has learnt what the watch asks for
    for query in ("gió", "nắng", "bão"):
        changed(room, made, query=query)
        room.deliver()
    room.publish("Mưa", "Gió", "Nắng", "Bão")
    room.deliver()
    assert room.receiver.titles() == ["Bão"]
    assert is_sound(room)


def test_an_added_channel_hears_of_what_happens_after_it_was_added(room: PostRoom) -> None:
    made = room.watch("", MAIL, every="day")
    room.publish("Tin một")
    room.deliver()  # it waits for its hour
    room.publish("Tin hai")  # nobody has read this yet
    told = changed(room, made, to=[HOOK, MAIL])
    assert (told.channels, len(told.secrets)) == (("mailto:reader@example.org", made_shown(room)), 1)
    room.publish("Tin ba")
    mornings(room)
    assert (room.receiver.titles(MAIL), room.receiver.titles(HOOK)) == (["Tin một", "Tin hai", "Tin ba"], ["Tin ba"])
    assert is_sound(room)


def made_shown(room: PostRoom) -> str:
    with room.database.reading() as session:
        return session.scalars(select(Channel.shown).where(Channel.kind == "webhook")).one()


def test_what_is_queued_for_a_channel_that_is_taken_away_is_dropped_and_for_the_others_sent(room: PostRoom) -> None:
    made = room.watch("", MAIL, HOOK, every="day")
    room.publish("Tin một")
    room.deliver()
    room.publish("Tin hai")
    assert changed(room, made, no_to=[HOOK]).channels == ("mailto:reader@example.org",)
    room.publish("Tin ba")
    mornings(room)
    assert (room.receiver.titles(MAIL), room.receiver.titles(HOOK)) == (["Tin một", "Tin hai", "Tin ba"], [])
    assert room.states() == {"sent": 3, "dropped": 2}
    with room.database.reading() as session:
        reasons = session.scalars(select(Owed.reason).where(Owed.state == "dropped").order_by(Owed.event)).all()
    assert reasons[0] == "the channel was taken away"
    assert "not of the watch any more" in reasons[1]
    assert is_sound(room)


def test_a_channel_that_comes_back_hears_of_nothing_that_was_before(room: PostRoom) -> None:
    made = room.watch("", MAIL, HOOK, every="day")
    room.publish("Tin một")
    room.deliver()
    room.publish("Tin hai")
    changed(room, made, no_to=[MAIL])
    room.publish("Tin ba")
    changed(room, made, to=[MAIL])
    room.publish("Tin bốn")
    mornings(room)
    assert room.receiver.titles(MAIL) == ["Tin bốn"]
    assert room.receiver.titles(HOOK) == ["Tin một", "Tin hai", "Tin ba", "Tin bốn"]
    assert room.states() == {"sent": 5, "dropped": 2}
    assert is_sound(room)


def test_a_reader_who_left_may_leave_again_by_the_same_link(room: PostRoom) -> None:
    made = room.watch("", MAIL, HOOK)
    with room.database.writing() as session:
        asked = select(WatchChannel.token).join(Channel, Channel.id == WatchChannel.channel)
        token = session.scalars(asked.where(Channel.kind == "mail")).one()
        watches.leave(session, token, now=room.clock())
    changed(room, made, to=[MAIL])
    room.publish("Tin một")
    room.deliver()
    assert room.receiver.at(MAIL)[0].unsubscribe.endswith(token)
    with room.database.writing() as session:
        watches.leave(session, token, now=room.clock())
    room.publish("Tin hai")
    room.deliver()
    assert (room.receiver.titles(MAIL), room.receiver.titles(HOOK)) == (["Tin một"], ["Tin một", "Tin hai"])
    assert room.states() == {"sent": 3}
    assert is_sound(room)


def test_from_a_day_to_at_once_what_waits_goes_out_at_once(room: PostRoom) -> None:
    made = room.watch(every="day")
    room.publish("Tin một", "Tin hai")
    room.deliver()
    assert room.receiver.got == []
    changed(room, made, every="now")
    room.deliver()
    assert [message.kind for message in room.receiver.at(MAIL)] == ["event"] * 2
    room.publish("Tin ba")
    room.deliver()
    assert room.receiver.titles() == ["Tin một", "Tin hai", "Tin ba"]


def test_from_at_once_to_a_day_nothing_is_lost(room: PostRoom) -> None:
    room.clock.now = datetime(2026, 2, 11, 23, 0, tzinfo=VIETNAM)
    made = room.watch("", quiet=(22, 6))
    room.publish("Tin một")
    room.deliver()
    changed(room, made, every="day", hour=8, quiet=None)
    room.publish("Tin hai")
    room.deliver()
    assert room.receiver.got == []
    room.clock.now = datetime(2026, 2, 12, 8, 0, tzinfo=VIETNAM)
    room.deliver()
    (message,) = room.receiver.at(MAIL)
    assert (message.kind, message.total) == ("digest", 2)


def test_a_message_that_is_under_way_ends_as_it_ends_and_has_no_second_attempt(room: PostRoom) -> None:
    made = room.watch("", HOOK, MAIL)
    room.receiver.answers[HOOK] = [FAILS]
    room.receiver.before = lambda address, _: address == HOOK and changed(room, made, no_to=[HOOK])
    room.publish("Tin một")
    room.deliver()
    room.receiver.before = lambda *_: None
    room.clock.forward(hours=1)
    room.deliver()
    assert (room.receiver.titles(HOOK), room.receiver.titles(MAIL)) == ([], ["Tin một"])
    assert room.states() == {"sent": 1, "dropped": 1}
    assert is_sound(room)


def test_a_paused_watch_that_is_changed_stays_paused_and_then_goes_on_as_it_is_now(room: PostRoom) -> None:
    made = room.watch("mưa")
    room.change(watches.pause, made)
    changed(room, made, query="nắng", to=[HOOK])
    room.publish("Mưa một", "Nắng một")
    room.change(watches.resume, made)
    room.publish("Mưa hai", "Nắng hai")
    room.deliver()
    assert room.receiver.titles(MAIL) == room.receiver.titles(HOOK) == ["Nắng hai"]
    assert is_sound(room)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"query": "tu:31/02/2023"}, "31/02/2023"),
        ({"hour": 24}, "24"),
        ({"quiet": (22, 22)}, "quiet"),
        ({"to": ["file:///etc/passwd"]}, "file"),
        ({"no_to": [OTHER]}, "no such channel"),
        ({"no_to": [MAIL]}, "no channel would be left"),
        ({"to": [MAIL], "no_to": [MAIL]}, "cannot be added and taken away"),
    ],
)
def test_what_would_be_no_watch_is_refused_and_changes_nothing(room: PostRoom, parts: dict[str, Any], why: str) -> None:
    made = room.watch("tin")
    with pytest.raises(BadWatch, match=why):
        changed(room, made, **{"name": "Khác", **parts})
    with room.database.reading() as session:
        (row,) = listing.listed(session)
    assert (row["query"], row["name"], row["channels"]) == ("tin", "tin", ["mailto:reader@example.org"])
    with pytest.raises(NoWatch), room.database.writing() as session:
        watches.change(session, "none", lambda wish: wish, now=room.clock())


def test_what_waits_for_its_hour_is_not_looked_at_before(room: PostRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much of it there is: it costs nothing meanwhile. Where there is more, or it is told otherwise, it is."""
    made = room.watch("", every="day")
    room.publish("Tin một")
    room.publish("Cũ một", origin="backfill")
    room.deliver()
    looks = Mock(wraps=digests.decide)
    monkeypatch.setattr(digests, "decide", looks)
    for _ in range(3):
        room.clock.forward(hours=1)
        room.deliver()
    assert looks.call_count == 0
    with room.database.reading() as session:
        (state,) = listing.shown(session, made.id)["channel_states"]
    assert (state["pending"], state["next_attempt"]) == (1, "2026-02-12T07:00:00+07:00")
    changed(room, made, hour=6)
    room.deliver()
    room.publish("Tin hai")
    room.deliver()
    assert looks.call_count == 2
    room.clock.now = datetime(2026, 2, 12, 6, 0, tzinfo=VIETNAM)
    room.deliver()
    (message,) = room.receiver.at(MAIL)
    assert (message.total, message.noted) == (2, (("Sở Nội vụ", 1),))


def test_more_channels_than_are_looked_at_together_all_have_theirs(
    room: PostRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "_PAIRS", 2)
    to = [f"mailto:reader{number}@example.org" for number in range(5)]
    for address in to:
        room.watch("", address)
    room.publish("Tin")
    room.deliver()
    assert sorted(address for address, _ in room.receiver.got) == to


def test_a_name_that_is_the_query_goes_with_it_and_one_that_was_given_stays(room: PostRoom) -> None:
    plain, named = room.watch("mưa"), room.watch("mưa", name="Thời tiết")
    for made in (plain, named):
        changed(room, made, query="nắng")
    with room.database.reading() as session:
        assert {row["id"]: row["name"] for row in listing.listed(session)} == {plain.id: "nắng", named.id: "Thời tiết"}


def test_changes_while_two_dispatchers_work_leave_no_gap_and_repeat_nothing(room: PostRoom) -> None:
    made = [room.watch("chẵn", f"mailto:reader{number}@example.org", HOOK) for number in range(3)]
    both = [room.dispatcher() for _ in range(2)]
    with ThreadPoolExecutor(3) as pool:
        for number in range(8):
            room.publish(f"Tin chẵn {number}", f"Tin lẻ {number}")
            work = [pool.submit(one.once) for one in both]
            turn = {"query": ("lẻ", "chẵn")[number % 2]} | ({"no_to": [HOOK]} if number % 2 else {"to": [HOOK]})
            work += [pool.submit(changed, room, one, **turn) for one in made]
            for done in work:
                done.result()
            room.clock.forward(minutes=5)
    room.deliver()
    ids = [message.id for _, message in room.receiver.got]
    assert len(ids) == len(set(ids))
    assert room.states().keys() <= {"sent", "dropped"}
    assert is_sound(room)


def test_watches_of_an_older_congtin_keep_what_they_promised(fresh: Callable[..., str]) -> None:
    """Two spans, in the first of which the reader of one channel left."""
    engine = create_engine(fresh(migrated=False))
    with engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0012")
        for statement in OLD.split(";"):
            connection.execute(text(statement.replace(":", r"\:")))
        migrations.upgrade(connection)
        spans = connection.execute(
            select(WatchSpan.after, WatchSpan.until, WatchSpan.channels, WatchSpan.query).order_by(WatchSpan.after)
        ).all()
        assert [tuple(span) for span in spans] == [
            (3, 5, ["hook", "mail"], "tin"), (5, 8, ["hook"], "tin"), (9, None, ["hook"], "tin"),
        ]  # fmt: skip
        channels = connection.execute(select(WatchChannel.channel, WatchChannel.after, WatchChannel.look_at)).all()
        assert {row.channel: (row.after, row.look_at is None) for row in channels} == {
            "hook": (9, False), "mail": (9, False),
        }  # fmt: skip
    engine.dispose()


OLD = """
INSERT INTO watches (id, name, query, kinds, sources, fields, every, hour, weekday, language, created_at)
VALUES ('w', 'tin', 'tin', '["article.new"]', '[]', '[]', 'day', 7, 0, 'vi', '2026-02-11 09:00:00+07:00');
INSERT INTO channels (id, kind, address, key, shown, failures, cause, detail)
VALUES ('mail', 'mail', 'a', 'a', 'a', 0, '', ''), ('hook', 'webhook', 'b', 'b', 'b', 0, '', '');
INSERT INTO watch_spans (watch, after, until) VALUES ('w', 3, 8), ('w', 9, NULL);
INSERT INTO watch_channels (watch, channel, position, token, until)
VALUES ('w', 'mail', 1, 'm', 5), ('w', 'hook', 0, 'h', NULL)
"""


ACTS = ("publish", "publish", "publish", "old", "read", "deliver", "deliver", "query", "rhythm", "add", "take", "pause")
TO = (MAIL, HOOK, CHAT)


@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5)), min_size=4, max_size=24))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("kind", ["sqlite"])
def test_whatever_is_changed_each_is_told_once_of_what_was_promised(
    tmp_path_factory: Any, kind: str, acts: list[tuple[str, int]]
) -> None:
    """A model of the promise beside the real thing: who was to hear of an event was settled when it happened."""
    folder = tmp_path_factory.mktemp(kind)
    room = PostRoom(folder, f"sqlite:///{folder / 'alerts.db'}")
    made = room.watch("chẵn", MAIL, HOOK)
    query, to, paused, promised = "chẵn", {MAIL, HOOK}, False, dict[str, set[str]]()
    for number, (act, choice) in enumerate(acts):
        room.clock.forward(minutes=20)
        if act in {"publish", "old"}:
            title = f"Tin {('chẵn', 'lẻ')[choice % 2]} {number}"
            room.publish(title, origin="poll" if act == "publish" else "backfill")
            promised[title] = set(to) if query in title and not paused and act == "publish" else set()
        elif act == "read":
            room.deliver()
        elif act == "deliver":
            room.clock.forward(hours=choice * 6)
            room.receiver.answers[HOOK] = [FAILS] * (choice % 3)
            room.deliver()
        elif act == "query":
            query = ("chẵn", "lẻ", "")[choice % 3]
            changed(room, made, query=query)
        elif act == "rhythm":
            changed(room, made, every=("now", "day", "week")[choice % 3], quiet=(None, (22, 6))[choice % 2])
        elif act == "add":
            with suppress(BadWatch):
                changed(room, made, to=[TO[choice % 3]])
                to.add(TO[choice % 3])
        elif act == "take":
            with suppress(BadWatch):
                changed(room, made, no_to=[TO[choice % 3]])
                to.remove(TO[choice % 3])
        else:
            room.change(watches.resume if paused else watches.pause, made)
            paused = not paused
        assert is_sound(room)
    for _ in range(10):
        room.clock.forward(days=1)
        room.deliver()
    with room.database.reading() as session:
        dropped = set(session.execute(
            select(Channel.address, Owed.event).join(Channel, Channel.id == Owed.channel).where(Owed.state == "dropped")
        ).all())  # fmt: skip
    for address in TO:
        titles = room.receiver.titles(address)
        assert len(titles) == len(set(titles))
        wanted = [title for title, channels in promised.items() if address in channels]
        assert set(titles) <= set(wanted)
        assert len(wanted) - len(titles) == sum(to == address for to, _ in dropped)
    assert not dropped or {"take", "pause"} & {act for act, _ in acts}
    assert room.states().keys() <= {"sent", "noted", "dropped"}
    assert is_sound(room)
    room.close()
