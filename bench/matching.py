"""What it takes to find the watches that a new record is for, among many.

    python -m bench.matching [--watches 10000] [--articles 400] [--json]

Watches and articles are of the corpus of `bench.search`: two or three syllables that stand together somewhere (six
watches of ten), phrases in quotes, a word in one source, a choice, an exclusion, a beginning; one in five is of words
as they stand in any text, the others of what an article is about. Articles have some 370 syllables; every twentieth has
2,000. It prints milliseconds of CPU for one article on one core, from the words of its texts to the ids of the watches:
`words` is the making of the sets that watches are looked up by, `index` is all of it, `loop` asks `matches` for each
watch instead (of the same article, with its sets made). Both must find the same.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from alerts.matching import Watched
from bench.search import corpus
from scraper import text
from storage.search.language import parse
from storage.search.query import Document, matches, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from storage.search.query import Node

OF = 1_000_000
"""Articles of the corpus that watches and records are drawn from."""
LONG_EVERY, LONG = 20, 2_000
COMMON = 0.2
"""This part of all watches is of any words as they stand in a text: of the most common ones, mostly."""
BUILDS, FEW = 5, 300
COMPARED_EVERY = 8
"""The loop is asked for one article of so many."""


class Drawing:
    """Draws watches: what somebody might want to hear of."""

    def __init__(self) -> None:
        self._draw = random.Random("watches")

    def all(self, count: int) -> list[str]:
        """So many queries, mixed."""
        kinds: list[tuple[int, Callable[[], str]]] = [
            (35, self.two), (25, self.three), (15, self.phrase), (10, self.filtered), (5, self.choice),
            (5, self.without), (5, self.begun),
        ]  # fmt: skip
        weights = [weight for weight, _ in kinds]
        return [draw() for _, draw in self._draw.choices(kinds, weights, k=count)]

    def _words(self, count: int) -> list[str]:
        made = corpus.article(self._draw.randrange(OF), of=OF)
        if self._draw.random() < COMMON:
            words = [word for word in corpus.written(made.body) if word.isalpha()]
            place = self._draw.randrange(len(words) - count)
        else:
            words, place = corpus.written(made.title), 0  # a title begins with what the article is about
        return words[place : place + count]

    def two(self) -> str:
        """Two syllables."""
        return " ".join(self._words(2))

    def three(self) -> str:
        """Three syllables."""
        return " ".join(self._words(3))

    def phrase(self) -> str:
        """Two to four syllables in quotes, half of them without accents."""
        said = " ".join(self._words(self._draw.randint(2, 4)))
        return f'"{text.fold(said) if self._draw.random() < 0.5 else said}"'

    def filtered(self) -> str:
        """Two syllables in one source, or of one kind since a day."""
        if self._draw.random() < 0.5:
            return f"{self.two()} nguon:{self._draw.choice(corpus.SOURCES)}"
        return f"{self.two()} loai:tin tu:2020"

    def choice(self) -> str:
        """One of two."""
        return f"{self.two()} OR {self.phrase()}"

    def without(self) -> str:
        """Two syllables, and another one not."""
        return f"{self.two()} -{self._words(1)[0]}"

    def begun(self) -> str:
        """A syllable, and the beginning of the next."""
        first, second = self._words(2)
        return f"{first} {text.fold(second)[:3]}*" if len(second) > 2 else first


def record(number: int, *, long: bool) -> Document:
    """An article of the corpus as the search holds it."""
    made = corpus.article(number, of=OF)
    body = f"{made.summary}\n{made.body}"
    while long and len(tokens(body)) < LONG:
        number += 1
        body += "\n" + corpus.article(number, of=OF).body
    return Document(
        title=tokens(made.title), body=tokens(body), kind=made.kind, sources=[made.source],
        fields=[made.field] if made.field else [], published=made.published,
    )  # fmt: skip


def measure(queries: Sequence[str], records: Sequence[Document]) -> dict[str, Any]:
    """All figures; raises AssertionError where the two ways disagree."""
    trees: dict[str, Node] = {f"{place}": parse(query).tree for place, query in enumerate(queries)}
    few = dict(list(trees.items())[:FEW])
    watched = Watched(trees)
    words, index, loop, found = [], [], [], []
    for place, one in enumerate(records):
        about = replace(one)  # with nothing made yet
        words.append(_timed(lambda: (about.words, about.pairs))[0])  # noqa: B023 - called at once
        about = replace(one)
        spent, told = _timed(lambda: watched.matching(about))  # noqa: B023 - called at once
        index.append(spent)
        found.append(len(told))
        if place % COMPARED_EVERY == 0:
            spent, same = _timed(lambda: _looped(trees, about))  # noqa: B023 - called at once
            loop.append(spent)
            assert told == same, (told, same)
    return {
        "watches": len(trees),
        "different_trees": len(set(trees.values())),
        "articles": len(records),
        "build_ms": _best(lambda: Watched(trees)),
        "build_300_ms": _best(lambda: Watched(few)),
        "matching_watches": round(statistics.mean(found), 1),
        "words_ms": _spread(words),
        "index_ms": _spread(index),
        "loop_ms": _spread(loop),
    }


def _looped(trees: Mapping[str, Node], about: Document) -> list[str]:
    return [name for name, tree in trees.items() if matches(tree, about)]


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    done = work()
    return (time.process_time() - began) * 1000, done


def _best(work: Callable[[], Any]) -> float:
    return round(min(_timed(work)[0] for _ in range(BUILDS)), 2)


def _spread(spent: Sequence[float]) -> dict[str, float]:
    ordered = sorted(spent)
    return {
        "p50": round(statistics.median(ordered), 2),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
        "max": round(ordered[-1], 2),
    }


def main() -> None:
    """Prints the measurements, as lines or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--watches", type=int, default=10_000)
    parser.add_argument("--articles", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    draw = random.Random("records")
    numbers = [draw.randrange(OF) for _ in range(options.articles)]
    records = [record(number, long=place % LONG_EVERY == 0) for place, number in enumerate(numbers)]
    told = measure(Drawing().all(options.watches), records)
    if options.json:
        print(json.dumps(told, indent=2))
        return
    print(f"{told['watches']:,} watches ({told['different_trees']:,} different), {told['articles']} articles")
    print(f"made in {told['build_ms']} ms, 300 of them in {told['build_300_ms']} ms")
    print(f"watches that an article is for: {told['matching_watches']}")
    for name in ("words", "index", "loop"):
        row = told[f"{name}_ms"]
        print(f"{name}: {row['p50']}/{row['p95']}/{row['max']} ms (p50/p95/worst)")


if __name__ == "__main__":
    main()
