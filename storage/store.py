"""What a process that crawls holds open: database, writer, archive, and the search index's follower."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from storage import captures, similar
from storage.captures import Archive
from storage.database import Database
from storage.search.index import Follower
from storage.writer import Writer

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from scraper.config import Config
    from scraper.items import Validators
    from storage.captures import Captured, Exchange


@dataclass(eq=False)
class Store:
    """One data folder, opened for writing. Crawls in one process share it: `Store.open` and `close` come in pairs."""

    config: Config
    database: Database
    archive: Archive
    writer: Writer
    follower: Follower
    mended: list[str]
    _capture: ThreadPoolExecutor

    _shared: ClassVar[dict[Path, tuple[Store, int]]] = {}

    @classmethod
    def open(cls, config: Config) -> Store:
        """The process's store of this data folder; mends what dead processes left torn when it is opened first."""
        if config.data in cls._shared:
            store, users = cls._shared[config.data]
            cls._shared[config.data] = (store, users + 1)
            return store
        config.data.mkdir(parents=True, exist_ok=True)
        folder = config.data / "archive"
        mended = captures.mend(folder)
        database = Database(config)
        archive = Archive(folder)
        store = cls(
            config=config,
            database=database,
            archive=archive,
            writer=Writer(database, before_commit=archive.sync),
            follower=Follower(database, config.data / "index"),
            mended=mended,
            _capture=ThreadPoolExecutor(max_workers=1, thread_name_prefix="capture"),
        )
        store.follower.start()
        store.writer.submit(similar.catch_up).add_done_callback(store._caught_up)
        cls._shared[config.data] = (store, 1)
        return store

    def close(self) -> None:
        """Gives the store back; the last user's call writes what is queued and closes everything."""
        store, users = self._shared[self.config.data]
        if users > 1:
            self._shared[self.config.data] = (store, users - 1)
            return
        del self._shared[self.config.data]
        with ExitStack() as closing:  # one that fails, on a full disk, leaves none of the others open
            closing.callback(self.database.close)
            closing.callback(self.follower.stop)
            closing.callback(self.archive.close)
            closing.callback(self.writer.close)
            closing.callback(self._capture.shutdown)

    def _caught_up(self, done: Future[bool]) -> None:
        """Goes on comparing older records; those that are left when the process ends are the next one's."""
        if not done.cancelled() and not done.exception() and done.result():
            with suppress(RuntimeError):  # the writer is closed
                self.writer.submit(similar.catch_up).add_done_callback(self._caught_up)

    async def capture(self, exchange: Exchange, had: Validators | None) -> Captured:
        """Archives an exchange off the event loop, one at a time; it is on file when this returns."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._capture, self.archive.write, exchange, had)
