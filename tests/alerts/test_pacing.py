"""How fast Telegram is written to: 30 a second in all, one a second to a chat, 20 a minute to a group."""

from __future__ import annotations

from itertools import pairwise

import pytest

from alerts.address import parse
from alerts.channels import Pacer

CHAT, OTHER, GROUP = parse("telegram:1"), parse("telegram:2"), parse("telegram:-1001")


def sending(pacer: Pacer, names: list[str], seconds: float) -> list[float]:
    """When messages go out to these chats in turn, to each as soon as it may be."""
    now, sent = 0.0, []
    for name in names:
        while wait := pacer.wait_for(parse(name), now):
            now += wait
        sent.append(now)
        if now > seconds:
            break
    return sent


def test_a_chat_gets_one_a_second() -> None:
    sent = sending(Pacer(), ["telegram:1"] * 10, 60)
    assert all(0.99 <= later - sooner < 1.1 for sooner, later in pairwise(sent))


@pytest.mark.parametrize("name", ["telegram:-1001", "telegram:@tin_tinh"])
def test_a_group_gets_twenty_a_minute(name: str) -> None:
    sent = sending(Pacer(), [name] * 61, 300)
    assert sent[:2] == [0, pytest.approx(1)]
    for place, at in enumerate(sent[20:]):
        assert at - sent[place] >= 60
    assert sent[60] == pytest.approx(180)


def test_all_get_thirty_a_second() -> None:
    sent = sending(Pacer(), [f"telegram:{number}" for number in range(1, 200)], 60)
    for place, at in enumerate(sent[30:]):
        assert at - sent[place] >= 0.999
    assert sent[-1] < 7


def test_whoever_must_wait_holds_no_other_up() -> None:
    """H10."""
    pacer = Pacer()
    assert pacer.wait_for(CHAT, 0) == 0
    pacer.hold(CHAT, 30, 0)
    assert pacer.wait_for(CHAT, 1) == 29
    assert pacer.wait_for(OTHER, 1) == 0
    assert pacer.wait_for(CHAT, 30) == 0


def test_asking_takes_nothing_as_long_as_one_must_wait() -> None:
    pacer = Pacer()
    pacer.wait_for(CHAT, 0)
    assert [pacer.wait_for(CHAT, 0.5) for _ in range(50)] == [0.5] * 50
    assert pacer.wait_for(OTHER, 0.5) == 0


def test_only_telegram_and_what_asked_for_it_waits() -> None:
    pacer, mail = Pacer(), parse("mailto:a@example.org")
    assert [pacer.wait_for(mail, 0) for _ in range(100)] == [0] * 100
    pacer.hold(mail, 5, 0)
    assert pacer.wait_for(mail, 1) == 4


def test_chats_that_are_quiet_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.channels.pacing._MOST_CHATS", 10)
    pacer = Pacer()
    for number in range(1, 100):
        pacer.wait_for(parse(f"telegram:{number}"), number * 10.0)
    assert len(pacer._chats) <= 10
