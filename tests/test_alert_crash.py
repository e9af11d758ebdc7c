"""Crawls and deliveries killed at any moment, and a receiver that fails, hangs and lies: the drill of alerts, briefly.

`python -m drill --scenario alerts` is its long form.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from drill import alert_laws, alerting
from drill.alert_laws import LAWS, Asked, Due, Made, Time, Told
from drill.crawls import Site
from drill.forks import DAY_SECONDS, HOUR_SECONDS, Forked
from drill.receiver import DOUBTFUL, TAKEN, WAIT_SECONDS, Answer, Receipt, receiving
from drill.scenarios import Drill, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from command import Congtin

    from sample.server import Running


@pytest.mark.long
def test_whatever_is_killed_everyone_is_told_once(
    congtin: Congtin, serve: Callable[..., Running], address: str
) -> None:
    chance = random.Random(2026)
    environment = {"CONGTIN_DATABASE_URL": address, "CONGTIN_GONE_HOURS": "0"}
    site = Site(data=congtin.data, portal=serve(articles=12), environment=environment)
    site.declare()
    drill = Drill(site=site, outcome=Outcome(scenario="alerts", database="any"), chance=chance)
    with receiving(chance) as receiver:
        site.environment |= receiver.environment
        told = alerting.kill(
            drill, receiver, lambda *words: Forked(words, site.variables(), congtin.data / "said.log"), kills=2
        )
    assert sum(told.disturbed.values()) == 2
    assert told.alerts["messages"] > 0
    assert told.alerts["noted"] >= 12


NOON = 100 * DAY_SECONDS + 12 * HOUR_SECONDS


def receipt(
    message: str, *events: str, answer: Answer = "took", path: str = "a", at: float = NOON, **more: Any
) -> Receipt:
    return Receipt(
        path=path, message=message, watch="w", events=events, total=len(events), answer=answer, at=at, **more
    )  # fmt: skip


def due(event: str, message: str, state: str = "sent", **more: Any) -> Due:
    return Due(watch="w", event=event, channel="a", state=state, message=message, **more)


def made(number: int, *, kind: str = "event", at: float = NOON) -> Made:
    return Made(number=number, watch="w", channel="a", kind=kind, at=at)


SOUND = Told(
    expected={("w", "1", "a"): {"sent"}, ("w", "2", "a"): {"sent", "dropped"}, ("w", "0", "a"): {"noted"}},
    ledger=(due("0", "m", "noted"), due("1", "m"), due("2", "n")),
    cursors={"0": 0, "1": 1, "2": 2},
    messages={"m": made(1), "n": made(2)},
    receipts=(
        receipt("m", "1", answer="failed"), receipt("m", "1", answer="lied"), receipt("m", "1"), receipt("n", "2"),
        receipt("n", "2"),
    ),
    killed={"n": 1},
)  # fmt: skip
ASKED = Asked(watch="w", channels=("a",))
CHAT = replace(
    SOUND,
    ledger=(due("1", "m", "dead", reason="timeout: no answer"), due("2", "n")),
    expected={("w", "1", "a"): {"sent", "dead"}, ("w", "2", "a"): {"sent", "dead"}},
    receipts=(
        receipt("m", "1", answer="hung, took"), receipt("m", "1", answer="asked to wait", said="(có thể trùng) 1"),
        receipt("m", "1", answer="took and closed", said="(có thể trùng) 1", at=NOON + WAIT_SECONDS),
        receipt("n", "2", answer="lied", at=NOON + 4), receipt("n", "2", at=NOON + 5),
    ),
    killed={},
    without_ids={"a"},
)  # fmt: skip
"""It took one message twice, and was lied to about the other."""
QUIET = replace(SOUND, asked=[replace(ASKED, quiet=(2, 20))])
PAUSED = replace(
    SOUND, asked=[replace(ASKED, times=[Time(after=0, until=2, ended=NOON), Time(after=2, began=NOON + 60)])]
)
BREACHES: list[tuple[str, Told]] = [
    ("everyone_was_told", replace(SOUND, ledger=SOUND.ledger[1:])),
    ("everyone_was_told", replace(SOUND, ledger=(*SOUND.ledger, SOUND.ledger[0]))),
    ("everyone_was_told", replace(SOUND, ledger=(*SOUND.ledger, due("9", "n")))),
    ("everyone_was_told", replace(SOUND, ledger=(*SOUND.ledger[:2], due("2", "n", "pending")))),
    ("everyone_was_told", replace(SOUND, ledger=(*SOUND.ledger[:2], due("2", "n", "dead")))),
    ("everyone_was_told", replace(SOUND, wrong=1)),
    ("none_is_lost", replace(SOUND, receipts=SOUND.receipts[:3])),
    ("none_is_lost", replace(SOUND, receipts=(*SOUND.receipts[:3], receipt("n", "2", answer="failed")))),
    ("none_is_lost", replace(SOUND, receipts=(*SOUND.receipts[:3], receipt("n", "7")), cursors={"1": 1, "7": 7})),
    ("none_is_told_twice", replace(SOUND, receipts=(*SOUND.receipts[:3], receipt("n", "1", "2")))),
    ("each_repeat_has_its_cause", replace(SOUND, killed={})),
    ("each_repeat_has_its_cause", replace(SOUND, receipts=(*SOUND.receipts, receipt("m", "1")))),
    ("each_repeat_has_its_cause", replace(CHAT, receipts=(*CHAT.receipts, receipt("m", "1")), killed={"m": 3})),
    ("what_has_no_ids", replace(CHAT, receipts=CHAT.receipts[1:])),
    ("what_has_no_ids", replace(CHAT, receipts=(*CHAT.receipts, Receipt(path="a", said="?", answer="took")))),
    ("what_has_no_ids", replace(CHAT, ledger=(due("1", "m", "dead"), due("2", "n")))),
    ("what_has_no_ids", replace(CHAT, receipts=(*CHAT.receipts[:2], receipt("m", "1", answer="hung", at=NOON + 9)))),
    ("order_is_kept", replace(SOUND, receipts=(receipt("n", "2"), receipt("m", "1")))),
    ("order_is_kept", replace(SOUND, receipts=SOUND.receipts[1:], cursors={"0": 0, "1": 3, "2": 2})),
    ("who_asks_to_wait", replace(CHAT, receipts=(*CHAT.receipts[:2], replace(CHAT.receipts[2], at=NOON + 2)))),
    ("quiet_hours_and_pauses", QUIET),
    ("quiet_hours_and_pauses", replace(PAUSED, receipts=(*SOUND.receipts, receipt("n", "2", at=NOON + 30)))),
    ("many_are_one_message", replace(SOUND, asked=[replace(ASKED, daily=True)])),
    (
        "many_are_one_message",
        replace(SOUND, asked=[replace(ASKED, daily=True)], messages={name: made(1, kind="digest") for name in "mn"}),
    ),
    ("many_are_one_message", replace(SOUND, messages={**SOUND.messages, **{str(n): made(n) for n in range(3, 6)}})),
]


@pytest.mark.parametrize(
    "now",
    [
        SOUND, CHAT, PAUSED,
        replace(CHAT, killed={"m": 1}, receipts=(*CHAT.receipts[:1], *CHAT.receipts[3:])),
        replace(CHAT, killed={"m": 1}, receipts=[replace(one, at=NOON + 1) for one in CHAT.receipts]),
        replace(QUIET, receipts=(receipt("m", "1", at=NOON + 9 * HOUR_SECONDS), receipt("n", "2", at=NOON + 12))),
        replace(
            SOUND, asked=[replace(ASKED, daily=True)],
            messages={"m": made(1, kind="digest"), "n": made(2, kind="digest", at=NOON + DAY_SECONDS)},
        ),
        replace(SOUND, messages={**SOUND.messages, **{str(n): made(n, at=NOON + 4 * n) for n in range(3, 9)}}),
    ],
)  # fmt: skip
def test_what_is_promised_breaks_no_law_of_alerts(now: Told) -> None:
    assert alert_laws.breaches(now) == []


@pytest.mark.parametrize(("law", "now"), BREACHES)
def test_each_law_of_alerts_sees_what_breaks_it(law: str, now: Told) -> None:
    assert any(told.startswith(law) for told in alert_laws.breaches(now))
    assert any(one.__name__.startswith(law) for one in LAWS)


def test_the_receiver_fails_hangs_and_lies_as_often_as_it_says() -> None:
    with receiving(random.Random(1)) as receiver:
        answers = [receiver.receive("a")[0] for _ in range(2_000)]
        waits = [receiver.receive("77", may_ask_to_wait=True)[0] for _ in range(2_000)].count("asked to wait")
    shares = {answer: answers.count(answer) / len(answers) for answer in set(answers)}
    assert shares["failed"] == pytest.approx(0.30, abs=0.03)
    assert shares["hung"] + shares["hung, took"] == pytest.approx(0.10, abs=0.02)
    assert shares["lied"] + shares["took and closed"] == pytest.approx(0.05, abs=0.02)
    assert set(answers) >= DOUBTFUL | TAKEN
    assert waits / 2_000 == pytest.approx(0.15, abs=0.03)
