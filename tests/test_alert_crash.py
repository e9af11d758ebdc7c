"""Crawls and deliveries killed at any moment, and a receiver that fails, hangs and lies: the drill of alerts, briefly.

`python -m drill --scenario alerts` is its long form.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from drill import alert_laws, alerting
from drill.alert_laws import LAWS, Due, Told
from drill.crawls import Site
from drill.forks import Forked
from drill.receiver import DOUBTFUL, TAKEN, Receipt, receiving
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


def receipt(message: str, *events: str, answer: str = "took", path: str = "a") -> Receipt:
    assert answer == "failed" or answer in TAKEN
    return Receipt(path=path, message=message, watch="w", events=events, total=len(events), answer=answer)  # type: ignore[arg-type]


def due(event: str, message: str, state: str = "sent") -> Due:
    return Due(watch="w", event=event, channel="a", state=state, message=message)


SOUND = Told(
    expected={("w", "1", "a"): "sent", ("w", "2", "a"): "sent", ("w", "0", "a"): "noted"},
    ledger=(due("0", "m", "noted"), due("1", "m"), due("2", "n")),
    cursors={"0": 0, "1": 1, "2": 2},
    numbers={"m": 1, "n": 2},
    receipts=(
        receipt("m", "1", answer="failed"), receipt("m", "1", answer="lied"), receipt("m", "1"), receipt("n", "2"),
        receipt("n", "2"),
    ),
    killed={"n": 1},
)  # fmt: skip
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
    ("order_is_kept", replace(SOUND, receipts=(receipt("n", "2"), receipt("m", "1")))),
    ("order_is_kept", replace(SOUND, receipts=SOUND.receipts[1:], cursors={"0": 0, "1": 3, "2": 2})),
]


@pytest.mark.parametrize(("law", "now"), BREACHES)
def test_each_law_of_alerts_sees_what_breaks_it(law: str, now: Told) -> None:
    assert alert_laws.breaches(SOUND) == []
    assert any(told.startswith(law) for told in alert_laws.breaches(now))
    assert any(one.__name__.startswith(law) for one in LAWS)


def test_the_receiver_fails_hangs_and_lies_as_often_as_it_says() -> None:
    with receiving(random.Random(1)) as receiver:
        answers = [receiver.receive("a", "m", "w")[0] for _ in range(2_000)]
    shares = {answer: answers.count(answer) / len(answers) for answer in set(answers)}
    assert shares["failed"] == pytest.approx(0.30, abs=0.03)
    assert shares["hung"] + shares["hung, took"] == pytest.approx(0.10, abs=0.02)
    assert shares["lied"] + shares["took and closed"] == pytest.approx(0.05, abs=0.02)
    assert set(answers) >= DOUBTFUL | TAKEN
