"""Crawls that are started to be disturbed: waiting for a moment in one, and seeing where it stands then."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from scraper.config import Config

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from sample.server import Running

ROOT = Path(__file__).resolve().parent.parent
SOURCE = """\
name = "Drill"
url = "{url}"
platform = "sharepoint"
delay = 0
feeds = ["/portal/rss/Hoat-dong-nganh.rss"]
sections.news = ["/portal/Pages/Tin-tuc.aspx", "/portal/KenhTin/Hoat-dong-nganh.aspx"]
sections.procedures = ["/portal/Pages/Thu-tuc-hanh-chinh.aspx"]
"""
ENDED = "ended"
_STUCK_SECONDS = 300
_LOOK_SECONDS = 0.002
_WAL_WRITE_LOCK = "120"
"""The byte of the `-shm` file that SQLite's writer holds (https://sqlite.org/walformat.html, "WAL locks")."""


class Crawl(Protocol):
    """A crawl's process; `subprocess.Popen` is one."""

    pid: int

    def poll(self) -> int | None:
        """The exit code, once it has ended."""

    def kill(self) -> None:
        """SIGKILL."""

    def communicate(self) -> object:
        """Waits for its end."""


@dataclass(kw_only=True)
class Site:
    """A data folder, the portal that is crawled into it, and what starts crawls of it, if no fresh interpreter does."""

    data: Path
    portal: Running
    environment: dict[str, str] = field(default_factory=dict)
    starter: Callable[..., Crawl] | None = None

    @property
    def config(self) -> Config:
        """The settings that its crawls have."""
        return Config.from_environment(self.variables())

    def declare(self) -> None:
        """Writes the source's file: `drill`."""
        folder = self.data / "sources"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "drill.toml").write_text(SOURCE.format(url=self.portal.url), "utf-8")

    def variables(self) -> dict[str, str]:
        """The environment that its processes have."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CONGTIN_")}
        own = {"CONGTIN_DATA": str(self.data), "CONGTIN_ALLOW_NETWORKS": "127.0.0.0/8", "PYTHONPATH": str(ROOT)}
        return clean | own | self.environment

    def start(self, *words: str) -> Crawl:
        """Starts `congtin crawl` with further words; what it says goes to `crawls.log` in the data folder."""
        if self.starter:
            return self.starter(*words)
        with (self.data / "crawls.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "cli", "crawl", "drill", *words],
                cwd=ROOT, env=self.variables(), stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip


def wait(crawl: Crawl, until: Callable[[], bool]) -> bool:
    """Waits until something holds, or the crawl has ended; whether it had not. Raises TimeoutError where neither is."""
    give_up = time.monotonic() + _STUCK_SECONDS
    while crawl.poll() is None:
        if until():
            return True
        if time.monotonic() > give_up:
            raise TimeoutError(f"the crawl {crawl.pid} does not get on")
        time.sleep(_LOOK_SECONDS)
    return False


def stopped(crawl: Crawl) -> None:
    """Has a process stand still where it is, if it lives."""
    with suppress(ProcessLookupError):
        os.kill(crawl.pid, signal.SIGSTOP)
    wait(crawl, lambda: _stands(crawl.pid))


def killed(crawl: Crawl, site: Site, writing: Callable[[int], bool]) -> str:
    """Kills a crawl with SIGKILL; in which phase it was.

    It is stopped first, so that what is seen is where it dies. `writing` says whether a process is in a transaction.
    """
    stopped(crawl)
    where = ENDED if crawl.poll() is not None else _phase(crawl.pid, site.data, writing)
    crawl.kill()
    crawl.communicate()
    return where


def _stands(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "TtZ"
    except OSError:
        return True


def _phase(pid: int, data: Path, writing: Callable[[int], bool]) -> str:
    """Where a process stands that does not run."""
    if holds(pid, *(data / "index").glob("*/.tantivy-writer.lock")):
        return "index commit"
    if writing(pid):
        return "transaction"
    return "crawling" if own_file(pid, data) else "start-up"


def own_file(pid: int, data: Path) -> Path | None:
    """The WARC file that a process writes, if it has begun one: its name has the process's number."""
    return next(iter((data / "archive").glob(f"congtin-*-{pid}-*.warc.gz")), None)


def writes_sqlite(database: Path) -> Callable[[int], bool]:
    """Says of a process whether it is SQLite's writer now."""
    shared = database.with_name(f"{database.name}-shm")
    return lambda pid: holds(pid, shared, byte=_WAL_WRITE_LOCK)


def holds(pid: int, *files: Path, byte: str | None = None) -> bool:
    """Whether a process has one of these files locked for writing (at that byte), by /proc/locks."""
    inodes = {str(file.stat().st_ino) for file in files if file.exists()}
    found = re.findall(r"WRITE (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) (\d+) (\w+)", Path("/proc/locks").read_text())
    return any(
        owner == str(pid)
        and inode in inodes
        and (byte is None or int(first) <= int(byte) <= int(last.replace("EOF", byte)))
        for owner, inode, first, last in found
    )


def tear(file: Path, kept: int, chance: random.Random) -> bool:
    """Cuts a file somewhere behind its first `kept` bytes, as a power cut would that what was not synced is lost in."""
    size = file.stat().st_size
    if size <= kept:
        return False
    os.truncate(file, chance.randrange(kept, size))
    return True
