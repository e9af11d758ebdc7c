"""From a visit to the tables: procedures are written in the transaction of the page that tells of them."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import making
from databases import POSTGRESQL
from making import NOON, SITE
from sqlalchemy import func, select

from scraper.config import Config
from scraper.items import DocumentNumber, Entry, Procedure, Reading, Visit
from scraper.outcomes import Outcome
from storage import numbers, procedures, runs
from storage.extensions import Keeper
from storage.identity import Sighting, procedure_id
from storage.models import Event, Page
from storage.pipelines import Store as StorePipeline
from storage.procedure_tables import Procedure as Row
from storage.procedure_tables import ProcedurePlace
from storage.store import Store
from storage.verdicts import Judgement, Tally

if TYPE_CHECKING:
    from pathlib import Path

    from storage.database import Database

NUMBER = DocumentNumber(raw="12/QĐ-UBND", normal="12/QĐ-UBND", date=date(2025, 3, 1))
ROWS = tuple(
    Procedure(code=f"1.00{place}", name=f"Thủ tục {place}", change=change, evidence="bị bãi bỏ", decision=NUMBER)  # type: ignore[arg-type]
    for place, change in enumerate(["new"] * 3 + ["abolished"] * 2)
)


def visit(role: Any, path: str, **fields: Any) -> Visit:
    url = SITE + path
    blank = {"outcome": Outcome.OK, "at": NOON, "url": url, "canonical_url": url, "final_url": url}
    return Visit(role=role, **blank | fields)


async def test_a_page_and_its_procedures_are_written_together(tmp_path: Path, address: str) -> None:
    store = Store.open(Config.from_environment({"CONGTIN_DATA": str(tmp_path), "CONGTIN_DATABASE_URL": address}))
    try:
        with store.database.writing() as session:
            run = runs.open_run(session, "snv", origin="poll", at=datetime.now(UTC))
        source = SimpleNamespace(id="snv", platform="sharepoint", article_number=lambda _: None)
        keeper = Keeper(SimpleNamespace(spider=SimpleNamespace(source=source)))  # type: ignore[arg-type]
        keeper.store, keeper.run, keeper.source, keeper.origin = store, run, source, "backfill"  # type: ignore[assignment]
        title = "Quyết định số 12/QĐ-UBND về việc công bố"
        said = making.article("/qd/12", title=title)
        reading = Reading(kind="article", outcome=Outcome.OK, article=said, procedures=ROWS, numbers=(NUMBER,))
        keep = StorePipeline(keeper).process_item
        await keep(visit("detail", "/qd/12", reading=reading))
        await keep(visit("detail", "/qd/12", reading=reading))
        broken = visit("detail", "/qd/13", reading=reading, outcome=Outcome.DRIFT)
        await keep(broken)
        row = Procedure(code="1.000", name="Thủ tục 0", field="Nội vụ")
        listing = Reading(kind="listing", outcome=Outcome.OK, procedures=(row,))
        entry = (SITE + "/qd/12", Entry(url=SITE + "/qd/12"))
        await keep(visit("listing", "/tthc", reading=listing, section="procedures", entries=(entry,)))
        assert keeper.tally.procedures == {"procedure.new": 3, "procedure.abolished": 2}
        assert keeper.tally.decisions == {"new": 1, "unchanged": 1}
        told = runs.report("snv", run, keeper.tally, Judgement(verdict="healthy"), 1.0)
        assert told["procedures"] == {"abolished": 2, "new": 3}
        with store.database.reading() as session:
            kinds = session.scalars(select(Event.kind).order_by(Event.cursor)).all()
            assert kinds == [
                "article.new", *["procedure.new"] * 3, *["procedure.abolished"] * 2, "record.updated",
            ]  # fmt: skip
            assert {event.origin for event in session.scalars(select(Event))} == {"backfill"}
            record = session.scalar(select(Page.record).where(Page.canonical_url == SITE + "/qd/12"))
            assert record
            assert [one["own"] for one in numbers.of(session, record)] == [True]
            assert {one["id"] for one in numbers.naming(session, record)} == {procedure_id(one.code) for one in ROWS}
            places = session.scalars(select(ProcedurePlace).order_by(ProcedurePlace.id)).all()
            assert [(one.role, one.article) for one in places] == [*[("mention", record)] * 5, ("list", None)]
    finally:
        store.close()


def test_tallies_without_procedures_say_so() -> None:
    assert runs.report("snv", 1, Tally(), Judgement(verdict="healthy"), 0.0)["procedures"] == {}


@POSTGRESQL
def test_two_crawls_that_meet_one_procedure_tell_of_it_once(database: Database) -> None:
    both = threading.Barrier(2)

    def crawl(source: str) -> None:
        with database.writing() as session:
            both.wait(10)
            sighting = Sighting(
                rows=ROWS, source=source, platform="x", canonical_url=SITE, url=SITE, origin="poll", at=NOON
            )
            procedures.save(session, sighting)

    crawls = [threading.Thread(target=crawl, args=(source,)) for source in ("a", "b")]
    for one in crawls:
        one.start()
    for one in crawls:
        one.join(30)
    with database.reading() as session:
        kinds = session.scalars(select(Event.kind).where(Event.kind != "record.updated")).all()
        assert sorted(kinds) == ["procedure.abolished"] * 2 + ["procedure.new"] * 3
        assert session.scalar(select(func.count()).select_from(Row)) == 5
        assert session.scalar(select(func.count()).select_from(ProcedurePlace)) == 10
