"""The end of the flow: what cannot be stored is a failure that is listed, and takes nothing else with it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from scraper.config import Config
from scraper.items import VIETNAM, Article, Reading, Visit
from scraper.outcomes import Outcome
from storage import articles, runs
from storage.models import Fetch, Page
from storage.pipelines import Store as StorePipeline
from storage.store import Store
from storage.verdicts import Tally

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_visit_that_breaks_the_store_is_a_failure_that_is_tried_again(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(Config.from_environment({"CONGTIN_DATA": str(tmp_path), "CONGTIN_DATABASE_URL": address}))
    try:
        with store.database.writing() as session:
            run = runs.open_run(session, "x", origin="poll", at=datetime.now(UTC))
        tally = Tally()

        def visited(visit: Visit, saved: object) -> None:
            tally.outcome(visit.outcome, url=visit.url, message=visit.message, role=visit.role)

        source = SimpleNamespace(id="x", platform="sharepoint", formerly=())
        keeper = SimpleNamespace(
            store=store,
            tally=tally,
            run=run,
            source=source,
            origin="poll",
            close=lambda ticket: None,
            visited=visited,
            number_of=lambda address: None,
            origin_of=lambda session, page: "poll",
        )
        article = Article(url="http://h/a", canonical_url="http://h/a", title="Tin", body_text="Nội dung")
        visit = Visit(
            role="detail", url="http://h/a", canonical_url="http://h/a", final_url="http://h/a", outcome=Outcome.OK,
            at=datetime.now(VIETNAM), reading=Reading(kind="article", outcome=Outcome.OK, article=article),
        )  # fmt: skip

        def broken(*_: object) -> None:
            raise ZeroDivisionError("no such luck")

        with monkeypatch.context() as patched:
            patched.setattr(articles, "save", broken)
            await StorePipeline(keeper).process_item(visit)
        assert [failure["outcome"] for failure in tally.failures] == ["BROKEN"]
        assert "no such luck" in tally.failures[0]["message"]
        with store.database.reading() as session:
            assert [fetch.outcome for fetch in session.scalars(select(Fetch))] == ["BROKEN"]
            (page,) = session.scalars(select(Page))
            assert (page.owed, page.record) == (True, None)
        await StorePipeline(keeper).process_item(visit)
        with store.database.reading() as session:
            (page,) = session.scalars(select(Page))
            assert (page.owed, page.record is None) == (False, False)
    finally:
        store.close()


def test_closing_closes_all_even_where_one_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(Config.from_environment({"CONGTIN_DATA": str(tmp_path)}))

    def full() -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(store.archive, "close", full)
    with pytest.raises(OSError, match="no space"):
        store.close()
    assert not store.follower._thread.is_alive()
    assert not store.writer._thread.is_alive()
