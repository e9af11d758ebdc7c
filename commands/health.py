"""`congtin doctor`: whether the installation is well, and what it does without."""

from __future__ import annotations

import platform
import shutil
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import typer

import console
from commands import Json, app, config
from console import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.config import Config
    from storage.database import Database

_LITTLE_SPACE = 2 << 30
_UNPACKERS = ("unrar", "unar", "bsdtar", "7z", "7zz")
_AUDITED = 5_000
"""Events of the log's end that alerts are held against."""
_LATE = timedelta(minutes=15)
_COLOURS = {"ok": "green", "lacking": "yellow", "ill": "bold red"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing looked at: `lacking` is what congtin can do without, and `message` says what is lost by it."""

    name: str
    state: Literal["ok", "lacking", "ill"]
    message: str
    remedy: str | None = None


@app.command(epilog="Example: congtin doctor --json")
def doctor(json: Json = False) -> None:
    """Health of the installation: what is ill, and what is lost for want of a program."""
    checks = list(examine(config()))
    ill = any(check.state == "ill" for check in checks)
    if json:
        console.as_json({"ok": not ill, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            console.out.print(f"[{_COLOURS[check.state]}]{check.state:8}[/]", end="")
            console.out.print(f"{check.name:10}{check.message}", markup=False, soft_wrap=True)
            if check.remedy:
                console.out.print(f"{'':18}→ {check.remedy}", markup=False, soft_wrap=True)
    if ill:
        raise typer.Exit(Exit.FAILED)


def examine(settings: Config) -> Iterator[Check]:
    """Everything that is looked at, one after the other."""
    yield Check(name="python", state="ok", message=f"{platform.python_version()} on {platform.system()}")
    yield _folder(settings)
    yield from _archive(settings)
    yield _sources(settings)
    if settings.contact:
        yield Check(name="contact", state="ok", message=settings.contact)
    else:
        yield Check(
            name="contact", state="lacking", message="none is set: real portals are not crawled without one",
            remedy="set CONGTIN_CONTACT to a URL or mail address",
        )  # fmt: skip
    yield from _tools()


def _folder(settings: Config) -> Check:
    from storage.gauges import LEAST_SPACE

    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.data) as file:
            file.write(b"\0" * 4096)
        free = shutil.disk_usage(settings.data).free
    except OSError as error:
        return Check(
            name="data", state="ill", message=f"{settings.data} cannot be written: {error}",
            remedy="look at CONGTIN_DATA, and whether this user may write there",
        )  # fmt: skip
    state: Literal["ok", "lacking", "ill"] = "ok"
    if free < _LITTLE_SPACE:
        state = "ill" if free < LEAST_SPACE else "lacking"
    message = f"{settings.data} can be written, {free / (1 << 30):,.1f} GiB are free"
    return Check(name="data", state=state, message=message, remedy=None if state == "ok" else "make room")


def _archive(settings: Config) -> Iterator[Check]:
    """The database, and the search index that follows it."""
    from storage.database import Database, DatabaseError
    from storage.migrations import HEAD

    try:
        database = Database(settings)
    except DatabaseError as error:
        yield Check(name="database", state="ill", message=str(error))
        return
    try:
        kind = "SQLite" if database.sqlite else "PostgreSQL"
        yield Check(name="database", state="ok", message=f"{kind}, its tables are of revision {HEAD}")
        yield _index(settings, database)
        yield from _alerts(database)
    finally:
        database.close()


def _index(settings: Config, database: Database) -> Check:
    from sqlalchemy import func, select

    from storage.models import Event
    from storage.search import index

    folder = settings.data / "index"
    with database.reading() as session:
        last = session.scalar(select(func.max(Event.cursor))) or 0
    if index.is_lost(folder):
        return Check(name="index", state="ok", message="not there yet: the first crawl or search makes it")
    try:
        at, _ = index.cursor(index.open_index(folder))
    except (ValueError, OSError) as error:
        return Check(
            name="index", state="ill", message=f"cannot be read: {error}",
            remedy=f"remove {folder}: it is made again from the database",
        )  # fmt: skip
    behind = f"{last - at:,} events behind: the next crawl or search follows" if last > at else "up to date"
    return Check(name="index", state="ok", message=behind)


def _alerts(database: Database) -> Iterator[Check]:
    """The ledger of alerts, held against the event log; whether they go out, and by what."""
    from sqlalchemy import select

    from alerts import standing
    from alerts.audit import Auditor
    from storage.alert_tables import Following

    with database.reading() as session:
        told = standing.report(session)
        waiting = standing.behind(session, now=datetime.now(UTC))
        followed = session.scalar(select(Following.cursor)) or 0
    found = Auditor(database, after=max(0, followed - _AUDITED)).look()
    if found.wrong:
        yield Check(
            name="alerts", state="ill",
            message=f"of {found.rows:,} alerts {found.gaps} are missing, {found.doubles} twice, {found.strays} "
            f"unasked for, {found.torn} in no clear state",
            remedy="this is a fault of ours: please report it with the output of `congtin events --json`",
        )  # fmt: skip
    elif waiting is not None and waiting > _LATE:
        yield Check(
            name="alerts", state="lacking", message=f"nothing was handed over for {waiting}, and some is due",
            remedy="run `congtin up`, `congtin schedule` or `congtin deliver`",
        )  # fmt: skip
    else:
        message = f"{found.rows:,} looked at, none missing, {told['pending']:,} pending, {len(told['dead']):,} given up"
        yield Check(name="alerts", state="ok", message=message)
    for one in told["failing"]:
        if one["paused"]:
            yield Check(
                name="channel", state="lacking",
                message=f"{one['address']} is paused: it fails since {one['since']}: {one['cause']} {one['detail']}",
                remedy="mend it, then `congtin watch test ID` and `congtin watch pause ID --resume`",
            )  # fmt: skip


def _sources(settings: Config) -> Check:
    from spiders.loader import catalogue

    found = catalogue(settings)
    broken = [name for name in sorted(found.files) if found.check(name)]
    if broken:
        which = ", ".join(broken)
        return Check(
            name="sources", state="ill", message=f"{len(broken)} of {len(found.files)} cannot be used: {which}",
            remedy="congtin sources check",
        )  # fmt: skip
    return Check(name="sources", state="ok", message=f"{len(found.files)} source files")


def _tools() -> Iterator[Check]:
    """Programs that read what our libraries cannot."""
    from scraper import tesseract

    if missing := tesseract.missing():
        yield Check(
            name="ocr", state="lacking", message=f"{missing}: scanned documents are kept, and have no text",
            remedy="apt-get install tesseract-ocr tesseract-ocr-vie (then the next crawl reads them)",
        )  # fmt: skip
    else:
        yield Check(name="ocr", state="ok", message=f"tesseract reads scans, with its data for {tesseract.LANGUAGE!r}")
    yield _tool(
        "doc", ("antiword",), lost="Word 6 and 95 files saved in pieces are kept unread; later .doc files need no tool",
        package="antiword",
    )  # fmt: skip
    yield _tool(
        "rar", _UNPACKERS, lost="what is packed in RAR archives is listed and not read", package="libarchive-tools",
    )  # fmt: skip


def _tool(name: str, programs: tuple[str, ...], *, lost: str, package: str) -> Check:
    found: Any = next(filter(None, map(shutil.which, programs)), None)
    if found:
        return Check(name=name, state="ok", message=str(found))
    return Check(name=name, state="lacking", message=lost, remedy=f"apt-get install {package}")
