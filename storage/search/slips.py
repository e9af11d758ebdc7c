"""What a mistyped Vietnamese word may have been meant to be: slips of the hand, of the ear, and of the keyboard. Pure.

A Vietnamese keyboard that is switched off leaves its keys in the text. Telex: `aa ee oo` are â ê ô, `w` makes ă ơ ư,
`dd` is đ, and `s f r x j` are the tones. VNI: 1 to 5 are the tones, 6 is the circumflex, 7 the horn, 8 the breve, 9 the
bar of đ. Both may come at the end of the word.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from scraper import text
from storage.search.query import tokens
from storage.search.vocabulary import groups

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 24
"""Letters of a word that is looked into; all that Vietnamese writes together is much shorter."""
_LONGEST_EDITED = 12
_FOREIGN = 6
"""Letters of a word from which it may be a foreign one; a shorter one that is no syllable is hardly any word."""

NEAR, EAR, FAR, GAP, KEYS = 4.0, 4.0, 6.0, 3.0, 1.0
"""What a slip costs, in halvings of likelihood: a key beside, a sound alike, another key, a space, a keyboard off."""

_ONSET = "(?:ngh|ng|nh|gh|gi|kh|ph|qu|th|tr|ch|[bcdghklmnpqrstvx])?"
_NUCLEUS = (
    "(?:ieu|yeu|oai|oay|oeo|uay|uoi|uou|uya|uye|uyu"
    "|ai|ao|au|ay|eo|eu|ia|ie|iu|oa|oe|oi|oo|ua|ue|ui|uo|uu|uy|ye|[aeiou])"
)
_SYLLABLE = re.compile(f"{_ONSET}(?:{_NUCLEUS}(?:ch|ng|nh|[ckmnpt])?|y)")

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _neighbours() -> frozenset[tuple[str, str]]:
    """The letters beside and below each other on a keyboard; each lower row stands half a key to the right."""
    beside = {pair for row in _ROWS for pair in pairwise(row)}
    for upper, lower in pairwise(_ROWS):
        for place, letter in enumerate(lower):
            beside |= {(letter, above) for above in upper[place : place + 2]}
    return frozenset(beside | {(other, one) for one, other in beside})


_BESIDE = _neighbours()
_ONSETS_ALIKE = (
    ("ch", "tr"), ("s", "x"), ("d", "gi"), ("d", "r"), ("gi", "r"), ("d", "v"), ("gi", "v"), ("l", "n"),
    ("c", "k"), ("g", "gh"), ("ng", "ngh"), ("k", "qu"),
)  # fmt: skip
_ENDS_ALIKE = (("n", "ng"), ("n", "nh"), ("c", "t"), ("c", "ch"), ("i", "y"))


def is_syllable(folded: str) -> bool:
    """Whether a word without marks has the shape of a Vietnamese syllable.

    >>> [is_syllable(word) for word in ("nghieng", "tuc", "tjc", "thutuc")]
    [True, True, False, False]
    """
    return _SYLLABLE.fullmatch(folded) is not None


def is_likely(folded: str) -> bool:
    """Whether a word without marks can be anything: a syllable, a part of an abbreviation, or a foreign word."""
    return len(folded) >= _FOREIGN or is_syllable(folded) or folded in _abbreviations()


@cache
def _abbreviations() -> frozenset[str]:
    return frozenset(one for group in groups() for short in group.short for one, _ in tokens(short))


def slips(folded: str) -> Iterator[tuple[str, float]]:
    """Words one slip away from a folded word, with what the slip costs; a word may come more than once.

    A key that stands for a tone in Telex or VNI, left at the end, is no slip of its own.
    """
    if not 0 < len(folded) <= _LONGEST_EDITED:
        return
    if len(folded) > 2 and (folded[-1] in _TELEX_TONES or folded[-1] in _VNI_TONES):
        yield from ((other, cost + KEYS) for other, cost in _slips(folded[:-1]))
    yield from _slips(folded)


def _slips(folded: str) -> Iterator[tuple[str, float]]:
    yield from _alike(folded)
    for place in range(len(folded)):
        before, here, after = folded[:place], folded[place], folded[place + 1 :]
        doubled = after.startswith(here) or before.endswith(here)
        yield before + after, NEAR if doubled else FAR
        if after and after[0] != here:
            yield before + after[0] + here + after[1:], NEAR
        for letter in _LETTERS:
            if letter != here:
                yield before + letter + after, NEAR if (here, letter) in _BESIDE else FAR
    for place in range(len(folded) + 1):
        for letter in _LETTERS:
            yield folded[:place] + letter + folded[place:], FAR - 1


def _alike(folded: str) -> Iterator[tuple[str, float]]:
    """The same sound spelled otherwise, or the sound that another region hears as the same."""
    for pair in _ONSETS_ALIKE:
        for one, other in (pair, pair[::-1]):
            if folded.startswith(one):
                yield other + folded[len(one) :], EAR
    for pair in _ENDS_ALIKE:
        for one, other in (pair, pair[::-1]):
            if folded.endswith(one):
                yield folded[: -len(one)] + other, EAR


def parted(folded: str, *, most: int = 24) -> list[tuple[str, ...]]:
    """The ways in which letters written together are two or more syllables; the fewest syllables first.

    >>> parted("thutuc")
    [('thu', 'tuc'), ('thut', 'uc')]
    """
    if not 2 < len(folded) <= LONGEST:
        return []
    ways: list[list[tuple[str, ...]]] = [[()]]
    for end in range(1, len(folded) + 1):
        here = [
            (*way, folded[start:end])
            for start in range(max(0, end - 7), end)
            if ways[start] and is_syllable(folded[start:end])
            for way in ways[start]
        ]
        ways.append(sorted(here, key=lambda way: (len(way), way))[:most])
    return [way for way in ways[-1] if len(way) > 1]


_TELEX_TONES = {"f": "\u0300", "s": "\u0301", "x": "\u0303", "r": "\u0309", "j": "\u0323", "z": ""}
_VNI_TONES = {"2": "\u0300", "1": "\u0301", "4": "\u0303", "3": "\u0309", "5": "\u0323", "0": ""}
_TONE = re.compile(f"[{''.join(_TELEX_TONES.values())}]")
_CIRCUMFLEX, _HORN, _BREVE = (dict(zip(*pair, strict=True)) for pair in (("aeo", "âêô"), ("ou", "ơư"), ("a", "ă")))


def decoded(word: str) -> str | None:
    """The syllable that the keys of Telex or VNI in a word stand for; None if there are none, or it is no syllable.

    >>> [decoded(word) for word in ("tujc", "DDINHJ", "tho6ng", "vietej", "nguowif", "thur", "thu")]
    ['tục', 'định', 'thông', 'việt', 'người', 'thủ', None]
    """
    raw = text.exact(word)
    if not 1 < len(raw) <= _LONGEST_EDITED:
        return None
    letters, tone, used = _typed(raw)
    if not used or not is_syllable(text.fold("".join(letters))):
        return None
    if letters[-2:] == ["ư", "ơ"]:
        letters[-2] = "u"  # thuở, huơ: "ươ" never ends a syllable
    if tone is not None:
        letters = [_TONE.sub("", unicodedata.normalize("NFD", letter)) for letter in letters]
        letters[next(at for at, letter in enumerate(letters) if _is_vowel(letter))] += tone
    return text.exact("".join(letters))


def _typed(raw: str) -> tuple[list[str], str | None, bool]:
    """The letters that the keys make, the tone if a key says it, and whether any key of Telex or VNI was there."""
    letters: list[str] = []
    tone = None
    used = False
    for key in raw:
        toned = _TELEX_TONES.get(key, _VNI_TONES.get(key))
        if toned is not None and any(map(_is_vowel, letters)):
            tone = toned
        elif not _marked(letters, key):
            letters.append(key)
            continue
        used = True
    return letters, tone, used


def _marked(letters: list[str], key: str) -> bool:
    """Puts the mark of a key on the letters that it is for; whether there were any."""
    if key in "d9" and letters[:1] == ["d"]:
        letters[0] = "đ"
        return True
    if key in "w7" and "".join(letters[-3:]).find("uo") >= 0:
        at = "".join(letters).rfind("uo")
        letters[at : at + 2] = ["ư", "ơ"]
        return True
    marks = (
        {key: _CIRCUMFLEX[key]} if key in _CIRCUMFLEX
        else _BREVE | _HORN if key == "w"
        else {"6": _CIRCUMFLEX, "7": _HORN, "8": _BREVE}.get(key, {})
    )  # fmt: skip
    for at in range(len(letters) - 1, -1, -1):
        if letters[at] in marks:
            letters[at] = marks[letters[at]]
            return True
    if key == "w":
        letters.append("ư")
        return True
    return False


def _is_vowel(letter: str) -> bool:
    return text.fold(letter) in tuple("aeiouy")
