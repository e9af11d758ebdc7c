"""A crawl killed at any moment, or left without disk or database, loses, doubles and tears nothing: the drill, briefly.

`make drill` is its long form.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from drill import laws, scenarios
from drill.crawls import Site
from drill.laws import ALWAYS, AT_REST, Expected, Held
from drill.scenarios import Broken, Drill, Outcome
from drill.servers import SmallFiles, small_disk
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from command import Congtin, Serve, Started

    from sample.server import Running


def drill_of(congtin: Congtin, portal: Running, seed: int) -> Drill:
    def start(*words: str) -> Started:
        return congtin.start("crawl", "drill", *words)

    site = Site(data=congtin.data, portal=portal, environment=congtin.environment, starter=start)
    site.declare()
    return Drill(site=site, outcome=Outcome(scenario="brief", database="sqlite"), chance=random.Random(seed))


def audit(congtin: Congtin, portal: Running, *changed: str) -> None:
    """All laws, on what a test's own crawls have come to."""
    drill = drill_of(congtin, portal, seed=0)
    drill.changed.update(changed)
    drill.close()


@pytest.mark.long
def test_a_crawl_killed_at_random_moments_loses_and_doubles_nothing(congtin: Congtin, serve: Serve) -> None:
    drill = drill_of(congtin, serve(articles=60, delay=0.01), seed=2026)
    told = scenarios.kill(drill, kills=8)
    assert sum(told.disturbed.values()) == 8
    assert (told.articles, told.indexed) == (60, 60)
    assert told.versions == told.events - told.documents == 60 + len(drill.changed) > 60
    assert told.documents > 0
    for file in sorted((congtin.data / "archive").glob("*.warc.gz")):
        checked = subprocess.run(
            [sys.executable, "-m", "warcio.cli", "check", str(file)], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout


@pytest.mark.long
@pytest.mark.parametrize("mount", [True, False])
def test_a_full_disk_costs_time_and_nothing_else(
    congtin: Congtin, serve: Serve, tmp_path: Path, mount: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a small file system; where none may be mounted, and once anyhow, with files that may not grow."""
    with small_disk(tmp_path / "disk", mount=mount) as disk:
        congtin.data = tmp_path / "disk" / "data"
        drill = drill_of(congtin, serve(articles=60, delay=0.01), seed=7)
        monkeypatch.setattr(scenarios, "_FULL", (0.2, 1.0))
        told = scenarios.full_disk(drill, disk, times=2)
    assert told.articles == 60
    assert (told.note == SmallFiles.how) or mount


@pytest.mark.long
def test_a_locked_database_costs_time_and_nothing_else(congtin: Congtin, serve: Serve) -> None:
    """The lock is held beyond what a statement waits for: the crawl tries again."""
    congtin.environment["CONGTIN_DATABASE_URL"] = f"sqlite:///{congtin.data / 'congtin.db'}?timeout=0.5"
    told = scenarios.locked(drill_of(congtin, serve(articles=60, delay=0.02), seed=3), holds=(2.0,))
    assert told.articles == 60


HOLDS = '[{"field": "documents", "document": "d", "digest": "j"}]'
SOUND = Held(
    records={"a": ("http://x/A", 1), "b": ("http://x/B", 2)},
    versions=(("a", 1, "h"), ("b", 1, "h"), ("b", 2, "i")),
    events=(
        ("article.new", "a", 1, "[]"),
        ("article.new", "b", 1, "[]"),
        ("article.changed", "b", 2, "[]"),
        ("record.updated", "a", 1, HOLDS),
        ("procedure.new", "p", 1, "[]"),
        ("record.updated", "p", 2, "[]"),
        ("record.updated", "p", 2, "[]"),
        ("procedure.new", "q", 1, "[]"),
    ),
    captures=3,
    unreadable=(),
    documents={"d": ("http://x/D%C6%A1n.pdf", 1), "e": ("http://x/cut.pdf", 0)},
    document_versions=(("d", 1, "j"),),
    procedures={"p": ("1.000001", 2), "q": (None, 1)},
    procedure_versions=(("p", 1, "k"), ("p", 2, "l"), ("q", 1, "k")),
)
PORTAL = Expected(
    addresses={"/a": "/a", "/b": "/b", "/b-again": "/b"},
    changed=frozenset({"/b"}),
    documents=frozenset({"/dơn.pdf"}),
    procedures=frozenset({"1.000001"}),
)


def without(now: Held, kind: str, record: str) -> Held:
    return replace(now, events=tuple(one for one in now.events if one[:2] != (kind, record)))


def again(now: Held, procedure: str, version: int, said: str) -> Held:
    """With one more version of a procedure, that was told of."""
    return replace(
        now,
        procedures={**now.procedures, procedure: (None, version)},
        procedure_versions=(*now.procedure_versions, (procedure, version, said)),
        events=(*now.events, ("procedure.changed", procedure, version, "[]")),
    )


BREACHES: list[tuple[str, Callable[[Held], Held]]] = [
    ("no_article_is_stored_twice", lambda now: replace(now, records={**now.records, "c": ("http://x/b-again", 1)})),
    ("no_article_is_stored_twice", lambda now: replace(now, records={**now.records, "c": ("http://x/other", 1)})),
    ("no_version_is_duplicated", lambda now: replace(now, versions=(*now.versions[:2], ("b", 2, "h")))),
    ("no_version_is_duplicated", lambda now: replace(now, versions=now.versions[:2])),
    ("no_version_is_duplicated", lambda now: replace(now, versions=(*now.versions, ("a", 2, "j")))),
    ("no_event_is_lost_or_doubled", lambda now: replace(now, events=now.events[1:])),
    ("no_event_is_lost_or_doubled", lambda now: replace(now, events=(*now.events, now.events[0]))),
    ("no_event_is_lost_or_doubled", lambda now: replace(now, events=(*now.events, ("article.new", "z", 1, "[]")))),
    ("no_event_is_lost_or_doubled", lambda now: without(now, "record.updated", "a")),
    ("no_event_is_lost_or_doubled", lambda now: replace(now, events=(*now.events, ("record.updated", "a", 2, HOLDS)))),
    ("no_event_is_lost_or_doubled", lambda now: replace(now, document_versions=())),
    ("no_event_is_lost_or_doubled", lambda now: without(now, "record.updated", "p")),
    ("no_event_is_lost_or_doubled", lambda now: replace(now, events=(*now.events, ("procedure.new", "p", 2, "[]")))),
    ("no_article_is_stored_twice", lambda now: replace(now, procedures={**now.procedures, "r": ("1.000001", 1)})),
    ("no_version_is_duplicated", lambda now: replace(now, documents={**now.documents, "d": ("http://x/", 2)})),
    ("no_version_is_duplicated", lambda now: replace(now, procedures={**now.procedures, "q": (None, 2)})),
    ("no_version_is_duplicated", lambda now: again(now, "p", 3, "k")),
    ("every_article_is_stored", lambda now: replace(now, documents={"e": now.documents["e"]})),
    ("every_article_is_stored", lambda now: replace(now, procedures={"q": now.procedures["q"]})),
    ("every_capture_is_readable", lambda now: replace(now, unreadable=("no record at byte 7",))),
    ("every_article_is_stored", lambda now: replace(now, records={"a": now.records["a"]})),
    ("every_article_is_stored", lambda now: replace(now, records={**now.records, "b": ("http://x/B", 1)})),
    ("nothing_is_left_over", lambda now: replace(now, owed=("http://x/A",))),
    ("nothing_is_left_over", lambda now: replace(now, unjudged=(4,))),
    ("nothing_is_left_over", lambda now: replace(now, left_open=("x.warc.gz.open",))),
]


@pytest.mark.parametrize(("law", "breach"), BREACHES)
def test_each_law_sees_what_breaks_it(law: str, breach: Callable[[Held], Held]) -> None:
    assert laws.breaches(SOUND, PORTAL, AT_REST) == []
    assert law in {told.partition(":")[0] for told in laws.breaches(breach(SOUND), PORTAL, AT_REST)}


def test_the_laws_see_a_torn_record_a_lost_event_and_an_index_that_lacks_a_record(
    congtin: Congtin, serve: Serve
) -> None:
    from sqlalchemy import delete, select

    from storage.models import Article, ArticleVersion, Event

    drill = drill_of(congtin, serve(articles=5), seed=1)
    drill.rest()
    drill.close()
    (file,) = (congtin.data / "archive").glob("*.warc.gz")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Broken, match="every_capture_is_readable"):
        drill.check_always()
    file.write_bytes(whole)
    drill.check_always()
    database = Database(drill.site.config)
    with database.writing() as session:
        session.execute(delete(Event).where(Event.cursor == 2))
    with pytest.raises(Broken, match="no_event_is_lost_or_doubled"):
        drill.check_always()
    with database.writing() as session:  # of what is not told, no index hears
        record = session.scalars(select(Article.id)).first()
        session.execute(delete(ArticleVersion).where(ArticleVersion.record == record))
    assert "the_index_agrees" in "".join(laws.index_breaches(database, congtin.data / "index")[1])
    database.close()
    assert set(ALWAYS) < set(AT_REST)


def test_the_reader_child_dies_with_a_killed_crawl(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=60, delay=0.1)
    crawl = congtin.start("crawl", "sample")
    give_up = time.monotonic() + 60
    while len(portal.requests) < 8:
        assert time.monotonic() < give_up
        time.sleep(0.02)
    children = children_of(crawl.pid)
    assert children
    crawl.kill()
    crawl.communicate()
    give_up = time.monotonic() + 5
    while any(alive(pid) for pid in children):
        assert time.monotonic() < give_up, f"{children} outlive their parent"
        time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=True)
    return [int(word) for word in listed.stdout.split()]


def alive(pid: int) -> bool:
    from pathlib import Path

    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
