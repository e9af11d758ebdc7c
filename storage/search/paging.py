"""Which hits stand on a page: ranked, one of each story, and none twice or left out when new records come in between.

Equal scores fall in another order in each build of an index, so hits are put in order here: by rounded score, the
newest first, then by a number made of the id. By newest, a page goes on behind the last hit's date and number, as deep
as one likes. Scores move a little whenever a record comes in, so that by relevance a cursor holds what has been shown,
as three bytes a hit, and there is a deepest page.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from tantivy import Occur, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import tantivy

    from storage.search.engine import Engine

DEEPEST = 1000
"""Hits by relevance that pages show."""
_MOST_RANKED = 20_000
_SHOWN = 3  # bytes
_MARK = 6  # bytes
_LAST = struct.Struct(">qq")
_DIGITS = 4
_MOST_TOLD = 500
"""Records of the stories of one page that are looked for."""


class BadCursor(ValueError):
    """A cursor that this search did not hand out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A hit before its record is read: what it is ranked by."""

    address: tantivy.DocAddress
    key: int
    story: int
    published: int
    score: float = 0.0

    @property
    def order(self) -> tuple[float, int, int]:
        """The smaller, the better."""
        return (-self.score, -self.published, self.key)


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Hits from the first new one on; whether no more follow; the count of all, shown ones too."""

    hits: list[Hit]
    total: int
    is_all: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """The ids of a page's hits in their order. `is_deepest` says that more was found, and that no page shows it."""

    ids: list[str]
    total: int
    cursor: str | None = None
    is_deepest: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Pager:
    """Turns the pages of one question: `asked` is all of it but the cursor and the limit, as a text.

    `tiers` find some of the hits each, any of which is better than those that only the later ones find, or `wanted`.
    `total` is how many there are, where that is known already.
    """

    searcher: tantivy.Searcher
    engine: Engine
    wanted: Query
    asked: str
    tiers: Sequence[Query] = ()
    total: int | None = None

    def relevant(self, limit: int, cursor: str | None) -> Page:
        """A page of the best hits. Raises BadCursor."""
        told = self._opened(cursor, b"r")
        if len(told) % _SHOWN or len(told) > DEEPEST * _SHOWN:
            raise BadCursor(_not_ours(cursor))
        shown = {told[place : place + _SHOWN] for place in range(0, len(told), _SHOWN)}
        window = self._best(limit, len(shown), lambda hit: _brief(hit) not in shown)
        hits = window.hits[: min(limit, DEEPEST - len(shown))]
        told += b"".join(map(_brief, hits))
        goes_on = len(window.hits) > len(hits)
        is_deepest = len(told) >= DEEPEST * _SHOWN
        return Page(
            ids=list(map(self._id, hits)),
            total=window.total,
            cursor=self._closed(b"r", told) if goes_on and not is_deepest else None,
            is_deepest=goes_on and is_deepest,
        )

    def newest(self, limit: int, cursor: str | None) -> Page:
        """A page of the newest hits. Raises BadCursor."""
        told = self._opened(cursor, b"n")
        if cursor and len(told) != _LAST.size:
            raise BadCursor(_not_ours(cursor))
        if cursor:
            published, key = _LAST.unpack(told)
            wanted = Query.boolean_query(
                [(Occur.Must, self.wanted), (Occur.Must, self.engine.published(None, published))]
            )
            window = self._window(wanted, limit, 0, lambda hit: hit.order > (0.0, -published, key), by="published")
            total = self._counted()
        else:
            window = self._window(self.wanted, limit, 0, lambda _: True, by="published")
            total = window.total
        firsts = window.hits
        if cursor:  # a newer one of its story may have stood on an earlier page
            stories = self._stories(window.hits)
            firsts = [hit for hit in window.hits if hit.key == stories[hit.story][0].key]
        hits = firsts[:limit]
        last = hits[-1] if len(firsts) > limit else None if window.is_all else window.hits[-1]
        return Page(
            ids=list(map(self._id, hits)),
            total=total,
            cursor=self._closed(b"n", _LAST.pack(last.published, last.key)) if last else None,
        )

    def _best(self, limit: int, shown: int, is_new: Callable[[Hit], bool]) -> Window:
        """New hits by relevance, tier after tier, until there are more than `limit`."""
        told: dict[int, Hit] = {}

        def is_next(hit: Hit) -> bool:
            return is_new(hit) and hit.story not in told

        total = self._counted() if self.tiers else 0
        for tier in self.tiers:
            window = self._window(tier, limit - len(told), shown + len(told), is_next)
            told.update({hit.story: hit for hit in window.hits})
            if len(told) > limit or window.total == total:
                return Window(hits=list(told.values()), total=total, is_all=window.is_all)
        window = self._window(self.wanted, limit - len(told), shown + len(told), is_next)
        return Window(hits=[*told.values(), *window.hits], total=window.total, is_all=window.is_all)

    def _counted(self) -> int:
        if self.total is not None:
            return self.total
        return _count(self.searcher.search(Query.const_score_query(self.wanted, 0.0), limit=1))

    def _window(
        self, wanted: Query, limit: int, shown: int, is_new: Callable[[Hit], bool], by: str | None = None
    ) -> Window:
        """New hits in their order, one of each story: more than `limit`, if there are so many.

        Among equals the engine hands over any: the worst of a window count only if all that equal them are in it.
        """
        size = limit + shown + max((limit + shown) // 4, 20)
        while True:
            weight = None if by else "freshness"
            found = self.searcher.search(wanted, limit=size, order_by_field=by, weight_by_field=weight)
            total = _count(found)
            hits = self._read(found.hits, scored=by is None)
            is_all = len(hits) >= total or size >= _MOST_RANKED
            hits.sort(key=lambda hit: hit.order)
            if not is_all:
                worst = hits[-1].order[: 2 if by else 1]
                hits = [hit for hit in hits if hit.order[: len(worst)] < worst]
            best = {hit.story: hit for hit in reversed(hits)}
            new = [hit for hit in hits if best[hit.story] is hit and is_new(hit)]
            if is_all or len(new) > limit:
                return Window(hits=new, total=total, is_all=is_all)
            size = min(size * 4, _MOST_RANKED)

    def _read(self, found: Sequence[tuple[float, tantivy.DocAddress]], *, scored: bool) -> list[Hit]:
        addresses = [address for _, address in found]
        columns = [self.searcher.fast_field_values(name, addresses) for name in ("key", "story", "published")]
        return [
            Hit(
                address=address, key=int(key or 0), story=int(story or 0), published=int(published or 0),
                score=_rounded(score) if scored else 0.0,
            )
            for (score, address), key, story, published in zip(found, *columns, strict=True)
        ]  # fmt: skip

    def _stories(self, hits: Sequence[Hit]) -> dict[int, list[Hit]]:
        """All that was found of the stories of these hits, the newest first."""
        told: dict[int, list[Hit]] = {hit.story: [] for hit in hits}
        if told:
            of_these = self.engine.one_of("story", sorted(told))
            wanted = Query.boolean_query([(Occur.Must, self.wanted), (Occur.Must, of_these)])
            found = self.searcher.search(wanted, limit=len(hits) + _MOST_TOLD, order_by_field="published")
            for hit in sorted(self._read(found.hits, scored=False), key=lambda hit: hit.order):
                told[hit.story].append(hit)
        return told

    def _id(self, hit: Hit) -> str:
        return str(self.searcher.doc(hit.address)["id"][0])

    def _opened(self, cursor: str | None, order: bytes) -> bytes:
        """What a cursor of this question and order holds; nothing for the first page. Raises BadCursor."""
        if not cursor:
            return b""
        try:
            told = base64.b64decode(cursor.encode("ascii", "strict"), b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise BadCursor(_not_ours(cursor)) from None
        mark = order + self._mark()
        if not told.startswith(mark):
            raise BadCursor(_not_ours(cursor))
        return told[len(mark) :]

    def _closed(self, order: bytes, told: bytes) -> str:
        return base64.urlsafe_b64encode(order + self._mark() + told).decode()

    def _mark(self) -> bytes:
        return blake2b(self.asked.encode("utf-8", "replace"), digest_size=_MARK).digest()


def _brief(hit: Hit) -> bytes:
    return hit.story.to_bytes(8, "big")[-_SHOWN:]


def _count(found: tantivy.SearchResult) -> int:
    return int(getattr(found, "count", 0) or 0)  # tantivy's stubs do not know it


def _rounded(score: float) -> float:
    return float(f"{score:.{_DIGITS}g}")


def _not_ours(cursor: str | None) -> str:
    return f"not a cursor of this search: {(cursor or '')[:40]!r}"
