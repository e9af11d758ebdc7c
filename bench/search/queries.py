"""The 200 queries that are timed, drawn from the corpus, each with what the same question is to SQLite.

Every class is what people do: they ask for rare names and for common words, paste a title, page on. Words are typed
with accents, so that exact hits are preferred.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.search import corpus
from scraper import text
from storage.search.answer import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage.search.answer import Searcher

SAMPLE = 1_000
"""Articles that tell how common a word is."""
COMMON, USUAL = 0.1, 0.01
DEEP = "page 10"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A query, and as `match` the same one for SQLite.

    `exact` says that both must count the same, `start` is how many hits stand on the pages before this one.
    """

    kind: str
    question: Question
    match: str
    source: str | None = None
    years: tuple[int, int] | None = None
    start: int = 0
    exact: bool = True


class Drawing:
    """Draws queries from a corpus of so many articles."""

    def __init__(self, articles: int) -> None:
        self._draw = random.Random("queries")
        self._articles = articles
        counted: Counter[str] = Counter()
        for _ in range(SAMPLE):
            counted.update(set(corpus.written(self._article().body)))
        common = [word for word, count in counted.items() if count >= COMMON * SAMPLE and word.isalpha()]
        self._common = sorted(common)
        self._usual = {word for word, count in counted.items() if word.isalpha() and count >= USUAL * SAMPLE}

    def _article(self) -> corpus.Made:
        return corpus.article(self._draw.randrange(self._articles), of=self._articles)

    def _words(self) -> list[str]:
        """A run of words as some article has them, numbers left out."""
        words = [word for word in corpus.written(self._article().body) if word.isalpha()]
        return words[self._draw.randrange(40, len(words) - 60) :]

    def all(self) -> list[Asked]:
        """Two hundred, class by class."""
        classes: list[tuple[int, Callable[[], Asked]]] = [
            (20, self.rare), (25, self.common), (25, self.two), (25, self.three), (25, self.phrase), (20, self.prefix),
            (25, self.filtered), (15, self.nothing), (10, self.deep), (10, self.title),
        ]  # fmt: skip
        return [draw() for count, draw in classes for _ in range(count)]

    def rare(self) -> Asked:
        """A syllable that hardly any article has, or a document's number: a phrase of its parts."""
        if self._draw.random() < 0.5:
            return _words_asked("rare word", [self._draw.choice(corpus.syllables()[-2_000:])])
        number = self._draw.randrange(self._articles)
        typed = corpus.document_number(number)
        return _asked("rare word", typed, f'"{corpus.folded(typed)}"')

    def common(self) -> Asked:
        """A word that a tenth of all articles have, or more."""
        return _words_asked("common word", [self._draw.choice(self._common)])

    def two(self) -> Asked:
        """Two words that stand together somewhere, as most queries of two syllables do."""
        return _words_asked("two words", self._words()[:2])

    def three(self) -> Asked:
        """Three words of one article, the last one away from the others."""
        words = self._words()
        return _words_asked("three words", [*words[:2], words[30]])

    def phrase(self) -> Asked:
        """Two or three words in quotes; with accents, so that fewer are found than SQLite finds."""
        words = self._words()[: self._draw.choice((2, 3))]
        said = " ".join(words)
        bare = self._draw.random() < 0.5
        typed = text.fold(said) if bare else said
        return _asked("phrase", f'"{typed}"', f'"{corpus.folded(said)}"', exact=bare)

    def prefix(self) -> Asked:
        """The beginning of a word, or a word and the beginning of the next one, as somebody types."""
        words = [word for word in self._words() if len(word) > 3]
        begun = text.fold(words[0])[: self._draw.choice((3, 4))]
        if self._draw.random() < 0.5:
            return _asked("prefix", f"{begun}*", f"{begun}*")
        other = words[1]
        return _asked("prefix", f"{other} {begun}*", f"{_quoted([other])} {begun}*")

    def filtered(self) -> Asked:
        """A usual word in one source or some years, filters typed into the box, newest first."""
        word = next(word for word in self._words() if word in self._usual)
        match = _quoted([word])
        if self._draw.random() < 0.5:
            source = self._draw.choice(corpus.SOURCES[:100])
            question = Question(typed=f"{word} nguon:{source}", sort="newest")
            return Asked(kind="filter, newest", question=question, match=match, source=source)
        first = self._draw.randrange(2016, 2024)
        question = Question(typed=f"{word} tu:{first} den:{first + 1}", sort="newest")
        return Asked(kind="filter, newest", question=question, match=match, years=(first, first + 1))

    def nothing(self) -> Asked:
        """Common words, and one that is nowhere."""
        return _words_asked("no match", [*self._words()[:2], "xyzwq"])

    def deep(self) -> Asked:
        """The tenth page of a common word's hits; `deepened` gives it its cursor."""
        return replace(self.common(), kind=DEEP)

    def title(self) -> Asked:
        """A whole title, pasted."""
        title = self._article().title
        return _asked("pasted title", title, _quoted(corpus.written(title)))


def deepened(asked: Sequence[Asked], searcher: Searcher) -> list[Asked]:
    """The same queries, with those for a tenth page taken there, page by page, as a reader comes to it."""
    return [_tenth(one, searcher) if one.kind == DEEP else one for one in asked]


def _tenth(asked: Asked, searcher: Searcher) -> Asked:
    question = asked.question
    for page in range(1, 10):
        cursor = searcher.search(question)["next_cursor"]
        if cursor is None:
            break
        question = replace(question, cursor=cursor)
        asked = replace(asked, question=question, start=page * question.limit)
    return asked


def _words_asked(kind: str, words: list[str]) -> Asked:
    return _asked(kind, " ".join(words), _quoted(words))


def _asked(kind: str, typed: str, match: str, *, exact: bool = True) -> Asked:
    return Asked(kind=kind, question=Question(typed=typed), match=match, exact=exact)


def _quoted(words: list[str]) -> str:
    return " ".join(f'"{corpus.folded(word)}"' for word in words)
