"""What machines ask: whether the process is alive, whether it can serve, and what it counts."""

import ipaddress
import shutil
import threading
import time
from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from alerts import standing
from alerts.audit import Auditor
from storage import migrations
from storage.database import Database, revision
from storage.gauges import LAGS, LEAST_SPACE, Gauges
from storage.search import index
from web.api import Open
from web.archive import Archive

router = APIRouter(include_in_schema=False)
GET = ["GET", "HEAD"]

_AUDITED = 2_000
"""Events that one look audits at the most; those before them are `congtin doctor`'s."""
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


@router.api_route("/healthz", methods=GET)
def healthz(archive: Open) -> JSONResponse:
    """Whether the process is alive and its database answers; what is restarted where it is not."""
    wrong = _database(archive)
    return JSONResponse({"status": wrong or "ok"}, 503 if wrong else 200)


@router.api_route("/readyz", methods=GET)
def readyz(archive: Open) -> JSONResponse:
    """Whether pages can be served from here: the tables are ours, the index can be read, the disk has room."""
    checks = {"database": _tables(archive), "index": _index(archive), "disk": _disk(archive)}
    wrong = any(checks.values())
    told = {name: why or "ok" for name, why in checks.items()}
    return JSONResponse({"status": "not ready" if wrong else "ready", "checks": told}, 503 if wrong else 200)


@router.api_route("/metrics", methods=GET)
def metrics(request: Request) -> Response:
    """Counts for Prometheus. They tell more of the machine than strangers need: only its own networks are answered."""
    if not _is_near(request):
        return Response("only for this machine and its private networks\n", 403, media_type="text/plain")
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


def _database(archive: Archive) -> str | None:
    """What is wrong with the database; an operator finds more in the log than a stranger is told here."""
    try:
        with archive.database.reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return f"the database does not answer: {type(error).__name__}"
    return None


def _tables(archive: Archive) -> str | None:
    try:
        with archive.database.reading() as session:
            found = revision(session.connection())
    except SQLAlchemyError as error:
        return f"the database does not answer: {type(error).__name__}"
    return None if found == migrations.HEAD else f"its tables are of revision {found}, and not {migrations.HEAD}"


def _index(archive: Archive) -> str | None:
    folder = archive.data / "index"
    if index.is_lost(folder):
        return None  # the follower makes it
    try:
        index.check(folder)
    except (ValueError, OSError, LookupError) as error:
        return f"the search index cannot be read: {type(error).__name__}"
    return None


def _disk(archive: Archive) -> str | None:
    try:
        free = shutil.disk_usage(archive.data).free
    except OSError as error:
        return f"the data folder is not there: {type(error).__name__}"
    return None if free >= LEAST_SPACE else f"only {free >> 20} MiB are free"


def _is_near(request: Request) -> bool:
    """Whether a request comes from this machine or a private network, and not for somebody else by a proxy."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


class Numbers(Collector):
    """What `/metrics` shows, counted when it is asked for."""

    def __init__(self, gauges: Gauges, database: Database) -> None:
        self._gauges = gauges
        self._database = database
        self._auditor = Auditor(database)
        self._turn = threading.Lock()

    def describe(self) -> list[Metric]:
        """Nothing: the registry would ask the database for it."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        with self._turn:
            self._gauges.look()
            yield from self._of_runs()
            yield self._of_lags()
            owed = GaugeMetricFamily("congtin_pages_owed", "Pages still to be had.", labels=["source"])
            for source, count in self._gauges.owed.items():
                owed.add_metric([source], count)
            yield owed
            yield GaugeMetricFamily(
                "congtin_database_bytes", "Size of the database.", value=self._gauges.database_bytes()
            )
            yield GaugeMetricFamily(
                "congtin_archive_bytes", "Size of the WARC archive.", value=self._gauges.archive_bytes()
            )
            yield from self._of_alerts()

    def _of_alerts(self) -> Iterator[Metric]:
        with self._database.reading() as session:
            counts = standing.counts(session)
        outbox = GaugeMetricFamily(
            "congtin_alerts_outbox", "Events that watches are told of on channels.", labels=["channel", "state"]
        )
        for (kind, state), count in sorted(counts.rows.items()):
            outbox.add_metric([kind, state], count)
        age = max(0.0, time.time() - counts.oldest.timestamp()) if counts.oldest else 0.0
        yield outbox
        yield GaugeMetricFamily(
            "congtin_alerts_oldest_pending_seconds", "Age of the oldest message on a channel in use.", value=age
        )
        yield GaugeMetricFamily(
            "congtin_alerts_gaps", "Rows of the outbox that are missing or wrong.",
            value=self._auditor.look(most=_AUDITED).wrong,
        )  # fmt: skip

    def _of_runs(self) -> Iterator[Metric]:
        runs = CounterMetricFamily("congtin_runs", "Runs that ended, by verdict.", labels=["source", "verdict"])
        requests = CounterMetricFamily("congtin_requests", "Requests sent in runs that ended.", labels=["source"])
        sizes = CounterMetricFamily("congtin_received_bytes", "Bytes received in them.", labels=["source"])
        ill = GaugeMetricFamily("congtin_source_ill", "1 where the last run was not healthy.", labels=["source"])
        age = GaugeMetricFamily(
            "congtin_last_good_run_age_seconds", "Time since the last healthy run ended.", labels=["source"]
        )
        for source, counts in sorted(self._gauges.runs.items()):
            for verdict, count in sorted(counts.verdicts.items()):
                runs.add_metric([source, verdict], count)
            requests.add_metric([source], counts.requests)
            sizes.add_metric([source], counts.bytes)
            ill.add_metric([source], counts.last != "healthy")
            if counts.last_good:
                age.add_metric([source], max(0.0, time.time() - counts.last_good.timestamp()))
        yield from (runs, requests, sizes, ill, age)

    def _of_lags(self) -> Metric:
        lags = HistogramMetricFamily(
            "congtin_lag_seconds",
            "From the minute that a page prints to the moment when it was seen first.",
            labels=["source"],
        )
        for source, lag in sorted(self._gauges.lags.items()):
            buckets, total = [], 0
            for bound, count in zip((*map(str, LAGS), "+Inf"), lag.counts, strict=True):
                total += count
                buckets.append((bound, float(total)))
            lags.add_metric([source], buckets, sum_value=lag.seconds)
        return lags


def registry(gauges: Gauges, database: Database) -> CollectorRegistry:
    """A registry of these numbers and nothing else."""
    made = CollectorRegistry()
    made.register(Numbers(gauges, database))
    return made
