"""Searching: one function. Ranks, counts, marks; a later engine or query language changes nothing outside this room."""

from __future__ import annotations

import html
import json
import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime
from datetime import time as time_of_day
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import tantivy
from sqlalchemy import select

from scraper.items import VIETNAM
from storage import events
from storage.models import Article, ArticleVersion
from storage.search import index as indexing
from storage.search import passages, procedures
from storage.search import query as queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from storage.database import Database

log = logging.getLogger(__name__)

Sort = Literal["relevance", "newest"]

FACETS = ("source", "kind", "year", "field", "platform")
MOST_HITS = 200
DEEPEST = 10_000
_CATCH_UP_SECONDS = 1.0
_SNIPPET = 240
_PAIRS_UP_TO = 6
"""A pasted title of many syllables gains nothing from pairs and costs half as much again."""


class BadCursor(ValueError):
    """A cursor that this search did not hand out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A search: what was typed, the filters beside it, the order, and which hits are wanted."""

    typed: str = ""
    kinds: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    sort: Sort = "relevance"
    limit: int = 20
    cursor: str | None = None


class Searcher:
    """Answers questions over one data folder. Any number may be open at a time, in any process."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._index = indexing.open_index(folder)

    def search(self, question: Question) -> dict[str, Any]:
        """An answer in the contract's shape. Raises BadCursor.

        Tries for a second to catch up with the database; where that is not enough the answer says `"stale": true`.
        """
        started = time.perf_counter()
        question = replace(question, limit=min(max(question.limit, 1), MOST_HITS))
        if indexing.is_lost(self._folder):
            self._index = indexing.open_index(self._folder)
        try:
            stale = not indexing.follow(self._database, self._index, seconds=_CATCH_UP_SECONDS)
        except indexing.Busy:
            stale = True
        except (ValueError, OSError) as error:  # a full disk, say: what is there can still be searched
            log.warning("the search index could not follow: %s", error)
            stale = True
        self._index.reload()
        searcher = self._index.searcher()
        understood = queries.parse(question.typed)
        wanted = self._query(understood, question)
        start = _offset(question.cursor)
        by = "published" if question.sort == "newest" else None
        found = searcher.search(wanted, limit=question.limit, offset=start, order_by_field=by)
        ids = [str(searcher.doc(address)["id"][0]) for _, address in found.hits]
        total = int(getattr(found, "count", 0) or 0)  # tantivy's stubs do not know it
        end = start + len(ids)
        return {
            "query": question.typed.encode("utf-8", "replace").decode(),
            "total": total,
            "took_ms": 0,
            "total_is": "exact",
            "suggestion": None,
            "understood": str(understood),
            "stale": stale,
            "hits": self._hits(ids, understood),
            "facets": _facets(searcher, wanted),
            "next_cursor": str(end) if ids and end < min(total, DEEPEST) else None,
        } | {"took_ms": round((time.perf_counter() - started) * 1000, 1)}

    def _query(self, understood: queries.Query, question: Question) -> tantivy.Query:
        must, must_not, should = tantivy.Occur.Must, tantivy.Occur.MustNot, tantivy.Occur.Should
        parts: list[tuple[tantivy.Occur, tantivy.Query]] = []
        for term in understood.terms:
            if term.negated:
                parts.append((must_not, self._anywhere(term)))
                continue
            exactly = term.quoted and term.accented
            parts.append((must, self._anywhere(term, written=exactly)))
            if term.accented and not exactly:
                parts.append((should, self._anywhere(term, written=True)))
        words = [term.folded[0] for term in understood.wanted if len(term.folded) == 1]
        if 1 < len(words) <= _PAIRS_UP_TO:
            for one, other in pairwise(words):
                parts.append((should, self._either(f"{one}_{other}")))
        if question.typed.strip() and not understood.terms:  # signs alone are no words, and no wish for everything
            return tantivy.Query.empty_query()
        kinds = question.kinds or ("article", "procedure", "document")
        parts.append((must, self._one_of("kind", kinds)))
        if question.sources:
            parts.append((must, self._one_of("source", question.sources)))
        if question.fields:
            parts.append((must, self._one_of("field", question.fields)))
        if question.since or question.until:
            parts.append((must, self._between(question.since, question.until)))
        return tantivy.Query.boolean_query(parts)

    def _anywhere(self, term: queries.Term, *, written: bool = False) -> tantivy.Query:
        said = term.written if written else term.folded
        suffix = "_written" if written else ""
        return tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Should, tantivy.Query.boost_query(self._together(f"title{suffix}", said), 3.0)),
                (tantivy.Occur.Should, self._together(f"body{suffix}", said)),
                (tantivy.Occur.Should, tantivy.Query.boost_query(self._together(f"documents{suffix}", said), 0.5)),
            ]
        )

    def _together(self, field: str, said: Sequence[str]) -> tantivy.Query:
        if len(said) == 1:
            return tantivy.Query.term_query(self._index.schema, field, said[0])
        return tantivy.Query.phrase_query(self._index.schema, field, list(said))

    def _either(self, pair: str) -> tantivy.Query:
        schema = self._index.schema
        title = tantivy.Query.term_query(schema, "title_pairs", pair, "freq")
        body = tantivy.Query.term_query(schema, "body_pairs", pair, "freq")
        return tantivy.Query.boolean_query(
            [(tantivy.Occur.Should, tantivy.Query.boost_query(title, 2.0)), (tantivy.Occur.Should, body)]
        )

    def _one_of(self, field: str, values: Sequence[str]) -> tantivy.Query:
        return tantivy.Query.const_score_query(
            tantivy.Query.term_set_query(self._index.schema, field, list(values)), 0.0
        )

    def _between(self, since: date | None, until: date | None) -> tantivy.Query:
        first = int(_midnight(since).timestamp()) if since else None
        last = int(_midnight(until).timestamp()) + 86_399 if until else None
        inside = tantivy.Query.range_query(
            self._index.schema, "published", tantivy.FieldType.Integer, first, last, include_upper=True
        )
        return tantivy.Query.const_score_query(inside, 0.0)

    def _hits(self, ids: Sequence[str], understood: queries.Query) -> list[dict[str, Any]]:
        with self._database.reading() as session:
            rows = session.execute(
                select(Article, ArticleVersion)
                .join(
                    ArticleVersion, (ArticleVersion.record == Article.id) & (ArticleVersion.version == Article.version)
                )
                .where(Article.id.in_(ids))
            )
            pairs = {article.id: (article, version) for article, version in rows}
            others = procedures.found(session, [one for one in ids if one not in pairs])
            finder = passages.Finder(session, [*pairs, *(page for one in others for page in one.pages)])
            found = {one: _hit(*pair, understood, finder) for one, pair in pairs.items()}
            found |= {one.row.id: _procedure(one, understood, finder) for one in others}
        return [found[one] for one in ids if one in found]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time_of_day(), VIETNAM)


def _offset(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not cursor.isdecimal() or len(cursor) > len(str(DEEPEST)) or int(cursor) > DEEPEST:
        raise BadCursor(f"not a cursor of this search: {cursor[:40]!r}")
    return int(cursor)


def _facets(searcher: tantivy.Searcher, wanted: tantivy.Query) -> dict[str, dict[str, int]]:
    asked = {name: {"terms": {"field": name, "size": 100}} for name in FACETS}
    told = searcher.aggregate(wanted, asked)
    told = json.loads(told) if isinstance(told, str) else told
    facets: dict[str, dict[str, int]] = {}
    for name in FACETS:
        facets[name] = {str(bucket["key"]): int(bucket["doc_count"]) for bucket in told[name]["buckets"]}
    return facets


def _hit(
    article: Article, version: ArticleVersion, understood: queries.Query, finder: passages.Finder
) -> dict[str, Any]:
    said = body(version)
    return {
        "id": article.id,
        "kind": article.kind,
        "source": article.source,
        "platform": article.platform,
        "title": article.title,
        "url": article.url,
        "published_at": events.iso(article.published_at),
        "precision": article.precision,
        "state": article.state,
        **_passage([article.id], article.title, said, understood, finder),
        "more": [],
    }


def _procedure(found: procedures.Found, understood: queries.Query, finder: passages.Finder) -> dict[str, Any]:
    row = found.row
    return {
        "id": row.id,
        "kind": "procedure",
        "source": row.source,
        "platform": row.platform,
        "title": row.name,
        "url": row.url,
        "published_at": events.iso(found.published),
        "precision": "day" if found.published else None,
        "state": "live",
        **_passage(found.pages, row.name, found.text, understood, finder),
        "more": [],
        "code": row.code,
        "field": row.field,
    }


def _passage(
    records: Sequence[str], title: str, said: str, understood: queries.Query, finder: passages.Finder
) -> dict[str, Any]:
    """A stretch of a record's text, or of a page of its documents that has more of what was asked for."""
    page = None
    if finder.attaching.intersection(records):
        here = queries.found(f"{title}\n{said}", understood.wanted)
        if len(here) < len(understood.wanted):
            page = finder.best(records, understood.wanted, more_than=len(here))
    return {
        "snippet": snippet(page.text if page else said, understood),
        "document": {"id": page.document, "title": page.title, "page": page.number} if page else None,
    }


def body(version: ArticleVersion) -> str:
    """The text of a record that its snippet is taken from: its body, captions, and names of its documents."""
    captions = [image["caption"] for image in version.images if image["caption"]]
    return "\n".join(filter(None, [version.body_text, *captions, *(one["title"] for one in version.attachments)]))


def snippet(text: str, understood: queries.Query) -> str:
    """The stretch of a text where most of the query stands: escaped HTML with the hits in `<mark>`."""
    found = queries.marks(text, understood.wanted) if understood.wanted else []
    start = _best_start(found)
    if start > 60:
        first = max(text.rfind("\n", 0, start), text.rfind(". ", 0, start) + 1, start - 60)
        if text[first] not in "\n ":
            first = text.find(" ", first, start)  # not in the middle of a word
        start = first if first >= 0 else start
    end = min(len(text), start + _SNIPPET)
    if end < len(text):
        end = max(text.rfind(" ", start, end), start + _SNIPPET // 2)
    parts = ["… " if start else ""]
    place = start
    for left, right in found:
        if left < place or right > end:
            continue
        parts += [html.escape(text[place:left]), "<mark>", html.escape(text[left:right]), "</mark>"]
        place = right
    parts += [html.escape(text[place:end]), " …" if end < len(text) else ""]
    return " ".join("".join(parts).split())


def _best_start(found: Sequence[tuple[int, int]]) -> int:
    """Where a stretch begins that holds the most of the text that was found; the first of equals."""
    best = start = covered = after = 0
    for place, (left, right) in enumerate(found):
        if after <= place:
            covered, after = 0, place
        while after < len(found) and found[after][1] <= left + _SNIPPET - 60:
            covered += found[after][1] - found[after][0]
            after += 1
        if covered > best:
            best, start = covered, left
        covered -= right - left
    return start
