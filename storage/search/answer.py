"""Searching: one function. Understands, asks the engine, tells of each hit; the contract's shape comes from here."""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import tantivy
from sqlalchemy import select
from tantivy import Occur

from scraper import text
from storage import events, similar
from storage.models import Article, ArticleVersion
from storage.search import language, passages, procedures, suggestions
from storage.search import query as queries
from storage.search.damage import is_damage, no_panic
from storage.search.engine import Engine
from storage.search.language import Trouble
from storage.search.paging import DEEPEST, BadCursor, Page, Pager
from storage.search.query import All, Expansion, Filter
from storage.search.snippets import body, snippet
from storage.search.standing import Standing, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date
    from pathlib import Path

    from sqlalchemy import Row

    from storage.database import Database
    from storage.search.language import Understood
    from storage.search.query import Need, Node
    from storage.search.standing import Before

log = logging.getLogger(__name__)

__all__ = ["FACETS", "MOST_HITS", "BadCursor", "Question", "Searcher", "Sort"]

Sort = Literal["relevance", "newest"]
T = TypeVar("T")

FACETS = ("source", "kind", "year", "field", "platform")
MOST_HITS = 200
_MOST_VALUES = 100
_CURRENT = (ArticleVersion.record == Article.id) & (ArticleVersion.version == Article.version)
_SHOWN = (
    select(
        Article.id, Article.kind, Article.source, Article.platform, Article.title, Article.url, Article.published_at,
        Article.precision, Article.state, Article.story, ArticleVersion.body_text, ArticleVersion.images,
        ArticleVersion.attachments,
    )
    .join(ArticleVersion, _CURRENT)
)  # fmt: skip
_FACET_OF = {"source": "source", "kind": "kind", "field": "field", "from": "year", "to": "year"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A search: what was typed, the filters beside it, the order, and which hits are wanted.

    What is typed may have filters of its own; all of them must be so.
    """

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
        self._standing = Standing(database, folder)

    def search(self, question: Question) -> dict[str, Any]:
        """An answer in the contract's shape. Raises BadCursor.

        Tries for a second to catch up with the database; where that is not enough the answer says `"stale": true`.
        Without words to rank by, the newest come first. While the index is made again, the one before it answers.
        """
        started = time.perf_counter()
        told, stale = self._answered(lambda current: self._told(question, current))
        return told | {"stale": stale, "took_ms": round((time.perf_counter() - started) * 1000, 1)}

    def finds(self, tree: Node, records: Sequence[str]) -> tuple[set[str], bool]:
        """Those of these records that a search for this tree finds, and whether the index is behind the database.

        It takes some thousandths of a second for a thousand records, in an archive of any size.
        """

        def ask(current: tantivy.Index) -> set[str]:
            before = self._standing.before()
            with no_panic():
                current.reload()
                index = before.index if before and not before.place else current
                return Engine(index.schema, index.searcher()).among(tree, records)

        return self._answered(ask)

    def _answered(self, ask: Callable[[tantivy.Index], T]) -> tuple[T, bool]:
        """What the index says, made again where it turns out to be damaged; and whether it is behind the database."""
        stale = not self._standing.catch_up()
        for anew in (False, True):
            current = self._standing.current
            try:
                return ask(current), stale
            except ValueError as error:
                if not is_damage(error):
                    raise
                self._standing.make_again(current, error, anew=anew)
                stale = not self._standing.catch_up()
        return ask(self._standing.current), stale

    def _told(self, question: Question, current: tantivy.Index) -> dict[str, Any]:
        """The answer of the index that knows most. Raises BadCursor, and another ValueError where it is damaged."""
        before = self._standing.before()
        if before:
            try:
                with no_panic():
                    return self._plainly(before, question) if before.place else self._of(before.index, question)
            except BadCursor:
                raise
            except ValueError as error:
                log.warning("the search index of before cannot answer: %s", error)
        with no_panic():
            current.reload()
            return self._of(current, question)

    def _plainly(self, before: Before, question: Question) -> dict[str, Any]:
        """What an index of an older schema answers: one page of the newest, with no counts by facet."""
        understood = language.parse(question.typed)
        needed = queries.needs(understood.tree)
        ids, total = plain(
            before, needed, kinds=question.kinds, sources=question.sources, limit=_limit(question)
        )  # fmt: skip
        page = Page(ids=ids, total=total)
        return _shaped(question, understood, page) | {
            "suggestion": None,
            "hits": self._hits(page, needed),
            "facets": {name: {} for name in FACETS},
        }

    def _of(self, index: tantivy.Index, question: Question) -> dict[str, Any]:
        limit = _limit(question)
        searcher = index.searcher()
        understood = language.parse(question.typed)
        engine = Engine(index.schema, searcher)
        narrowed = _Narrowed.of(engine, understood.tree, question)
        needed = queries.needs(understood.tree)
        facets = narrowed.facets(searcher)
        pager = Pager(
            searcher=searcher, engine=engine, wanted=narrowed.query(), asked=_asked(understood.tree, question),
            tiers=narrowed.tiers(), total=sum(facets["platform"].values()) if facets else None,
        )  # fmt: skip
        by_newest = question.sort == "newest" or all(isinstance(one, queries.Term) and one.prefix for one in needed)
        page = (pager.newest if by_newest else pager.relevant)(limit, question.cursor)
        guess = None if page.total or question.cursor else self._suggestion(engine, searcher, understood, question)
        return _shaped(question, understood, page) | {
            "suggestion": guess,
            "hits": self._hits(page, needed),
            "facets": facets,
        }

    def _suggestion(
        self, engine: Engine, searcher: tantivy.Searcher, understood: Understood, question: Question
    ) -> str | None:
        """What finds something, and was probably meant."""

        def best(said: str) -> str | None:
            narrowed = _Narrowed.of(engine, language.parse(said).tree, question)
            hits = searcher.search(narrowed.query(), limit=1).hits
            return self._text(str(searcher.doc(hits[0][1])["id"][0])) if hits else None

        typed = question.typed[: language.MOST_LETTERS]
        words = [
            replace(one, start=start + one.start, end=start + one.end)
            for start, end in understood.words
            for one in text.syllables(typed[start:end])
        ]
        return suggestions.suggest(typed, words, searcher, best)

    def _text(self, record: str) -> str:
        """What a record says: its title and its text."""
        with self._database.reading() as session:
            said = select(ArticleVersion.title, ArticleVersion.body_text).join(Article, _CURRENT)
            row = session.execute(said.where(Article.id == record)).first()
            if row:
                return f"{row.title}\n{row.body_text}"
            return "\n".join(f"{one.row.name}\n{one.text}" for one in procedures.found(session, [record]))

    def _hits(self, page: Page, needed: Sequence[Need]) -> list[dict[str, Any]]:
        ids = page.ids
        if not ids:
            return []
        with self._database.reading() as session:
            rows = {row.id: row for row in session.execute(_SHOWN.where(Article.id.in_(ids)))}
            others = [one for one in ids if one not in rows]
            found_procedures = procedures.found(session, others) if others else []
            finder = passages.Finder(session, [*rows, *(own for one in found_procedures for own in one.pages)])
            found = {one: _hit(row, needed, finder) for one, row in rows.items()}
            found |= {one.row.id: _procedure(one, needed, finder) for one in found_procedures}
            told = {one: row.story or one for one, row in rows.items()}
            members = similar.elsewhere(session, told.values())
        more = {one: [other for other in members.get(told[one], ()) if other != one] for one in rows}
        return [found[one] | {"more": more.get(one, [])} for one in ids if one in found]


def _limit(question: Question) -> int:
    return min(max(question.limit, 1), MOST_HITS)


def _shaped(question: Question, understood: Understood, page: Page) -> dict[str, Any]:
    """The contract's shape, in its order; what is None is still to be filled in."""
    return {
        "query": question.typed.encode("utf-8", "replace").decode(),
        "total": page.total,
        "took_ms": None,
        "total_is": "exact",
        "suggestion": None,
        "understood": str(understood),
        "expanded": _expanded(understood.tree),
        "troubles": [asdict(one) for one in (*understood.troubles, *_deepest(page, question.typed))],
        "stale": None,
        "hits": None,
        "facets": None,
        "next_cursor": page.cursor,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Narrowed:
    """A question as the engine is asked: the words (and the best of what they find), and by facet what narrows it."""

    words: tantivy.Query
    best: Sequence[tantivy.Query]
    filters: dict[str, list[tantivy.Query]]

    @classmethod
    def of(cls, engine: Engine, tree: Node, question: Question) -> _Narrowed:
        """Of a tree and the filters beside it."""
        filters: dict[str, list[tantivy.Query]] = defaultdict(list)
        words: list[Node] = []
        for part in tree.parts if isinstance(tree, All) else (tree,):
            facet = _facet_of(part)
            if facet:
                filters[facet].append(engine.query(part))
            else:
                words.append(part)
        for facet, values in (("source", question.sources), ("kind", question.kinds), ("field", question.fields)):
            if values:
                filters[facet].append(engine.one_of(facet, values))
        first = queries.period(question.since)[0] if question.since else None
        last = queries.period(question.until)[1] if question.until else None
        if question.since or question.until:
            filters["year"].append(engine.published(first, last))
        said = words[0] if len(words) == 1 else All(tuple(words))
        return cls(words=engine.query(said), best=engine.tiers(said), filters=filters)

    def query(self, *, without: str | None = None) -> tantivy.Query:
        """Everything that was asked for, but for what narrows one facet."""
        return self._narrowing(self.words, without)

    def tiers(self) -> list[tantivy.Query]:
        """The best of it, as the engine parts it."""
        return [self._narrowing(one) for one in self.best]

    def _narrowing(self, words: tantivy.Query, without: str | None = None) -> tantivy.Query:
        narrowing = [one for facet, some in self.filters.items() if facet != without for one in some]
        return tantivy.Query.boolean_query([(Occur.Must, one) for one in (words, *narrowing)])

    def facets(self, searcher: tantivy.Searcher) -> dict[str, dict[str, int]]:
        """How many hits there are for each value; a facet that is narrowed counts what its other values would give."""
        told: dict[str, dict[str, int]] = dict(
            _counts(searcher, self.query(), [one for one in FACETS if one not in self.filters])
        )
        for facet in self.filters:
            told |= _counts(searcher, self.query(without=facet), [facet])
        return {name: told[name] for name in FACETS}


def _facet_of(part: Node) -> str | None:
    """The facet that a part narrows, if it does nothing else."""
    if isinstance(part, Filter):
        return _FACET_OF.get(part.name)
    if isinstance(part, queries.Any):
        facets = {_facet_of(one) for one in part.parts}
        return facets.pop() if len(facets) == 1 else None
    return None


def _counts(
    searcher: tantivy.Searcher, wanted: tantivy.Query, facets: Sequence[str]
) -> Iterable[tuple[str, dict[str, int]]]:
    """The most frequent values of facets, the most frequent first."""
    if not facets:
        return
    asked = {name: {"terms": {"field": name, "size": _MOST_VALUES}} for name in facets}
    told = searcher.aggregate(wanted, asked)
    told = json.loads(told) if isinstance(told, str) else told
    for name in facets:
        counted = {str(bucket["key"]): int(bucket["doc_count"]) for bucket in told[name]["buckets"]}
        yield name, dict(sorted(counted.items(), key=lambda one: (-one[1], one[0])))


def _asked(tree: Node, question: Question) -> str:
    """All of a question but the order and which of its hits are wanted; a cursor has the order itself."""
    return repr((str(tree), replace(question, typed="", sort="newest", limit=0, cursor=None)))


def _expanded(tree: Node) -> list[dict[str, Any]]:
    """What words were taken to mean besides."""
    return [
        {"typed": one.said, "also": str(other).strip('"'), "why": other.why}
        | ({"since": other.since.isoformat()} if other.since else {})
        for one in queries.needs(tree)
        if isinstance(one, Expansion)
        for other in one.also
    ]


def _deepest(page: Page, typed: str) -> list[Trouble]:
    if not page.is_deepest:
        return []
    return [
        Trouble(
            position=len(typed), length=0,
            message=f"chỉ xem được {DEEPEST} kết quả phù hợp nhất; hãy thu hẹp câu tìm, hoặc xếp theo ngày mới nhất",
            message_en=f"only the {DEEPEST} best hits can be paged through; narrow the search, or sort by newest",
        )
    ]  # fmt: skip


def _hit(row: Row[*tuple[Any, ...]], needed: Sequence[Need], finder: passages.Finder) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "source": row.source,
        "platform": row.platform,
        "title": row.title,
        "url": row.url,
        "published_at": events.iso(row.published_at),
        "precision": row.precision,
        "state": row.state,
        **_passage([row.id], row.title, body(row), needed, finder),
    }


def _procedure(found: procedures.Found, needed: Sequence[Need], finder: passages.Finder) -> dict[str, Any]:
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
        **_passage(found.pages, row.name, found.text, needed, finder),
        "code": row.code,
        "field": row.field,
    }


def _passage(
    records: Sequence[str], title: str, said: str, needed: Sequence[Need], finder: passages.Finder
) -> dict[str, Any]:
    """A stretch of a record's text, or of a page of its documents that has more of what was asked for."""
    page = None
    if finder.attaching.intersection(records):
        here = queries.found(f"{title}\n{said}", needed)
        if len(here) < len(needed):
            page = finder.best(records, needed, more_than=len(here))
    return {
        "snippet": snippet(page.text if page else said, queries.terms(needed)),
        "document": {"id": page.document, "title": page.title, "page": page.number} if page else None,
    }
