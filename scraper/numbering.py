"""Finds the numbers of documents in a text, character by character, and gives them their normal form.

How a number is made up: see `scraper.legal`, which hands out what is found here.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scraper.abbreviations import TYPE_NAMES, TYPES, WORDS, flat, is_party, issuer_of, known_issuer, plain, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DIGITS = r"(?P<number>[0-9]{1,3}\.[0-9]{3}(?=[ ]?/)|[0-9]{1,8}(?:\.[0-9]{1,2}(?=/))?(?:bis|[a-zA-Z](?![a-zA-Z]))?)"
_YEAR = r"(?P<year>(?:19|20)[0-9]{2}(?![0-9])|[4-9][0-9](?=/))"
_TYPE = re.compile(rf"(?P<type>{TYPE_NAMES})(?=[^a-z&đ]|[a-zđ]{{2}}|$)", re.IGNORECASE)

# Where a number may begin: not inside another number, date, standard (QCVN 102:2016/BTTTT) or address. It may follow
# a letter at once, because text that a machine has flattened lost the space (…quốc gia118/2025/NĐ-CP); it may even
# follow a year (…giai đoạn 2026-203016/2026/QĐ-UBND).
_BEGIN = r"(?:(?<![0-9])(?<![0-9][-/.:_])(?<!/)|(?<=20[0-9]{2}-)(?=20[0-4][0-9]{2,5}/))"
_BODY = rf"{_DIGITS}(?:[ ]?[-/][ ]?{_YEAR})?(?P<joint>[ ]?\.?[ ]?/{{1,2}}[ ]?|[ ]?-[ ]?|_|[ ]?)(?=[A-Za-zĐđ])"
_HEAD = re.compile(_BEGIN + _BODY)
_RUN = re.compile("[0-9]+")  # numbers begin where one begins: a search for them would try every letter of a text
_GLUED_HEAD = re.compile(_BODY)
_TURNED = re.compile(
    r"(?P<type>QĐ|QD|NĐ|ND|TT|TB|KH|CT|NQ)(?<![A-Za-zĐđ]..)(?:[ ]?[-/][ ]?)?(?P<number>[0-9]{1,6}[a-z]?)"
    r"(?:/(?P<year>20[0-9]{2}))?-(?=[A-ZĐ])"
)
# A number whose issuer only the words beside it say, if any do: "Nghị định 63/2010", "NĐ 108-2007", "Quyết định số 15".
_WORDED = re.compile(
    rf"{_BEGIN}(?P<number>[0-9]{{1,5}}[a-z]?)(?:[ ]?[-/][ ]?{_YEAR})?(?![-/.,]?[0-9A-Za-zĐđ]|[ ]?/|[ ]?%)"
)

_WORD = "|".join(word.replace(" ", " ?").replace("d", "[dđ]") for word in sorted(WORDS, key=len, reverse=True))
_WORD_BEGINS = r"(?:(?<![A-Za-zĐđ])|(?=[A-ZĐ][a-zđ]))"  # again, flattened text may have lost the space before it
_BEFORE = re.compile(
    rf"(?:{_WORD_BEGINS}(?P<word>(?i:{_WORD})) ?[:-]? ?)?(?P<so>{_WORD_BEGINS}(?i:so|no)(?i: hieu)? ?[.:]{{0,2}} ?)?\Z"
)
# What such words end with: most numbers have none before them, and a look tells.
_SO = ("so", "no", "hieu")
_BEFORE_ENDS = (*_SO, *{flat(word).split()[-1] for word in WORDS})
_AFTER_WORDS = " .:-"
_LONGEST_END = 16  # and what may stand between it and the number
_TYPE_BY_WORD = {word.replace(" ", ""): kind for word, kind in WORDS.items()}
_TEMPLATE = re.compile(r"(?<![a-z])(?:mau(?: don)?|bieu mau|bieu|phu luc|to khai|phieu|bang ke|form)(?: so)? ?:? ?\Z")
# "các Quyết định số 12, 13 và 14/QĐ-UBND": the bare numbers share the ending of the last.
_SERIES = re.compile(r"(?<![a-z])so:? ?(?P<series>(?:[0-9]{1,5}[a-z]? ?(?:,|;|va(?= )) ?){1,20})\Z")
_LOOK_BACK = 32
_FLATTENED_YEAR = re.compile(r"(?:nam |[0-9]{4} ?- ?)\Z")

_UPPER = re.compile(r"[A-ZĐ&]*(?:[dđrghyv](?=[A-ZĐ]|(?![A-Za-zĐđ]))[A-ZĐ&]*)*")
_LOWER = re.compile(r"[a-zđ][a-zđ&]*[a-zđ]")
_ASSEMBLY = re.compile(r"(?:UBTV)?QH(?:1[0-9]|[1-9])", re.IGNORECASE)
_BUREAU = re.compile(r"[A-ZĐ]{1,3}[0-9]{1,3}(?![0-9/A-Za-zĐđ])")
_BEFORE_ISSUER = re.compile(r"[ ]?[-/._][ ]?|[ ](?=[A-ZĐ]{2})")
_BEFORE_UNIT = re.compile(r"(?:[ ]?-|-[ ]?|\.|[ ]?_)(?=[A-Za-zĐđ])")
_EDGE = ("", "\n")  # a number alone on its line is a cell of a table
_ONSET = re.compile(r"(?:NGH|NG|NH|TH|TR|PH|KH|GH|CH|GI|QU|[BCDĐGHKLMNPRSTVX])?[AEIOUY]{0,2}$")
_OLD_STYLE = frozenset({"CP", "TTg", "HĐBT", "HĐCP", "CTN"})  # until 1997 their numbers had no type: 64/CP
_JOINT_TYPES = frozenset({"TTLT", "TTLB", "NQLT"})
DAY = (
    r"(?:[0-9]{1,2}[ ]?/[ ]?[0-9]{1,2}[ ]?/[ ]?[0-9]{4}|[0-9]{1,2}[ ]?-[ ]?[0-9]{1,2}[ ]?-[ ]?[0-9]{4}"
    r"|[0-9]{1,2}[ ]?\.[ ]?[0-9]{1,2}[ ]?\.[ ]?[0-9]{4}|[0-9]{1,2}[ ]?thang[ ]?[0-9]{1,2}[ ]?,?[ ]?nam[ ]?[0-9]{4})"
)
"""A whole day in a flat text, for `dates.parse` to read."""

_DECREES_ALONE_SINCE = 1993  # before it the Council of Ministers (HĐBT) issued decrees, too


@dataclass(frozen=True, slots=True)
class Page:
    """A text in the three forms that are read side by side: a place in one is the same place in the others."""

    text: str
    plain: str
    flat: str


def page(text: str) -> Page:
    """The forms of a text that has been made clean."""
    as_plain = plain(text)
    return Page(text, as_plain, as_plain.lower().replace("đ", "d"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A number found: it stands from `start` to `end`, words before it (Quyết định số) included.

    `number` is as typed, `issuers` are the abbreviations that follow the type ("BCA", "C06"). `in_number` says that
    the type is part of the number and not of the words alone.
    """

    start: int
    end: int
    number: str
    year: int | None = None
    type: str | None = None
    issuers: tuple[str, ...] = ()
    in_number: bool = True

    @property
    def kind(self) -> str | None:
        """The type of the document, where what stands in the number says more than that."""
        return "QĐ" if self.type == "QĐCB" else self.type

    @property
    def issuer(self) -> str | None:
        """Who issued it: the first abbreviation, or all of a joint document; the others are units that drafted it."""
        return "-".join(self.issuers if self.type in _JOINT_TYPES else self.issuers[:1]) or None

    @property
    def normal(self) -> str | None:
        """The one form for all ways to write this number; None where nobody is said to have issued it."""
        found = re.match("([0-9]+)(.*)", self.number)
        assert found
        running = f"{int(found[1]):02d}{found[2].lower()}"
        if self.type == "QĐCB" and not self.issuers:
            return f"{running}/QĐCB"
        if not self.issuers:
            return None
        year = f"/{self.year}" if self.year else ""
        issuers = "-".join(self.issuers)
        if not self.in_number:
            return f"{running}{year}/{issuers}"
        if is_party(self.issuers[0]):
            return f"{running}{year}-{self.type}/{issuers}"
        return f"{running}{year}/{self.type}-{issuers}"


def find(text: Page, *, field: bool = False) -> list[Hit]:
    """The numbers of a text, in its order. A field that holds nothing else is trusted with less."""
    runs = [run.start() for run in _RUN.finditer(text.plain)]
    hits = [one for hit in _heads(text, runs, field=field) for one in (*_series(text, hit), hit)]
    worded = filter(None, (_WORDED.match(text.plain, begin) for begin in runs))
    for candidates, read in ((_TURNED.finditer(text.plain), _turned), (worded, _worded)):
        starts, ends = [hit.start for hit in hits], [hit.end for hit in hits]
        for found in candidates:
            following = bisect_right(starts, found.start())
            free = (not following or ends[following - 1] <= found.start()) and (
                following == len(starts) or found.end() <= starts[following]
            )
            if free and (hit := read(text, found)):
                hits.append(hit)
        hits.sort(key=lambda hit: hit.start)
    return hits


def _heads(text: Page, runs: Sequence[int], *, field: bool) -> Iterator[Hit]:
    at, glued = 0, False
    while True:
        following = (_HEAD.match(text.plain, begin) for begin in runs[bisect_left(runs, at) :])
        found = (_GLUED_HEAD.match(text.plain, at) if glued else None) or next(filter(None, following), None)
        if not found:
            return
        hit = _tail(text, found, field=field)
        if hit:
            yield hit
        at, glued = (hit.end, True) if hit else (found.end("number"), False)


def _series(text: Page, last: Hit) -> Iterator[Hit]:
    begin = max(0, last.start - 4 * _LOOK_BACK)
    found = _SERIES.search(text.flat[begin : last.start])
    if not found or last.type is None or _words(text, begin + found.start("series")).type != last.type:
        return
    for digits in re.finditer("[0-9]+[a-z]?", found["series"]):
        start = begin + found.start("series") + digits.start()
        yield replace(last, start=start, end=start + len(digits[0]), number=digits[0])


@dataclass(frozen=True, slots=True)
class _Words:
    """What stands before a number: the words begin at `start`; `so` is "số"; `type` is the abbreviation for them."""

    start: int
    word: str | None
    type: str | None
    so: bool


def _follows(text: Page, at: int, ends: tuple[str, ...]) -> bool:
    return text.flat[max(0, at - _LONGEST_END) : at].rstrip(_AFTER_WORDS).endswith(ends)


def _words(text: Page, at: int) -> _Words:
    begin = max(0, at - _LOOK_BACK)
    if not _follows(text, at, _BEFORE_ENDS):
        return _Words(at, None, None, so=False)
    found = _BEFORE.search(text.plain[begin:at])
    assert found
    word = flat(found["word"] or "").replace(" ", "")
    return _Words(begin + found.start(), word or None, _TYPE_BY_WORD.get(word), bool(found["so"]))


def _tail(text: Page, head: re.Match[str], *, field: bool) -> Hit | None:
    joint = head["joint"].strip()
    if not joint and not _TYPE.match(text.plain, head.end()) and not _follows(text, head.start(), _SO):
        return None  # as most numbers: "12 tháng", "5 xã"
    start, digits = head.start(), _digits(text, head)
    if digits is None:
        return None
    start += len(head["number"]) - len(digits) if "." not in head["number"] else 0
    if _TEMPLATE.search(text.flat[max(0, start - _LOOK_BACK) : start]):
        return None
    words = _words(text, start)
    number = digits.replace(".", "") if re.fullmatch(r"[0-9]{1,3}\.[0-9]{3}", digits) else digits
    base = Hit(start=words.start, end=head.end(), number=number, year=_year(head["year"]))
    hit = _typed(text, base, joint, words, field=field)
    of_assembly = base.year and joint == "-" and _ASSEMBLY.match(text.plain, head.end())  # 06/2022-QH15
    if hit is None and ("/" in joint or joint == "_" or (joint == "" and words.so) or of_assembly):
        return _untyped(text, base, words, joint, field=field)
    return hit


def _digits(text: Page, head: re.Match[str]) -> str | None:
    """The running number, freed of the year of the text that a flattened page glued to it ("năm 20223510/QĐ-…")."""
    number = head["number"]
    if len(number) <= 5 or not number.isdigit():
        return number
    glued = re.fullmatch("20[0-4][0-9]([0-9]{1,4})", number)
    if glued and _FLATTENED_YEAR.search(text.flat[max(0, head.start() - 8) : head.start()]):
        return glued[1]
    return number if len(number) == 6 else None


def _year(typed: str | None) -> int | None:
    return None if typed is None else int(typed) + (1900 if len(typed) == 2 else 0)


def _typed(text: Page, base: Hit, joint: str, words: _Words, *, field: bool) -> Hit | None:
    """A number with its type: 1234/QĐ-UBND, 180-KH/TU."""
    found = _TYPE.match(text.plain, base.end)
    kind = found and type_of(found["type"])
    if not found or not kind:
        return None
    between = _BEFORE_ISSUER.match(text.plain, found.end())
    issuers: tuple[str, ...] = ()
    end = found.end()
    if between:
        if joint in ("-", "") and "/" not in between[0] and not field and not (words.so and joint == ""):
            return None
        issuers, end = _issuers(text, between.end(), field=field)
        end = end if issuers else found.end()
    elif text.plain[end : end + 1].isalpha():
        whole, _ = _issuers(text, base.end, field=field)
        issuers, end = _issuers(text, end, field=field)
        if (whole and known_issuer(whole[0])) or not (issuers and known_issuer(issuers[0])):
            return None
    elif joint != "/" and not field:
        return None
    if found["type"].islower() and not (issuers and known_issuer(issuers[0])) and not field:
        return None
    if not issuers and kind != "QĐCB":
        if kind == "NĐ" and (base.year or 0) >= _DECREES_ALONE_SINCE:
            issuers = ("CP",)
        elif not (words.so or words.word or base.year or field):
            return None
    return replace(base, end=end, type=kind, issuers=issuers)


def _untyped(text: Page, base: Hit, words: _Words, joint: str, *, field: bool) -> Hit | None:
    """A number without a type: official letters (4836/SNV-TCBC), laws (104/2016/QH13)."""
    issuers, end = _issuers(text, base.end, field=field)
    if not issuers or type_of(issuers[0]):
        return None
    of_assembly = bool(_ASSEMBLY.fullmatch(issuers[0]))
    known = known_issuer(issuers[0]) or of_assembly
    if (
        words.type in TYPES
        and known
        and not of_assembly
        and (base.year or (len(issuers) == 1 and issuers[0] not in _OLD_STYLE))
    ):
        return replace(base, end=end, type=words.type, issuers=issuers)  # the words say what the number should
    if base.year and not of_assembly:
        return None
    alone = text.plain[max(0, base.start - 1) : base.start] in _EDGE and text.plain[end : end + 1] in _EDGE
    letter = words.word is not None and words.type is None
    sure = (
        (of_assembly and base.year)
        or (known and len(issuers) > 1)
        or (known and (words.so or words.word))
        or (words.so and len(issuers) > 1)
        or letter
        or (known and alone)
    )
    if joint == "" and not (known and len(issuers) > 1):
        return None
    if not sure and not field:
        return None
    return replace(base, end=end, type=words.type, issuers=issuers, in_number=False)


def _issuers(text: Page, at: int, *, field: bool) -> tuple[tuple[str, ...], int]:
    """The abbreviations from a place on, parted by hyphens, and where they end."""
    first, end = _abbreviation(text, at, shortest=2, field=field)
    if not first:
        return (), at
    names = [first]
    while between := _BEFORE_UNIT.match(text.plain, end):
        unit, after = _abbreviation(text, between.end(), shortest=1, field=field)
        if not unit or (between[0] != "-" and len(unit) < 2):
            break
        names.append(unit)
        end = after
    return tuple(names), end


def _abbreviation(text: Page, at: int, *, shortest: int, field: bool) -> tuple[str, int]:
    if found := _ASSEMBLY.match(text.plain, at):
        return found[0].upper(), found.end()
    if found := _BUREAU.match(text.plain, at):
        return found[0], found.end()
    found = _UPPER.match(text.plain, at)
    assert found
    name = _unglued(text, found)
    if not name and (lower := _LOWER.match(text.plain, at)) and (field or known_issuer(lower[0])):
        return issuer_of(lower[0]), lower.end()
    if len(name.strip("&")) < shortest:
        return "", at
    return issuer_of(name), at + len(name)


def _unglued(text: Page, run: re.Match[str]) -> str:
    """An abbreviation without the next word, where a flattened text left no space between (NĐ-CPLuật, NHNNTHÔNG TƯ)."""
    name = run[0]
    for place, character in enumerate(text.text[run.start() : run.end()]):
        if character != "Ư" and name[place] in "AEIOUY" and unicodedata.decomposition(character):
            return _ONSET.sub("", name[:place])
    following = text.plain[run.end() : run.end() + 1]
    if following.isalpha() and not known_issuer(name):
        name = name[:-1]
    if name.endswith("BAN") and text.flat.startswith(" hanh", run.end()):
        name = name[:-3]
    return name.rstrip("&")


def _turned(text: Page, found: re.Match[str]) -> Hit | None:
    """A number typed the wrong way round: QĐ/0001-BCA, QĐ2338-BTP."""
    issuers, end = _issuers(text, found.end(), field=False)
    if not issuers or not known_issuer(issuers[0]):
        return None
    base = Hit(start=found.start(), end=end, number=found["number"], year=_year(found["year"]))
    return replace(base, end=end, type=type_of(found["type"]), issuers=issuers)


def _worded(text: Page, found: re.Match[str]) -> Hit | None:
    """A number of which words say the type, and nothing says the issuer; but a decree is always the Government's."""
    words = _words(text, found.start())
    year = _year(found["year"])
    if words.type is None or not (words.so or year):
        return None
    if not words.so and len(found["number"]) == 4 and found["number"][:2] in ("19", "20"):  # kế hoạch 2021-2022
        return None
    issuers = ("CP",) if words.type == "NĐ" and (year or 0) >= _DECREES_ALONE_SINCE else ()
    base = Hit(start=words.start, end=found.end(), number=found["number"], year=year)
    return replace(base, end=found.end(), type=words.type, issuers=issuers)
