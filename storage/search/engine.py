"""A query's tree → what tantivy is asked. What is found is what `query.matches` says; the rest is the order of it.

Folded words must be there. Of a word that was typed with accents, exact hits come first, those without any accent next,
other accents last. Syllables that stand together count for more than scattered ones.
"""

from __future__ import annotations

import math
import re
from datetime import date
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from tantivy import FieldType, Occur, Query

from storage.search import query as queries
from storage.search.query import All, Any, Expansion, Filter, Not, Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import tantivy

    from storage.search.query import FilterName, Node

Part = tuple[Occur, Query]

_FIELDS = {"title": 3.0, "body": 1.0, "documents": 0.5}
_PAIRED = frozenset({"title", "body"})
"""Texts whose pairs of adjacent syllables are indexed."""
_PAIRS_UP_TO = 6
"""A pasted title of many syllables gains nothing from pairs and costs half as much again."""
_EXACT, _UNACCENTED = 1.0, 0.5
"""Of the most that a word can score: what a hit gets for the typed accents, or for none."""
_MOST_OF_TIMES = 2.2
"""What BM25 gives at most for a word's rarity, however often it stands there and however short the text."""
_OTHER_WORDS = 0.9
_MOST_BOOST = 4.0
_TOGETHER = 1000
"""Records that are asked for by id together."""
_NAMES: dict[FilterName, str] = {"source": "source", "kind": "kind", "number": "numbers"}


class Engine:
    """Makes queries for one state of the index."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self._schema = schema
        self._searcher = searcher

    def query(self, tree: Node) -> Query:
        """Finds what the tree says, and scores it."""
        match tree:
            case Term():
                return _boolean(self._scored(tree))
            case Any():
                return _boolean([(Occur.Should, self.query(part)) for part in tree.parts])
            case Expansion() | All():
                return self._all(tree.parts if isinstance(tree, All) else (tree,))
            case Filter() | Not():
                return self._all((tree,))

    def exact(self, tree: Node) -> Query | None:
        """The same with the accents as they were typed, where that makes a difference: the best hits, for less work.

        Any of its hits is a better one than those that `query` finds besides.
        """
        parts = tree.parts if isinstance(tree, All) else (tree,)
        words = [part for part in parts if isinstance(part, Term)]
        others = [part for part in parts if not isinstance(part, Term)]
        if any(part.prefix for part in words) or not any(part.accented and not part.exactly for part in words):
            return None
        if not all(isinstance(part, Filter | Not) for part in others):
            return None
        told: list[Part] = [(Occur.Must, self._anywhere(part, written=part.accented)) for part in words]
        told += [(Occur.Should, self._pair(*pair)) for pair in _pairs(parts)]
        if others:
            told.append((Occur.Must, self._all(others)))
        return _boolean(told)

    def _all(self, parts: Sequence[Node]) -> Query:
        told: list[Part] = []
        days = [part for part in parts if isinstance(part, Filter) and isinstance(part.value, date)]
        if days:
            told.append((Occur.Must, self._between(days)))
        for part in parts:
            if isinstance(part, Not):
                told.append((Occur.MustNot, self.query(part.part)))
            elif isinstance(part, Term):
                told += self._scored(part)
            elif isinstance(part, Expansion):
                told.append((Occur.Must, self._expansion(part)))
            elif isinstance(part, All | Any):
                told.append((Occur.Must, self.query(part)))
            elif part not in days:
                told.append((Occur.Must, self._filter(part)))
                if part.name == "number":
                    told.append((Occur.Should, self._own(part)))
        told += [(Occur.Should, self._pair(*pair)) for pair in _pairs(parts)]
        if all(occur == Occur.MustNot for occur, _ in told):
            told.append((Occur.Must, Query.all_query()))
        return _boolean(told)

    def _scored(self, term: Term) -> Iterator[Part]:
        """A term that must be there, and what makes a hit a better one."""
        yield Occur.Must, self._anywhere(term, written=term.exactly)
        if term.accented and not term.exactly:
            most = self._most(term)
            exact = Query.const_score_query(self._anywhere(term, written=True), _EXACT * most)
            bare = Term(folded=term.folded, written=term.folded, prefix=term.prefix)
            unaccented = Query.const_score_query(self._anywhere(bare, written=True), _UNACCENTED * most)
            yield Occur.Should, Query.disjunction_max_query([exact, unaccented])

    def _most(self, term: Term) -> float:
        """The most that a term can score without its accents: so much more makes any exact hit the better one."""
        return _MOST_OF_TIMES * (sum(_FIELDS.values()) if term.prefix else sum(map(self._rare, term.folded)))

    def _rare(self, syllable: str) -> float:
        """How rare a syllable is, in all fields by their weight."""
        return sum(boost * self._rarity(name, syllable) for name, boost in _FIELDS.items())

    def _rarity(self, field: str, token: str) -> float:
        """How rare a token of a field is, as BM25 reckons it."""
        often = self._searcher.doc_freq(field, token)
        return math.log(1 + max(self._searcher.num_docs - often + 0.5, 0.5) / (often + 0.5))

    def _anywhere(self, term: Term, *, written: bool) -> Query:
        return _boolean(
            (Occur.Should, Query.boost_query(self._within(name, term, written=written), boost))
            for name, boost in _FIELDS.items()
        )

    def _within(self, name: str, term: Term, *, written: bool) -> Query:
        """A term in a text. Adjacent syllables are tokens too, and cheaper than a look at where they stand."""
        said = term.written if written else term.folded
        field = f"{name}_written" if written else name
        if name not in _PAIRED or len(said) == 1 or term.prefix:
            return self._together(field, said, prefix=term.prefix)
        pairs = [f"{one}_{other}" for one, other in pairwise(term.folded)]
        if len(pairs) == 1 and not written:  # scored as the phrase would be
            weight = sum(self._rarity(name, syllable) for syllable in said) / self._rarity(f"{name}_pairs", pairs[0])
            return Query.boost_query(Query.term_query(self._schema, f"{name}_pairs", pairs[0], "freq"), weight)
        there = [Query.term_query(self._schema, f"{name}_pairs", pair, "basic") for pair in pairs]
        narrowed: list[Part] = [(Occur.Must, Query.const_score_query(one, 0.0)) for one in there]
        return _boolean([*narrowed, (Occur.Must, self._together(field, said))])

    def _together(self, field: str, said: Sequence[str], *, prefix: bool = False) -> Query:
        """Syllables that stand together in a field. They are letters and digits, so that none has a sign of a regex."""
        if prefix:
            begins = f"{said[-1]}.*"
            if len(said) == 1:
                return Query.regex_query(self._schema, field, begins)
            return Query.regex_phrase_query(self._schema, field, [*said[:-1], begins])
        if len(said) == 1:
            return Query.term_query(self._schema, field, said[0])
        return Query.phrase_query(self._schema, field, list(said))

    def _expansion(self, one: Expansion) -> Query:
        """What was typed or other words for it; a document with both is hardly better.

        BM25 would have a phrase of four words weigh more than its abbreviation, or less: the others are brought to the
        weight of what was typed, with what that gets for its accents.
        """
        typed = _boolean(part for term in one.typed for part in self._scored(term))
        weight = sum(self._rare(word) for term in one.typed for word in term.folded)
        accents = sum(_EXACT * self._most(term) for term in one.typed if term.accented and not term.exactly)
        also = [self._also(other.part, weight * _OTHER_WORDS, accents * _OTHER_WORDS) for other in one.also]
        return Query.disjunction_max_query([typed, *also], tie_breaker=0.1)

    def _also(self, part: Term | Filter, weight: float, more: float) -> Query:
        if isinstance(part, Filter):
            return _boolean([(Occur.Must, self._filter(part)), (Occur.Must, _constant(weight + more))])
        own = sum(map(self._rare, part.folded))
        said = Query.boost_query(self._anywhere(part, written=part.exactly), min(weight / own, _MOST_BOOST))
        return _boolean([(Occur.Must, said), (Occur.Must, _constant(more))])

    def _own(self, number: Filter) -> Query:
        """A document's number in the title: the document itself, more likely than one that names it."""
        (term,) = (one for one in queries.needs(number) if isinstance(one, Term))
        return Query.boost_query(self._together("title", term.folded), _FIELDS["title"])

    def _pair(self, one: str, other: str) -> Query:
        pair = f"{one}_{other}"
        title = Query.boost_query(Query.term_query(self._schema, "title_pairs", pair, "freq"), 2.0)
        return _boolean(
            [(Occur.Should, title), (Occur.Should, Query.term_query(self._schema, "body_pairs", pair, "freq"))]
        )

    def _filter(self, one: Filter) -> Query:
        if isinstance(one.value, date):
            return self._between([one])
        value = queries.number_key(one.value) if one.name == "number" else one.value
        if one.name == "field":
            said = [folded for folded, _ in queries.tokens(value)]
            return Query.const_score_query(self._together("field_words", said), 0.0)
        here = Query.term_query(self._schema, _NAMES[one.name], value, "basic")
        if one.name == "source":
            below = Query.regex_query(self._schema, "source", re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value) + "/.*")
            here = _boolean([(Occur.Should, here), (Occur.Should, below)])
        return Query.const_score_query(here, 0.0)

    def _between(self, days: Sequence[Filter]) -> Query:
        """The period that all of these days bound."""
        firsts = [queries.period(one.value)[0] for one in days if one.name == "from" and isinstance(one.value, date)]
        lasts = [queries.period(one.value)[1] for one in days if one.name == "to" and isinstance(one.value, date)]
        return self.published(max(firsts, default=None), min(lasts, default=None))

    def published(self, first: int | None, last: int | None) -> Query:
        """Published in a period, both ends included; in Unix time."""
        if first is None and last is None:
            return Query.all_query()
        inside = Query.range_query(self._schema, "published", FieldType.Integer, first, last)
        return Query.const_score_query(inside, 0.0)

    def among(self, tree: Node, records: Sequence[str]) -> set[str]:
        """Those of these records that the tree finds."""
        found: set[str] = set()
        for start in range(0, len(records), _TOGETHER):
            some = self.one_of("id", records[start : start + _TOGETHER])
            wanted = _boolean([(Occur.Must, some), (Occur.Must, Query.const_score_query(self.query(tree), 0.0))])
            hits = self._searcher.search(wanted, limit=_TOGETHER, count=False).hits
            found.update(str(self._searcher.doc(address)["id"][0]) for _, address in hits)
        return found

    def one_of(self, field: str, values: Sequence[str | int]) -> Query:
        """One of these values is the field's."""
        told = [one.encode("utf-8", "replace").decode() if isinstance(one, str) else one for one in values]
        return Query.const_score_query(Query.term_set_query(self._schema, field, told), 0.0)


def _constant(score: float) -> Query:
    return Query.const_score_query(Query.all_query(), score)


def _boolean(parts: Iterable[Part]) -> Query:
    return Query.boolean_query(list(parts))


def _pairs(parts: Sequence[Node]) -> Iterator[tuple[str, str]]:
    """Adjacent words of one syllable each, if they are not too many."""
    flat = [one for part in parts for one in (part.typed if isinstance(part, Expansion) else (part,))]
    alone = [
        one.folded[0] if isinstance(one, Term) and len(one.folded) == 1 and not one.prefix else None for one in flat
    ]
    if len(alone) - alone.count(None) > _PAIRS_UP_TO:
        return
    for _, some in groupby(alone, key=lambda word: word is None):
        for one, other in pairwise(some):
            if one is not None and other is not None:
                yield one, other
