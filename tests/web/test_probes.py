"""What machines ask: /healthz, /readyz, /metrics."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from small_archive import opened
from sqlalchemy import select, text, update

from alerts import outbox, watches
from storage import events, runs
from storage.alert_tables import Channel, Following, Handover, Owed, Watch
from storage.models import Event, Page
from storage.verdicts import Judgement, Tally

if TYPE_CHECKING:
    from scraper.config import Config

NOW = datetime.now(UTC)
BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


def metrics(told: str) -> dict[tuple[str, ...], float]:
    """Each sample by its name, its source, and the values of its other labels."""
    return {
        (sample.name, *sorted(sample.labels.values(), key=lambda value: "/" not in value)): sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
    }


def news(number: int, minutes: int) -> Event:
    """An article that was seen first so many minutes after the minute that it prints."""
    return Event(
        id=f"lag{number}", kind="article.new", at=NOW, source="x/unnamed", record=None, version=1, origin="poll",
        published_at=NOW - timedelta(minutes=minutes), precision="minute", changes=[],
    )  # fmt: skip


async def test_a_server_that_is_well_is_alive_and_ready(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/healthz")).json() == {"status": "ok"}
    ready = await browser.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ready", "checks": {"database": "ok", "index": "ok", "disk": "ok"}},
    )


async def test_tables_of_another_revision_are_not_ready(filled: Config) -> None:
    async with opened(filled) as client:
        archive = client._transport.app.state.archive
        with archive.database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"]["database"].startswith("its tables are of revision 0001")
        assert (await client.get("/healthz")).status_code == 200
        with archive.database.writing() as session:
            session.execute(text("DROP TABLE alembic_version"))
        assert (await client.get("/readyz")).json()["checks"]["database"].startswith("its tables are of revision None")


async def test_a_database_that_is_gone_is_no_health(filled: Config) -> None:
    async with opened(filled) as client:
        client._transport.app.state.archive.database.engine.dispose()
        file = filled.data / "congtin.db"
        file.unlink()
        file.mkdir()
        assert (await client.get("/healthz")).status_code == 503
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert "does not answer" in ready.json()["checks"]["database"]
        assert str(filled.data) not in ready.text


async def test_a_broken_index_and_a_full_disk_are_not_ready(filled: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(filled) as client:
        await client.get("/", params={"q": "nội"})
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5 << 20))
        for file in (filled.data / "index").rglob("meta.json"):
            file.write_text("{", "utf-8")
        told = (await client.get("/readyz")).json()["checks"]
        assert told["disk"] == "only 5 MiB are free"
        assert told["index"].startswith("the search index cannot be read")


@pytest.mark.parametrize(
    ("client", "headers", "code"),
    [
        ("127.0.0.1", {}, 200),
        ("10.1.2.3", {}, 200),
        ("::1", {}, 200),
        ("203.113.1.1", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "203.113.1.1"}, 403),
        ("somebody", {}, 403),
    ],
)
async def test_metrics_are_for_this_machine_and_its_networks(
    filled: Config, client: str, headers: dict[str, str], code: int
) -> None:
    async with opened(filled) as near:
        app = near._transport.app
        transport = httpx.ASGITransport(app=app, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as asking:
            assert (await asking.get("/metrics", headers=headers)).status_code == code


@BOTH
async def test_metrics_count_what_the_archive_holds(filled: Config) -> None:
    async with opened(filled) as client:
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        before = metrics(answer.text)
        assert before["congtin_source_ill", "thanh-hoa/snv"] == 0
        assert before["congtin_source_ill", "x/unnamed"] == 1
        assert before["congtin_database_bytes",] > 0
        database = client._transport.app.state.archive.database
        with database.writing() as session:
            run = runs.open_run(session, "x/unnamed", origin="poll", at=NOW)
            tally = Tally(requests=7, bytes=900)
            judged = Judgement(verdict="healthy")
            runs.close_run(session, run, judged, at=NOW, told=runs.report("x/unnamed", run, tally, judged, 1.0))
            session.add(Page(source="x/unnamed", canonical_url="u", url="u", first_seen=NOW))
            for number, minutes in enumerate((-3, 4, 500)):
                session.add(news(number, minutes))
        after = metrics((await client.get("/metrics")).text)
        assert after["congtin_runs_total", "x/unnamed", "healthy"] == 1
        assert after["congtin_requests_total", "x/unnamed"] == before["congtin_requests_total", "x/unnamed"] + 7
        assert after["congtin_received_bytes_total", "x/unnamed"] >= 900
        assert after["congtin_source_ill", "x/unnamed"] == 0
        assert after["congtin_last_good_run_age_seconds", "x/unnamed"] > 0
        assert after["congtin_pages_owed", "x/unnamed"] == 1
        assert after["congtin_lag_seconds_count", "x/unnamed"] == 3
        assert after["congtin_lag_seconds_bucket", "x/unnamed", "300"] == 2
        assert after["congtin_lag_seconds_sum", "x/unnamed"] == 60 * 504
        again = metrics((await client.get("/metrics")).text)
        ages = {key for key in after if key[0] == "congtin_last_good_run_age_seconds"}
        assert {key: again[key] for key in again if key not in ages} == {
            key: after[key] for key in after if key not in ages
        }


async def test_metrics_count_alerts_by_channel_and_state_and_what_is_missing(filled: Config) -> None:
    async with opened(filled) as client:
        database = client._transport.app.state.archive.database
        with database.writing() as session:
            watches.add(session, watches.Wish(query=""), ["mailto:reader@example.org"], now=NOW)
            watched = session.scalars(select(Watch.id)).one()
            channel = session.scalars(select(Channel.id)).one()
            session.add(news(1, 4))
        told = metrics((await client.get("/metrics")).text)
        assert told["congtin_alerts_gaps",] == told["congtin_alerts_oldest_pending_seconds",] == 0
        with database.writing() as session:
            last = events.last(session)
            session.execute(update(Following).values(cursor=last))
            outbox.post(session, kind="event", watch=watched, channel=channel, now=NOW, key="1")
            session.add(
                Owed(
                    watch=watched, event=last, channel=channel, subject="x", state="sent", ready_at=NOW, held=False,
                    message=session.scalars(select(Handover.id)).one(),
                )
            )  # fmt: skip
        told = metrics((await client.get("/metrics")).text)
        assert told["congtin_alerts_outbox", "mail", "sent"] == 1
        assert told["congtin_alerts_oldest_pending_seconds",] > 0
        assert told["congtin_alerts_gaps",] == 1  # its message was not sent
