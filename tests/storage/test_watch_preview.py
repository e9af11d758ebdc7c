"""What a watch would have sent over the last thirty days: by the log, after a backfill, and where there is too much."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from making import NOON, SITE, article, moment, page, save
from telling import PAGE, tell

from alerts import preview as previews
from alerts.digests import Rhythm
from alerts.preview import preview
from storage import events
from storage.search import index as indexing
from storage.search.answer import Searcher

if TYPE_CHECKING:
    from pathlib import Path

    from storage.database import Database

KINDS = ("article.new", "document.added", "procedure.new")


def keep(database: Database, *told: tuple[float, str], published: float | None = None, **given: Any) -> None:
    """Articles that came so many days before noon, with these titles; `published` is likewise in days."""
    with database.writing() as session:
        for days, title in told:
            at = NOON - timedelta(days=days)
            said = moment(NOON - timedelta(days=published)) if published is not None else moment(at)
            save(session, article(f"/tin/{days}-{title}", title=title, body_text="x", published=said), at=at, **given)


@pytest.fixture
def seen(database: Database, tmp_path: Path) -> Any:
    """Asks for a preview as of noon."""

    def ask(typed: str, **given: Any) -> previews.Preview:
        indexing.follow(database, indexing.open_index(tmp_path / "index"))  # a search would wait for a second only
        searcher = Searcher(database, tmp_path / "index")
        return preview(database, searcher, typed, **{"kinds": KINDS, "now": NOON} | given)

    return ask


def titles(found: previews.Preview) -> list[str]:
    return [one["title"] for one in found.would_send]


def test_what_polls_met_in_thirty_days(database: Database, seen: Any) -> None:
    keep(
        database, (60, "Phí một"), (29.9, "Phí hai"), (12, "Khác"), (3, "Lệ phí ba"), (0.5, "phí bốn"), (-1, "Phí mai")
    )
    found = seen("phí")
    assert (found.matches, found.per_day, found.flood) == (3, 0.1, False)
    assert (found.estimated, found.stale) == (False, False)
    assert titles(found) == ["phí bốn", "Lệ phí ba", "Phí hai"]
    with database.reading() as session:
        shapes = [events.shape(one) for one in events.since(session)]
    assert found.shape()["would_send"][0] in shapes
    assert seen("không có gì").shape() == {
        "matches": 0, "per_day": 0.0, "flood": False, "would_send": [], "estimated": False, "stale": False,
    }  # fmt: skip
    assert seen("").matches == 4


def test_what_was_filled_in_counts_by_the_day_of_its_publication(database: Database, seen: Any) -> None:
    keep(database, (90, "Phí xưa"))
    keep(database, (2, "Phí cũ"), published=40, origin="backfill")
    keep(database, (2, "Phí mới"), published=20, origin="backfill")
    keep(database, (1, "Phí đọc lại"), published=1, origin="replay")
    found = seen("phí")
    assert titles(found) == ["Phí mới"]
    assert found.estimated
    assert not seen("lệ").estimated


def test_a_young_archive_says_so(database: Database, seen: Any) -> None:
    assert seen("phí").estimated
    keep(database, (4, "Phí"))
    assert seen("phí").matches == 1
    assert seen("phí").estimated


@pytest.mark.parametrize(("count", "flood"), [(20, False), (21, True)])
def test_more_than_twenty_on_a_day_are_a_flood(database: Database, seen: Any, count: int, flood: bool) -> None:
    keep(database, (50, "Phí"), (1, "Phí"), *((2 + place / 1000, "Phí") for place in range(count)))
    found = seen("phi")
    assert found.flood is flood
    assert found.matches == count + 1
    assert len(found.would_send) == previews.MOST_SHOWN


def test_what_is_told_daily_or_weekly_is_told_together(database: Database, seen: Any) -> None:
    keep(database, (40, "Phí"), (3, "Phí ba"), (2.5, "Phí hai"), (2, "Phí một"), (0, "Phí nay"))  # noon is of a Monday
    daily = seen("phí", rhythm=Rhythm(every="day")).would_send
    assert [(one["day"], one["count"]) for one in daily] == [("2025-03-11", 1), ("2025-03-09", 1), ("2025-03-08", 2)]
    assert [one["title"] for one in daily[2]["events"]] == ["Phí hai", "Phí ba"]
    weekly = seen("phí", rhythm=Rhythm(every="week")).would_send
    assert [(one["day"], one["count"]) for one in weekly] == [("2025-03-17", 1), ("2025-03-10", 3)]


def test_the_day_is_that_of_the_message_at_the_watchs_own_hour(database: Database, seen: Any) -> None:
    keep(database, (40, "Phí"), (2.5, "Phí đêm"), (2, "Phí trưa"))  # at midnight of a Saturday and its noon
    for rhythm, days in (
        (Rhythm(every="day", hour=7), ["2025-03-09", "2025-03-08"]),
        (Rhythm(every="day", hour=13), ["2025-03-08"]),
        (Rhythm(every="day", hour=13, quiet=(12, 1)), ["2025-03-09"]),
        (Rhythm(every="week", hour=7, weekday=5), ["2025-03-15", "2025-03-08"]),
    ):
        assert [one["day"] for one in seen("phí", rhythm=rhythm).would_send] == days


def test_kinds_and_sources_narrow_it(database: Database, seen: Any) -> None:
    keep(database, (40, "Phí"))
    keep(database, (3, "Phí ba"), source="thanh-hoa/snv")
    keep(database, (2, "Phí hai"), source="khac")
    with database.writing() as session:
        at = NOON - timedelta(days=1)
        events.append_of_source(session, "source.ill", "khac", at=at, title="Phí đường bộ", url=SITE, changes=[])
    assert titles(seen("phí", sources=["thanh-hoa"])) == ["Phí ba"]
    assert titles(seen("phí nguon:khac")) == ["Phí hai"]
    assert titles(seen("phí", kinds=["source.ill"])) == ["Phí đường bộ"]
    assert titles(seen("lệ", kinds=["source.ill"])) == []
    assert seen("", kinds=["record.updated", "article.changed"]).matches == 0


def test_a_procedures_page_is_found_by_what_the_procedure_says(database: Database, seen: Any) -> None:
    keep(database, (40, "Phí"))
    with database.writing() as session:
        at = NOON - timedelta(days=1)
        save(session, article("/tt/1", title="Bằng khen"), at=at)
        tell(session, own=PAGE, path="/tt/1", at=at, article=page(session, "/tt/1").record)
    found = seen('"nhận kết quả"', fields=["khen thưởng"])
    assert {one["kind"] for one in found.would_send} == {"article.new", "procedure.new"}
    assert seen('"nhận kết quả"', fields=["đất đai"]).matches == 0


def test_of_too_many_events_the_newest_stand_for_all(
    database: Database, seen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "MOST_EVENTS", 10)
    keep(database, (50, "x"), *((20 - place / 2, ("Phí", "Lệ")[place % 2]) for place in range(40)))
    found = seen("phí")
    assert (found.matches, found.estimated) == (20, True)


def test_events_that_came_late_into_the_log_are_not_missed(database: Database, seen: Any) -> None:
    keep(database, (50, "x"), (31, "x"), (29.5, "Phí một"), (30.5, "x"), (29.2, "x"), (29.4, "Phí hai"))
    assert titles(seen("phí")) == ["Phí hai", "Phí một"]
