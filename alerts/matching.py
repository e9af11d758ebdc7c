"""Which watches a record is for: those whose search would find it. Pure.

Most watches are never looked at: each is found by words that a record must have for the search to find it, and only
those found so are held against the record, by `storage.search.query.matches` itself. What is chosen as such words can
therefore make this slow, but not wrong, as long as a hit surely has one of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from storage.search.query import All, Any, Expansion, Filter, Not, Term, matches, needs, number_key, terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from storage.search.query import Document, Node

Key = tuple[str, str]
"""What a record has: the name of the sort of it, and the folded words or the value itself."""

_WORD, _PAIR, _PREFIX, _NUMBER, _SOURCE, _KIND = "word", "pair", "prefix", "number", "source", "kind"
_COSTS = {_NUMBER: 1.0, _PAIR: 100.0, _SOURCE: 20.0, _WORD: 1000.0, _PREFIX: 2000.0, _KIND: 5000.0}
"""How common such a key is beside others: the rarer, the fewer watches are looked at in vain."""
_LETTERS = 6
"""Each letter of a word makes it rarer, by half, say; those after so many do not."""
_Choice = tuple[float, frozenset[Key]]
"""Keys of which a hit has one at least, and how common they are together."""


class Watched:
    """The trees of watches by id, kept so that those which match a record are found without asking each.

    It does not change: where a watch is added or removed, it is made again (some hundredths of a second for 10,000).
    """

    def __init__(self, trees: Mapping[str, Node]) -> None:
        self._ids = list(trees)
        places: defaultdict[Node, list[int]] = defaultdict(list)
        for place, tree in enumerate(trees.values()):
            places[tree].append(place)
        self._trees = list(places)
        self._places = list(places.values())
        self._always: list[int] = []
        by_key: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        choosing = _Choosing(self._trees)
        for number, tree in enumerate(self._trees):
            choice = choosing.necessary(tree)
            if choice is None:
                self._always.append(number)
            else:
                for sort, value in choice[1]:
                    by_key[sort][value].append(number)
        self._by_key = {sort: dict(some) for sort, some in by_key.items()}
        self._lengths = sorted({len(begin) for begin in self._by_key.get(_PREFIX, ())})

    def matching(self, document: Document) -> list[str]:
        """The ids of the watches whose search would find this record, in the order in which they were given."""
        candidates = set(self._always)
        for sort, watched in self._by_key.items():
            for value in watched.keys() & self._keys(sort, document):
                candidates.update(watched[value])
        found = [place for one in candidates if matches(self._trees[one], document) for place in self._places[one]]
        return [self._ids[place] for place in sorted(found)]

    def _keys(self, sort: str, document: Document) -> Iterable[str]:
        """All of a record's keys of one sort that a watch may be found by."""
        if sort == _WORD:
            return document.words
        if sort == _PAIR:
            return document.pairs
        if sort == _PREFIX:
            return {word[:length] for length in self._lengths for word in document.words if len(word) >= length}
        if sort == _NUMBER:
            return document.numbers
        if sort == _SOURCE:
            return {folder for source in document.sources for folder in _folders(source)}
        return (document.kind,)


def narrowed(tree: Node, *, sources: Sequence[str] = (), fields: Sequence[str] = ()) -> Node:
    """A watch's tree with its own narrowing: ids of sources or folders of them, and words of procedures' fields."""
    filters = [
        Any(tuple(Filter(name="source", value=one) for one in sources)),
        Any(tuple(Filter(name="field", value=one) for one in fields)),
    ]
    return All((tree, *(one for one in filters if one.parts)))


def _folders(source: str) -> Iterator[str]:
    """A source's id, and the folders that it lies in."""
    parts = source.split("/")
    return ("/".join(parts[: place + 1]) for place in range(len(parts)))


class _Choosing:
    """Chooses keys for trees, after a look at all of them: what many watches ask for is common, as a rule."""

    def __init__(self, trees: Iterable[Node]) -> None:
        self._uses = Counter(key for tree in trees for term in terms(needs(tree)) for key in _of_term(term))

    def necessary(self, tree: Node) -> _Choice | None:
        """Keys of which a record has at least one if it matches; None where none can be told."""
        match tree:
            case Term():
                return min(map(self._costly, _of_term(tree)), key=_cost)
            case Filter():
                return self._of_filter(tree)
            case Expansion():
                return self.necessary(Any((All(tree.typed), *(one.part for one in tree.also))))
            case All():
                told = [choice for part in tree.parts if (choice := self.necessary(part)) is not None]
                return min(told, key=_cost, default=None)
            case Any():
                choices = [self.necessary(part) for part in tree.parts]
                some = [choice for choice in choices if choice is not None]
                if len(some) < len(choices):
                    return None
                return sum(map(_cost, some)), frozenset[Key]().union(*(keys for _, keys in some))
            case Not():
                return None

    def _costly(self, key: Key) -> _Choice:
        sort, said = key
        return _COSTS[sort] * self._uses[key] / 2 ** min(len(said), _LETTERS), frozenset({key})

    def _of_filter(self, one: Filter) -> _Choice | None:
        """A number, a source or its folder, a kind; days and words of a field are no keys."""
        if isinstance(one.value, date) or one.name == "field":
            return None
        value = number_key(one.value) if one.name == "number" else one.value
        return _COSTS[one.name], frozenset({(one.name, value)})


def _cost(choice: _Choice) -> float:
    return choice[0]


def _of_term(term: Term) -> list[Key]:
    """Keys of any record that has the term: two syllables that stand together, else one, else how one begins."""
    whole = term.folded[:-1] if term.prefix else term.folded
    if len(whole) > 1:
        return [(_PAIR, f"{one} {other}") for one, other in pairwise(whole)]
    return [(_WORD, whole[0])] if whole else [(_PREFIX, term.folded[0])]
