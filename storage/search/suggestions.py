"""What was probably meant where a search finds nothing: "có phải bạn muốn tìm …". Reads the index only.

Each word that the index does not know, or knows but never beside its neighbours, may be one slip away from another
(`slips`), written together with its neighbour, or parted at the wrong place. Of all ways to read the words the
likeliest are kept (a beam search): few slips, pairs that often stand together, common words. The first of them that
finds something is the suggestion, with its marks as the best hit has them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import log2
from typing import TYPE_CHECKING, Any, Protocol

from scraper import text
from storage.search import slips
from storage.search.query import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOST_WORDS = 32
MOST_TRIED = 3
"""How many readings are tried in the index: each costs a search."""
MOST_LOOKED_UP = 4_000
"""Terms that are looked up in the index for one suggestion, at about a microsecond each."""

_BEAM = 12
_MOST_READINGS = 10
_MOST_DOUBTED = 8
_UNKNOWN = 24.0
"""What a word costs that the index does not know: more than a slip, but it may be in a choice that has another side."""
_TOGETHER = 2
_LONGEST_TEXT = 20_000
_WORDS, _PAIRS = "body", "pairs"
_QUOTES = re.compile('["\u201c\u201d\u201e\u00ab\u00bb]')


class Terms(Protocol):
    """What is asked of the index: how many documents have a term. A `tantivy.Searcher` is one."""

    def doc_freq(self, field_name: str, field_value: Any, /) -> int:
        """The number of documents that have a term in a field."""
        ...


def suggest(typed: str, words: Sequence[text.Syllable], terms: Terms, best: Callable[[str], str | None]) -> str | None:
    """The text that was typed with its slips mended; None if nothing likely is found.

    `words` are those of `typed` that may be changed (`scraper.text.syllables`; no filters, and nothing that is to be
    left out); all other characters stay. `best` searches for a text and gives what its best hit says (title and body),
    or None if there is no hit; it is called at most MOST_TRIED times and once more.
    """
    words = [word for word in words if tokens(word.text)][:MOST_WORDS]
    if not words:
        return None
    counts = _Counts(terms)
    exactly = _QUOTES.search(typed) is not None
    tried = {typed}
    gaps = [not typed[one.end : other.start].strip() for one, other in pairwise(words)]
    for path in _likeliest(words, gaps, counts):
        plain = _put(typed, words, path, [_unmarked(step) if exactly else step.hints for step in path])
        if plain in tried:
            continue
        if len(tried) > MOST_TRIED:
            return None
        tried.add(plain)
        found = best(plain)
        if found is None:
            continue
        marked = _put(typed, words, path, _as_written(words, path, found[:_LONGEST_TEXT]))
        return marked if marked == plain or (marked != typed and best(marked) is not None) else plain
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """A reading of the words from `start` to before `end`: syllables, folded; and how they may be written."""

    start: int
    end: int
    folded: tuple[str, ...]
    hints: tuple[str, ...]
    cost: float


@dataclass(slots=True)
class _Counts:
    """How many articles have a word, or a pair of adjacent ones; each is looked up once, and not without end."""

    terms: Terms
    _known: dict[str, int] = field(default_factory=dict)

    def word(self, folded: str) -> int:
        return self._of(folded, _WORDS)

    def pair(self, one: str, other: str) -> int:
        return self._of(f"{one}_{other}", _PAIRS)

    def _of(self, term: str, field_name: str) -> int:
        count = self._known.get(term)
        if count is None:
            if len(self._known) >= MOST_LOOKED_UP:
                return 0
            count = self._known[term] = self.terms.doc_freq(field_name, term)
        return count


def _unmarked(step: _Step) -> tuple[str, ...]:
    """A step's syllables without marks, which a quoted phrase would insist on; those that had none as they are."""
    pairs = zip(step.folded, step.hints, strict=True)
    return tuple([hint if text.clean(hint).isascii() else folded for folded, hint in pairs])


def _likeliest(words: Sequence[text.Syllable], gaps: Sequence[bool], counts: _Counts) -> list[tuple[_Step, ...]]:
    """The readings of all words, the likeliest first. `gaps` tells where nothing but space is between two."""
    steps = _steps(words, gaps, counts)
    beams: list[list[tuple[float, tuple[_Step, ...]]]] = [[(0.0, ())], *([] for _ in words)]
    for start in range(len(words)):
        for score, path in _kept(beams[start]):
            for step in steps[start]:
                beams[step.end].append((score + _likelihood(path, step, counts), (*path, step)))
    return [path for _, path in _kept(beams[-1])]


def _kept(beam: list[tuple[float, tuple[_Step, ...]]]) -> list[tuple[float, tuple[_Step, ...]]]:
    return sorted(beam, key=lambda one: (-one[0], [step.folded for step in one[1]]))[:_BEAM]


def _likelihood(path: tuple[_Step, ...], step: _Step, counts: _Counts) -> float:
    before = path[-1].folded[-1:] if path else ()
    pairs = sum(log2(1 + counts.pair(one, other)) for one, other in pairwise((*before, *step.folded)))
    rare = sum(log2(1 + counts.word(one)) for one in step.folded) / 4
    lost = sum(_UNKNOWN for one in step.folded if not counts.word(one))
    return pairs + rare - lost - step.cost


def _steps(words: Sequence[text.Syllable], gaps: Sequence[bool], counts: _Counts) -> list[list[_Step]]:
    """For each word the readings that begin with it; those of doubtful ones may be others than the words typed."""
    typed = tuple([tokens(word.text)[0][0] for word in words])
    doubtful = _doubtful(typed, counts)
    steps: list[list[_Step]] = []
    for place, (word, folded) in enumerate(zip(words, typed, strict=True)):
        here = [_Step(start=place, end=place + 1, folded=(folded,), hints=(word.text,), cost=0.0)]
        if place in doubtful and not folded.isdigit():
            here += _readings(place, word.text, folded, counts)
        if place < len(gaps) and gaps[place] and {place, place + 1} & doubtful:
            here += _together(place, words, typed, counts)
        steps.append(here)
    return steps


def _doubtful(typed: tuple[str, ...], counts: _Counts) -> set[int]:
    """The places of words that the index does not know, or not beside any neighbour; all of a few if there are none."""
    beside = [counts.pair(one, other) > 0 for one, other in pairwise(typed)]
    unknown = [place for place, word in enumerate(typed) if not counts.word(word)]
    around = enumerate(zip([False, *beside], [*beside, False], strict=True))
    alone = [place for place, pairs in around if not any(pairs) and place not in unknown]
    return set((unknown + alone or range(len(typed)))[:_MOST_DOUBTED])


def _readings(place: int, written: str, folded: str, counts: _Counts) -> list[_Step]:
    """What one word may have been meant to be, the commonest of the likely."""
    cheapest: dict[tuple[str, ...], tuple[float, tuple[str, ...]]] = {}
    keys = slips.decoded(written)
    if keys:
        cheapest[(text.fold(keys),)] = (slips.KEYS, (keys,))
    for other, cost in slips.slips(folded):
        known = cheapest.get((other,))
        likely = slips.is_syllable(other) if keys else slips.is_likely(other)
        if likely and (known is None or cost < known[0]):
            cheapest[(other,)] = (cost, (other,))
    for way in slips.parted(folded):
        cheapest.setdefault(way, (slips.GAP * (len(way) - 1), _cut(written, way)))
    return _best(place, place + 1, cheapest, counts)


def _together(place: int, words: Sequence[text.Syllable], typed: tuple[str, ...], counts: _Counts) -> list[_Step]:
    """Two words that are one, or that should have been parted at another place."""
    pair = typed[place : place + 2]
    joined = "".join(pair)
    ways: list[tuple[str, ...]] = [(joined,)] if slips.is_syllable(joined) else []
    ways += [way for way in slips.parted(joined) if way != pair]
    written = words[place].text + words[place + 1].text
    return _best(place, place + 2, {way: (slips.GAP * len(way), _cut(written, way)) for way in ways}, counts)


def _cut(written: str, way: tuple[str, ...]) -> tuple[str, ...]:
    """Letters as they were typed, in pieces as long as the syllables of a way."""
    letters = text.clean(written).lower()
    if len(letters) != sum(map(len, way)):
        return way
    ends = list(accumulate(map(len, way)))
    return tuple([letters[start:end] for start, end in pairwise([0, *ends])])


def _best(
    start: int, end: int, readings: dict[tuple[str, ...], tuple[float, tuple[str, ...]]], counts: _Counts
) -> list[_Step]:
    known = []
    for folded, (cost, hints) in readings.items():
        least = min(map(counts.word, folded))
        if least:
            step = _Step(start=start, end=end, folded=folded, hints=hints, cost=cost)
            known.append((log2(1 + least) - cost, step))
    return [step for _, step in sorted(known, key=lambda one: (-one[0], one[1].folded))[:_MOST_READINGS]]


def _put(typed: str, words: Sequence[text.Syllable], path: Iterable[_Step], said: Iterable[Sequence[str]]) -> str:
    """What was typed, with other words in the places of those that a path reads."""
    parts: list[str] = []
    place = 0
    for step, forms in zip(path, said, strict=True):
        first, last = words[step.start], words[step.end - 1]
        parts += [typed[place : first.start], " ".join(forms)]
        place = last.end
    return "".join(parts) + typed[place:]


def _as_written(words: Sequence[text.Syllable], path: Sequence[_Step], found: str) -> list[list[str]]:
    """The syllables of a path as a text has them where most of them stand together.

    The others: as they were typed with marks, if the text has them so anywhere; or else as it has them most.
    """
    wanted = [syllable for step in path for syllable in step.folded]
    said = [(text.fold(one.text), text.clean(one.text).lower()) for one in text.syllables(found)]
    common: dict[str, Counter[str]] = {}
    for folded, written in said:
        common.setdefault(folded, Counter())[written] += 1
    start, at, width = _longest_run(wanted, [folded for folded, _ in said])
    together = {start + place: said[at + place][1] for place in range(width if width >= _TOGETHER else 0)}
    told: list[list[str]] = []
    place = 0
    for step in path:
        forms = []
        for folded, hint in zip(step.folded, step.hints, strict=True):
            seen = common.get(folded, Counter())
            same = [form for form in seen if not hint.isascii() and text.exact(form) == text.exact(hint)]
            usual = max(same or seen, key=lambda form: (seen[form], form), default=hint)
            forms.append(_cased(together.get(place, usual), words[step.start].text))
            place += 1
        told.append(forms)
    return told


def _longest_run(wanted: Sequence[str], said: Sequence[str]) -> tuple[int, int, int]:
    """The longest run of wanted words that stands in a text: its place among these, its place there, its length."""
    places: dict[str, list[int]] = {}
    for at, one in enumerate(wanted):
        places.setdefault(one, []).append(at)
    longest = (0, 0, 0)
    lengths: dict[int, int] = {}
    for at, one in enumerate(said):
        lengths = {place: lengths.get(place - 1, 0) + 1 for place in places.get(one, ())}
        for place, length in lengths.items():
            if length > longest[2]:
                longest = (place - length + 1, at - length + 1, length)
    return longest


def _cased(form: str, typed: str) -> str:
    if len(typed) > 1 and typed.isupper():
        return form.upper()
    return form.capitalize() if typed[:1].isupper() else form
