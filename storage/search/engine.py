"""A query's tree → what tantivy is asked. What is found is what `query.matches` says; the rest is the order of it.

Folded words must be there. Of a word that was typed with accents, exact hits come first, those without any accent next,
other accents last. Syllables that stand together count for more than scattered ones.
"""

from __future__ import annotations

import math
import re
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from tantivy import FieldType, Occur, Query

from storage.search import query as queries
from storage.search.index import CURSOR
from storage.search.query import All, Any, Expansion, Filter, Not, Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import tantivy

    from storage.search.query import FilterName, Node

Part = tuple[Occur, Query]

_TITLE = 3.0
"""What a word in the title counts beside one in the text."""
_PAIR_IN_TITLE = 2.0
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

    def tiers(self, tree: Node) -> list[Query]:
        """Parts of what `query` finds, the best first: any hit of one is better than all that only those after it have.

        The words in the title, and side by side; the words side by side anywhere; all of them with the accents that
        were typed. Each is less work than to rank all that is found.
        """
        parts = tree.parts if isinstance(tree, All) else (tree,)
        words = [part for part in parts if isinstance(part, Term)]
        others = [part for part in parts if not isinstance(part, Term)]
        if not words or not all(isinstance(part, Filter | Not) for part in others):
            return []
        pairs = list(_pairs(parts))
        also: list[Part] = [(Occur.Must, self._all(others))] if others else []
        also += [(Occur.Should, self._pair(*pair)) for pair in pairs]
        in_title, anywhere = [*also], [*also]
        for word in words:
            titled = self._titled(word, written=word.accented)
            in_title += [(Occur.Must, titled), *self._beside_title(word)]
            anywhere += [*self._said(word, written=word.accented), (Occur.Should, titled)]
        tiers = [in_title]
        if pairs:
            in_title.append((Occur.Must, self._any_beside("title_pairs", pairs)))
            tiers.append([*anywhere, (Occur.Must, self._any_beside("pairs", pairs))])
        if any(word.accented and not word.exactly for word in words):
            tiers.append(anywhere)
        return list(map(_boolean, tiers))

    def _beside_title(self, word: Term) -> Iterable[Part]:
        """What else must be so of a word that is in the title: of one syllable, nothing, but its weight counts."""
        if len(word.folded) > 1:
            return self._said(word, written=word.accented)
        return () if word.prefix else self._said(word, written=False)

    def _any_beside(self, field: str, pairs: Iterable[tuple[Term, Term]]) -> Query:
        """Some of the pairs."""
        return _unscored(
            _boolean((Occur.Should, self._beside(field, one.folded[0], other.folded[0])) for one, other in pairs)
        )

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
            told.append((Occur.Must, self._records()))
        return _boolean(told)

    def _records(self) -> Query:
        """Everything but the document that holds the cursor."""
        cursor = Query.term_query(self._schema, "id", CURSOR, "basic")
        return _boolean([(Occur.Must, Query.all_query()), (Occur.MustNot, cursor)])

    def _scored(self, term: Term) -> Iterator[Part]:
        """A term that must be there, and what makes a hit a better one.

        Where accents are looked at beside the hits of their own word, only there: a choice of all words' accents would
        have every place of each of them looked at.
        """
        said = list(self._said(term, written=term.exactly))
        if term.accented and not term.exactly:
            for accents, share in ((term.written, _EXACT), (term.folded, _UNACCENTED)):
                there = Query.const_score_query(self._written(accents, prefix=term.prefix), share * self._most(term))
                said = [(Occur.Must, _boolean([*said, (Occur.Should, there)]))]
        yield from said
        yield Occur.Should, self._titled(term, written=term.exactly)

    def _most(self, term: Term) -> float:
        """The most that a term can score without its accents: so much more makes any exact hit the better one."""
        return _MOST_OF_TIMES * (1 + _TITLE if term.prefix else sum(map(self._rare, term.folded)))

    def _rare(self, syllable: str) -> float:
        """How rare a syllable is in texts and in titles, by their weight."""
        return self._rarity("body", syllable) + _TITLE * self._rarity("title", syllable)

    def _rarity(self, field: str, token: str) -> float:
        """How rare a token of a field is, as BM25 reckons it."""
        often = self._searcher.doc_freq(field, token)
        return math.log(1 + max(self._searcher.num_docs - often + 0.5, 0.5) / (often + 0.5))

    def _said(self, term: Term, *, written: bool) -> Iterator[Part]:
        """A term anywhere in a record's texts, with just these accents if it is to be as `written`.

        A phrase is scored as if its syllables were looked for, not its pairs.
        """
        field, tokens = "body" if len(term.folded) == 1 else "pairs", _paired(term.folded)
        said = self._together(field, tokens, prefix=term.prefix)
        if len(term.folded) > 1 and not term.prefix:
            rare = sum(self._rarity("body", one) for one in term.folded)
            said = Query.boost_query(said, rare / sum(self._rarity("pairs", one) for one in tokens))
        yield Occur.Must, said
        if written:
            yield Occur.Must, _unscored(self._written(term.written, prefix=term.prefix))

    def _written(self, said: Sequence[str], *, prefix: bool) -> Query:
        """Syllables side by side with just these accents."""
        return self._together("written", said, prefix=prefix)

    def _together(self, field: str, said: Sequence[str], *, prefix: bool = False) -> Query:
        """Tokens side by side, of which the last may go on. None has a sign of a regex."""
        if prefix:
            begins = f"{said[-1]}.*"
            if len(said) == 1:
                return Query.regex_query(self._schema, field, begins)
            return Query.regex_phrase_query(self._schema, field, [*said[:-1], begins])
        if len(said) == 1:
            return Query.term_query(self._schema, field, said[0])
        return Query.phrase_query(self._schema, field, [*said])

    def _titled(self, term: Term, *, written: bool) -> Query:
        """A term in the title, near enough: that its syllables stand side by side there is seen two by two."""
        field, said = ("title_written", term.written) if written else ("title", term.folded)
        whole = len(said) - term.prefix
        told = [Query.term_query(self._schema, field, one) for one in said[:whole]]
        if term.prefix:
            told.append(self._together(field, said[-1:], prefix=True))
        told += [_unscored(self._beside("title_pairs", *pair)) for pair in pairwise(term.folded[:whole])]
        return Query.boost_query(_boolean((Occur.Must, one) for one in told), _TITLE)

    def _beside(self, field: str, one: str, other: str) -> Query:
        return Query.term_query(self._schema, field, f"{one}_{other}", "freq")

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
        titled = self._titled(part, written=part.exactly)
        there = _boolean([*self._said(part, written=part.exactly), (Occur.Should, titled)])
        said = Query.boost_query(there, min(weight / own, _MOST_BOOST))
        return _boolean([(Occur.Must, said), (Occur.Must, _constant(more))])

    def _own(self, number: Filter) -> Query:
        """A document's number in the title: the document itself, more likely than one that names it."""
        (term,) = (one for one in queries.needs(number) if isinstance(one, Term))
        return self._titled(term, written=False)

    def _pair(self, one: Term, other: Term) -> Query:
        """Two words side by side, and better so in the title."""
        pair = one.folded[0], other.folded[0]
        title = Query.boost_query(self._beside("title_pairs", *pair), _PAIR_IN_TITLE)
        return _boolean([(Occur.Should, title), (Occur.Should, self._beside("pairs", *pair))])

    def _filter(self, one: Filter) -> Query:
        if isinstance(one.value, date):
            return self._between([one])
        value = queries.number_key(one.value) if one.name == "number" else one.value
        if one.name == "field":
            said = [folded for folded, _ in queries.tokens(value)]
            return _unscored(self._together("field_words", said))
        here = Query.term_query(self._schema, _NAMES[one.name], value, "basic")
        if one.name == "source":
            below = Query.regex_query(self._schema, "source", re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value) + "/.*")
            here = _boolean([(Occur.Should, here), (Occur.Should, below)])
        return _unscored(here)

    def _between(self, days: Sequence[Filter]) -> Query:
        """The period that all of these days bound."""
        firsts = [queries.period(one.value)[0] for one in days if one.name == "from" and isinstance(one.value, date)]
        lasts = [queries.period(one.value)[1] for one in days if one.name == "to" and isinstance(one.value, date)]
        return self.published(max(firsts, default=None), min(lasts, default=None))

    def published(self, first: int | None, last: int | None) -> Query:
        """Published in a period, both ends included; in Unix time."""
        if first is None and last is None:
            return self._records()
        inside = Query.range_query(self._schema, "published", FieldType.Integer, first, last)
        return _unscored(inside)

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
        return _unscored(Query.term_set_query(self._schema, field, told))


def _constant(score: float) -> Query:
    return Query.const_score_query(Query.all_query(), score)


def _boolean(parts: Iterable[Part]) -> Query:
    return Query.boolean_query(list(parts))


def _unscored(query: Query) -> Query:
    return Query.const_score_query(query, 0.0)


def _paired(said: Sequence[str]) -> list[str]:
    """Adjacent syllables as the index has them, or the only one."""
    return [f"{one}_{other}" for one, other in pairwise(said)] or list(said)


def _pairs(parts: Sequence[Node]) -> Iterator[tuple[Term, Term]]:
    """Adjacent words of one syllable each, if they are not too many."""
    flat = [one for part in parts for one in (part.typed if isinstance(part, Expansion) else (part,))]
    alone = [one if isinstance(one, Term) and len(one.folded) == 1 and not one.prefix else None for one in flat]
    if len(alone) - alone.count(None) > _PAIRS_UP_TO:
        return
    for one, other in pairwise(alone):
        if one is not None and other is not None:
            yield one, other
