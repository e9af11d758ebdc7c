"""Which index answers: the one that follows the log, or the one before it, until that has come as far.

An index is made again where its schema is an older one, or where a file of it turns out to be cut short or damaged.
What it was before answers meanwhile, where it can be read: the folder of the older schema, or the files of the damaged
one that this process has open. Its answers are those of an earlier hour, and said to be.
"""

from __future__ import annotations

import logging
import shutil
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tantivy
from sqlalchemy import select
from tantivy import FieldType, Occur, Query

from storage.models import Event
from storage.search import index as indexing
from storage.search import query as queries
from storage.search.damage import is_damage, no_panic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from storage.database import Database
    from storage.search.query import Need

log = logging.getLogger(__name__)

_CATCH_UP_SECONDS = 1.0
_EARLIEST = -(1 << 62)


@dataclass(frozen=True, kw_only=True, slots=True)
class Before:
    """An index that is no longer followed, and where in the log it stopped.

    `place` is the folder of an older schema: such an index is asked in `plain` words only.
    """

    index: tantivy.Index
    at: tuple[int, str]
    place: Path | None = None


class Standing:
    """The indexes of one folder, as one process has them open; threads may share it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._making = threading.Lock()
        self.current = indexing.open_index(folder)
        self._before = self._of_this_log(_older(folder))

    def catch_up(self) -> bool:
        """Follows the event log for a second; whether the index stands where the log ends.

        Where it does not, the index says less than the database: another process writes to it, the disk is full, or it
        is being made again.
        """
        current = self.current
        try:
            if indexing.is_lost(self._folder):
                current = self.current = indexing.open_index(self._folder)
            with no_panic():
                done = indexing.follow(self._database, current, seconds=_CATCH_UP_SECONDS)
        except indexing.Busy:
            return False
        except (ValueError, OSError) as error:
            if is_damage(error):
                self.make_again(current, error)
            else:  # a full disk, say: what is there can still be searched
                log.warning("the search index could not follow: %s", error)
            return False
        before, self._before = self._before, None if done else self._before
        if done and before and before.place:
            log.warning("the search index is made; the one of an older schema, %s, goes", before.place.name)
            shutil.rmtree(before.place, ignore_errors=True)
        return done

    def before(self) -> Before | None:
        """The index that knows more of the log than the one that is being made, if there is one."""
        before = self._before
        return None if before and indexing.cursor(self.current)[0] >= before.at[0] else before

    def make_again(self, damaged: tantivy.Index, why: Exception, *, anew: bool = False) -> None:
        """Opens the index again, which begins it anew if it cannot be opened, or if `anew` says so.

        Another process may have made it again already. What of it this process has open answers meanwhile.
        """
        with self._making:
            if damaged is not self.current:
                return  # another thread has seen it first
            log.warning("the search index is damaged: %s", why)
            try:
                self._before = self._of_this_log(Before(index=damaged, at=indexing.stands_at(damaged)))
            except ValueError:  # nor can what is open be read
                self._before = None
            self.current = indexing.open_index(self._folder, anew=anew)

    def _of_this_log(self, before: Before | None) -> Before | None:
        """It, if what it followed is this database's log."""
        if before is None:
            return None
        with self._database.reading() as session:
            there = session.scalar(select(Event.id).where(Event.cursor == before.at[0]))
        return before if there == before.at[1] else None


def _older(folder: Path) -> Before | None:
    """The index of the newest older schema that can be opened."""
    numbers = (path.name.removeprefix("v") for path in folder.glob("v*"))
    for number in sorted((int(one) for one in numbers if one.isdecimal()), reverse=True):
        if number >= indexing.SCHEMA:
            continue
        place = folder / f"v{number}"
        try:
            with no_panic():
                index = tantivy.Index.open(str(place))
            indexing.register(index)
            return Before(index=index, at=indexing.cursor(index), place=place)
        except (ValueError, OSError, LookupError) as error:
            log.warning("the search index of an older schema, %s, cannot be read: %s", place.name, error)
    return None


def plain(
    before: Before, needed: Sequence[Need], *, kinds: Sequence[str], sources: Sequence[str], limit: int
) -> tuple[list[str], int]:
    """The newest records that an index of any schema has all these words of, and how many there are.

    What it asks of an index each schema has had, and must have: `id`, `kind`, `source`, `published`, and the folded
    words of `title` and `body`. Raises ValueError where one has not.
    """
    schema = before.index.schema
    typed = [term for need in needed for term in ([need] if isinstance(need, queries.Term) else need.typed)]
    wanted = [
        Query.boolean_query([(Occur.Should, Query.term_query(schema, name, word)) for name in ("title", "body")])
        for word in dict.fromkeys(word for term in typed for word in term.folded)
    ]
    # The document that holds the cursor has no date.
    wanted.append(Query.range_query(schema, "published", FieldType.Integer, _EARLIEST, None))
    for name, values in (("kind", kinds), ("source", sources)):
        if values:
            wanted.append(Query.term_set_query(schema, name, list(values)))
    searcher = before.index.searcher()
    found = searcher.search(
        Query.boolean_query([(Occur.Must, one) for one in wanted]), limit=limit, order_by_field="published"
    )
    return [str(searcher.doc(address)["id"][0]) for _, address in found.hits], int(getattr(found, "count", 0) or 0)
