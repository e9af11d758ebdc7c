"""Judged queries: how good the answers are, kind by kind, and that both databases give the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import judged
import pytest
from databases import KINDS, postgresql
from making import database as opened

from storage.search.answer import Question, Searcher

if TYPE_CHECKING:
    from pathlib import Path

Answers = dict[str, dict[str, list[str]]]


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """Names of what each query finds, by the database's kind."""
    told = {}
    with postgresql() as server:
        for kind in KINDS:
            data = tmp_path_factory.mktemp(kind)
            told[kind] = ask_all(data, server if kind == "postgresql" else "")
    return told


def ask_all(data: Path, address: str) -> dict[str, list[str]]:
    database = opened(data, address)
    named = judged.fill(database)
    searcher = Searcher(database, data / "index")
    while searcher.search(Question())["stale"]:
        pass
    told = {one.typed: [named[record] for record in judged.ask(searcher, one)] for one in judged.judged()}
    database.close()
    return told


def test_the_set_is_large_enough_and_asks_nothing_twice() -> None:
    typed = [one.typed for one in judged.judged()]
    assert len(typed) == len(set(typed)) >= 80
    assert {one.kind for one in judged.judged()} | {"all"} == set(judged.floors())


def test_both_databases_find_the_same_in_the_same_order(answers: Answers) -> None:
    assert answers["sqlite"] == answers["postgresql"]


def test_answers_are_as_good_as_they_were(answers: Answers) -> None:
    told = judged.scores((one, answers["sqlite"][one.typed]) for one in judged.judged())
    worse = {
        kind: (told[kind], floor)
        for kind, floor in judged.floors().items()
        if told[kind].recall < floor.recall or told[kind].mrr < floor.mrr
    }
    assert not worse, f"{worse}; among them:\n{missed(answers)}"


def missed(answers: Answers) -> str:
    lines = []
    for one in judged.judged():
        found = answers["sqlite"][one.typed]
        if lost := [name for name in one.answers if name not in found] or one.answers[:1] * (
            found[0] not in one.answers
        ):
            lines.append(f"{one.kind}: {one.typed!r} wants {lost}, finds {found[:3]}")
    return "\n".join(lines)
