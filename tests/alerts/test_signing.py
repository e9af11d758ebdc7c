"""A webhook's secret, and the one that was before it (H25)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from postroom import HOOK, MAIL, TAKEN, PostRoom, leave

from alerts import listing, signing, watches
from alerts.watches import BadWatch, NoWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alerts.items import Message, Outcome


def renew(room: PostRoom, watch: str, channel: str = HOOK) -> str:
    with room.database.writing() as session:
        return signing.renew(session, watch, channel, now=room.clock())[1]


@pytest.fixture
def signed(room: PostRoom, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What each message to the webhook was signed with."""
    told = list[list[str]]()

    def send(_address: str, _message: Message, *, secrets: Sequence[str] = ()) -> Outcome:
        told.append([*secrets])
        return TAKEN

    monkeypatch.setattr(room.receiver, "send", send)
    return told


def test_for_a_day_both_secrets_sign(room: PostRoom, signed: list[list[str]]) -> None:
    made = room.watch("", HOOK)
    (old,) = made.secrets.values()
    new = renew(room, made.id)
    for hours in (0, 23.9, 0.2):
        room.clock.forward(hours=hours)
        room.publish(f"Tin lúc {room.clock()}")
        room.deliver()
    assert signed == [[new, old], [new, old], [new]]


def test_a_second_change_within_the_day_leaves_the_last_two(room: PostRoom, signed: list[list[str]]) -> None:
    made = room.watch("", HOOK)
    second, third = renew(room, made.id), renew(room, made.id)
    room.publish("Tin")
    room.deliver()
    assert signed == [[third, second]]


@pytest.mark.parametrize("end", [watches.remove, partial(leave, kind="webhook")], ids=["removed", "left"])
def test_who_comes_after_all_have_left_has_a_secret_that_nobody_else_knows(
    room: PostRoom, signed: list[list[str]], end: Callable[..., None]
) -> None:
    made = room.watch("", HOOK)
    renew(room, made.id)
    room.change(end, made)
    (own,) = room.watch("", HOOK).secrets.values()
    room.publish("Tin")
    room.deliver()
    assert signed == [[own]]


def test_a_channel_is_named_by_its_id_its_address_or_as_it_is_shown(room: PostRoom) -> None:
    room.watch("", "webhook+https://other.example.org/in")  # another watch's
    made = room.watch("", MAIL, HOOK)
    with room.database.reading() as session:
        rows = {row["id"]: row for row in listing.listed(session)}
    mail, hook = rows[made.id]["channel_states"]
    assert len({renew(room, made.id, name) for name in (HOOK, hook["id"], hook["address"])}) == 3
    for name in (MAIL, mail["id"], "webhook+https://other.example.org/in", ""):
        with pytest.raises(BadWatch, match="no such webhook"):
            renew(room, made.id, name)
    with pytest.raises(NoWatch):
        renew(room, "none")
    room.change(partial(leave, kind="webhook"), made)
    with pytest.raises(BadWatch, match="no such webhook"):
        renew(room, made.id)
