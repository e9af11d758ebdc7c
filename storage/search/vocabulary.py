"""Other words for what was typed: abbreviations of the administration, both ways, and names from before 2025. Pure.

Two data files say them: `data/abbreviations.toml` and `data/renamed.toml` (docs/words.md tells how to add to them).
What was typed agrees with an entry if it has the entry's marks or fewer (`thu tuc`, `thủ tuc`), never other ones
(`thủ túc`). An abbreviation with several readings stands for each of them, and none of them stands for it. A new name
stands for the old ones too; an old name is just itself.
"""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from storage.search.query import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

FOLDER = Path(__file__).parent / "data"

Kind = Literal["abbreviation", "renamed"]

_PROVINCE, *_CITY = _UNITS = ("tỉnh", "thành phố", "TP")
"""What may stand before a province's name; some of the provinces of 2025 have become cities since."""
_SHORT = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """Other words for some of what was typed; they stand together.

    `said` is how people write them. `since` and `source` (the number of the law) are known of a new name.
    """

    said: str
    folded: tuple[str, ...]
    written: tuple[str, ...]
    kind: Kind
    since: date | None = None
    source: str = ""
    strict: bool = False

    @property
    def exactly(self) -> bool:
        """Whether only the written form says it: as few letters as `NĐ` has are others with a mark more or less."""
        return self.strict or sum(map(len, self.folded)) <= _SHORT


@dataclass(frozen=True, kw_only=True, slots=True)
class Expansion:
    """The alternatives of the syllables from `start` to before `end` of those that were given."""

    start: int
    end: int
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """A form that is looked for in what was typed, and what stands for it; `strict` ones need all their marks."""

    written: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    strict: bool = False


def expansions(syllables: Sequence[tuple[str, str]]) -> tuple[Expansion, ...]:
    """What else stands for parts of a run of adjacent words, given as `tokens` gives them; none overlaps another.

    The longest name at each place counts, from left to right. Words that must stand exactly as they are (a quoted
    phrase) are the caller's business: they should not be asked about.

    >>> [[other.said for other in one.alternatives] for one in expansions(tokens("công bố TTHC"))]
    [['thủ tục hành chính']]
    """
    names, longest = _names()
    found: list[Expansion] = []
    place = 0
    while place < len(syllables):
        for width in range(min(longest, len(syllables) - place), 0, -1):
            some = syllables[place : place + width]
            alternatives = _of(names.get(tuple([folded for folded, _ in some]), ()), [written for _, written in some])
            if alternatives:
                found.append(Expansion(start=place, end=place + width, alternatives=alternatives))
                place += width - 1
                break
        place += 1
    return tuple(found)


def _of(names: Iterable[Name], typed: Sequence[str]) -> tuple[Alternative, ...]:
    """The alternatives of all names that agree with what was typed, each once."""
    told: dict[tuple[str, ...], Alternative] = {}
    for name in names:
        if all(
            one == other if name.strict else _agrees(one, other) for one, other in zip(typed, name.written, strict=True)
        ):
            for other in name.alternatives:
                told.setdefault(other.written, other)
    return tuple(told.values())


@lru_cache(maxsize=1 << 14)
def _agrees(typed: str, meant: str) -> bool:
    """Whether a syllable has the letters of another, and no mark that the other has not at that place."""
    if typed == meant:
        return True
    some, all_ = _letters(typed), _letters(meant)
    return len(some) == len(all_) and all(
        letter == other and marks <= others for (letter, marks), (other, others) in zip(some, all_, strict=True)
    )


def _letters(syllable: str) -> list[tuple[str, set[str]]]:
    letters: list[tuple[str, set[str]]] = []
    for character in unicodedata.normalize("NFD", syllable):
        if unicodedata.combining(character) and letters:
            letters[-1][1].add(character)
        elif character == "đ":
            letters.append(("d", {character}))
        else:
            letters.append((character, set()))
    return letters


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A full name and its abbreviations, as the data file has them."""

    full: str
    short: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Renamed:
    """A name of today (of a province: without the word for its kind), and whole names that it had before.

    `common` are old names that, without the word for their kind, are other words too.
    """

    name: str
    was: tuple[str, ...]
    since: date
    source: str
    unit: str = ""
    common: tuple[str, ...] = ()

    @property
    def bare(self) -> tuple[str, ...]:
        """The old names of a province that say it without the word for its kind."""
        names = [old.removeprefix(f"{_PROVINCE} ") for old in self.was] if self.unit else []
        return tuple(name for name in names if name not in self.common)


@cache
def groups() -> tuple[Group, ...]:
    """The abbreviations, in the order of their file."""
    told = _read("abbreviations")
    return tuple(Group(full=full, short=tuple(short)) for part in told.values() for full, short in part.items())


@cache
def renamed() -> tuple[Renamed, ...]:
    """The names that changed, in the order of their file."""
    listed = [one for part in _read("renamed").values() for one in part]
    return tuple(Renamed(**{**one, "was": tuple(one["was"]), "common": tuple(one.get("common", ()))}) for one in listed)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


@cache
def _names() -> tuple[dict[tuple[str, ...], tuple[Name, ...]], int]:
    """All names by their folded syllables, and how many syllables the longest has."""
    found: dict[tuple[str, ...], list[Name]] = {}
    for name, folded in [*_abbreviated(), *_changed()]:
        found.setdefault(folded, []).append(name)
    return {folded: tuple(names) for folded, names in found.items()}, max(map(len, found))


def _abbreviated() -> Iterator[tuple[Name, tuple[str, ...]]]:
    for group in groups():
        sure = [short for short in group.short if not _is_shared(short)]
        for said in (*_spelled(group.full), *group.short):
            others = [group.full] if _is_shared(said) else [*forms(group.full), *sure]
            yield _name(said, [_alternative(other, "abbreviation") for other in others])


@cache
def ambiguous() -> frozenset[tuple[str, ...]]:
    """The abbreviations that more than one full name has, as syllables."""
    fulls: dict[tuple[str, ...], set[str]] = {}
    for group in groups():
        for short in group.short:
            fulls.setdefault(_written(short), set()).add(group.full)
    return frozenset(short for short, several in fulls.items() if len(several) > 1)


def _changed() -> Iterator[tuple[Name, tuple[str, ...]]]:
    for one in renamed():
        was = [
            _alternative(form, "renamed", since=one.since, source=one.source) for old in one.was for form in forms(old)
        ]
        was += [_alternative(bare, "renamed", since=one.since, source=one.source, strict=True) for bare in one.bare]
        for unit in _UNITS if one.unit else ():
            own = [] if unit == _PROVINCE else [_alternative(f"{city} {one.name}", "abbreviation") for city in _CITY]
            yield from (_name(form, [*own, *was]) for form in forms(f"{unit} {one.name}"))
        if not one.unit:
            own = [_alternative(form, "abbreviation") for form in forms(one.name)]
            yield from (_name(form, [*own, *was]) for said in _spelled(one.name) for form in forms(said))
        elif len(tokens(one.name)) > 1:
            yield _name(one.name, was, strict=True)


def forms(name: str) -> tuple[str, ...]:
    """A name, and the same with its end, as much as a full name says, abbreviated in each way that is unambiguous.

    >>> forms("Sở Tư pháp"), forms("Sở Tài nguyên và Môi trường")
    (('Sở Tư pháp',), ('Sở Tài nguyên và Môi trường', 'Sở TN&MT', 'Sở TNMT'))
    """
    lower = f" {name.lower()}"
    inside = [group for group in groups() if lower.endswith(f" {group.full.lower()}")]
    short = [name[: -len(group.full)] + short for group in inside for short in group.short if not _is_shared(short)]
    return (name, *short)


def _spelled(name: str) -> tuple[str, ...]:
    """A full name, and as many write it: without its "và"."""
    return tuple(dict.fromkeys((name, name.replace(" và ", " "))))


def _is_shared(short: str) -> bool:
    return _written(short) in ambiguous()


def _written(said: str) -> tuple[str, ...]:
    return tuple(written for _, written in tokens(said))


def _name(said: str, others: Sequence[Alternative], *, strict: bool = False) -> tuple[Name, tuple[str, ...]]:
    folded, written = zip(*tokens(said), strict=True)
    kept = tuple(other for other in others if other.written != written)
    return Name(written=written, alternatives=kept, strict=strict), folded


def _alternative(
    said: str, kind: Kind, *, since: date | None = None, source: str = "", strict: bool = False
) -> Alternative:
    folded, written = zip(*tokens(said), strict=True)
    return Alternative(said=said, folded=folded, written=written, kind=kind, since=since, source=source, strict=strict)
