"""Numbers of legal documents and codes of procedures, read from single fields and from running text.

A number is made of a running number, for legal norms the year, the type's abbreviation and the issuer's: Decree
30/2020/NĐ-CP, appendix I, part II, item 3 (administrative documents: 1234/QĐ-UBND; official letters: 4836/SNV-TCBC) and
Law 64/2025/QH15 with Decree 78/2025/NĐ-CP (legal norms: 01/2022/TT-BNV, 104/2016/QH13). Codes are those of the national
database of procedures. Nothing here raises, and nothing is read that is not there: what cannot be understood stays as
it was written, with the reason.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from scraper import dates
from scraper.abbreviations import TYPE_NAMES, WORDS, flat, issuer_of, known_issuer, type_of
from scraper.items import DocumentNumber
from scraper.numbering import DAY, Hit, Page, find, page
from scraper.text import clean, clean_lines, fold

if TYPE_CHECKING:
    from datetime import date

_DAY = re.compile(
    r"(?:[ ]cua[ ][^;.,\n()0-9]{2,100}[ ](?=ngay[ ])|[ ,(-]{0,4}(?:(?:ban hanh|ky)[ ])?)(?:ngay[ ]){0,2}"
    rf"(?P<day>{DAY})(?![0-9/])\)?"
)
# News put the day first: "Ngày 28/02/2025, Chủ tịch UBND tỉnh đã ký ban hành Quyết định số …".
_ISSUED = re.compile(
    rf"ngay[ ](?P<day>{DAY}),?[ ][^;.\n0-9]{{3,110}}[ ](?:ban hanh|ky|co)[ ](?:[a-z]+[ ]){{0,6}}(?:so[ ]?:?[ ]?)?\Z"
)
_FARTHEST_DAY = 200
# A letterhead: "Số: 3218/QĐ-UBND", and beside or under it "Quảng Bình, ngày 18 tháng 11 năm 2024".
_PLACE = re.compile(r"[ |]*\n?[ |]*[^,;.\n|0-9]{3,40}, ?(?=ngay )")
_BEFORE_TITLE = re.compile(r"[ ]?[,:-]?[ ]?(?:cua (?P<who>[^;.\n()0-9]{2,160}))?")
_STARTS = (
    *("về việc", "v/v", "về", "quy định", "ban hành", "phê duyệt", "hướng dẫn", "sửa đổi", "công bố", "bãi bỏ"),
    *("thay thế", "đính chính", "chấp thuận", "thành lập", "kiện toàn"),
)
_LONGEST_START = max(map(len, _STARTS))
_START = re.compile(rf"(?<![a-z])(?:{'|'.join(map(flat, _STARTS))})(?![a-z])")
_CLAUSE = re.compile(r"[^;\n]{3,600}?(?=[ -]*(?:[;\n]|$|[.…]+(?:/\.)?(?:[ \n]|$)| xem (?:tai|chi tiet|file)))")
_OPENING = " (“\"'‘["

_ISSUER = r"(?P<issuer>[A-ZĐ][A-ZĐ&]+(?:[-._][A-ZĐ&]+[0-9]*)*)"
_NAMES = TYPE_NAMES.upper()
_TYPE_WORDS = "|".join(sorted(WORDS, key=len, reverse=True)).upper().replace("D", "[DĐ]")
_LABEL = rf"(?:(?:{_TYPE_WORDS})[ ]?)?(?:(?:SO|NO)(?: HIEU)?[ ]?[.:]{{0,2}}[ ]?)?"
_NUMBER = r"(?P<number>[0-9]{1,6}[A-Z]?)(?:[ ]?[-/_][ ]?(?P<year>(?:19|20)[0-9]{2}))?"
_BETWEEN = r"[ ./_-]+"
# How people type a field when they do not type a number: parts in any order, any sign between them, file names.
_WORD_FIRST = re.compile(rf"(?P<type>{_NAMES})[ ./_-]*(?:SO[ :]*)?{_NUMBER}(?:{_BETWEEN}{_ISSUER})?")
_LOOSE = [
    re.compile(rf"{_LABEL}{_NUMBER}[ ./_-]*(?P<type>{_NAMES})(?:{_BETWEEN}{_ISSUER})?"),
    _WORD_FIRST,
    re.compile(rf"(?P<type>{_NAMES}){_BETWEEN}{_ISSUER}(?:[ ]SO[ :]*|{_BETWEEN}){_NUMBER}"),
    re.compile(rf"{_LABEL}{_NUMBER}[ /_-]+(?P<type>){_ISSUER}"),
]
_UNNUMBERED = re.compile(rf"(?:[^0-9]{{0,20}}[^0-9A-ZĐ])?(?P<type>{_NAMES})[-/. ]+{_ISSUER}")
_BARE = re.compile(rf"(?:(?P<word>[^0-9.:]{{2,30}}?)[ :.-]*)?(?:(?<![A-Z])(?:SO|NO)[ ]?[.:]{{0,2}}[ ]?)?{_NUMBER}")
_FILE_NAME = re.compile(r"(?:_signed|_[0-9a-f]{6,})*\.(?:pdf|docx?|xlsx?|rar|zip)$", re.IGNORECASE)


def number(raw: str) -> DocumentNumber:
    """One field that should hold one document number, as somebody typed it. Any text will do.

    `normal` is the same for all ways to write a number: accents of abbreviations and spaces are mended, surplus zeros
    dropped, a number below ten gets one. Without it, `reason` says in English what is wanting, and
    what was understood is there all the same ("2774" has a `number`). A date that stands behind is read too.

    >>> number("Số: 92 /KH-UBND").normal, number("QD2338-BTP ngày 29/4/2021").normal
    ('92/KH-UBND', '2338/QĐ-BTP')
    """
    text = clean(raw)
    found = _fields(text)
    if len(found) > 1:
        return DocumentNumber(raw=text, reason="several numbers")
    return replace(found[0], raw=text)


def key(normal: str) -> str:
    """What the normal forms of one document have in common, whoever wrote them: to link by, not to be shown.

    Some write the "&" of an issuer's name and some do not, and the Đ of an abbreviation that is not known here may be
    lost.

    >>> key("5243/QĐ-SGD&ĐT") == key("5243/QĐ-SGDĐT")
    True
    """
    return fold(normal).replace("&", "")


def listed(raw: str) -> tuple[DocumentNumber, ...]:
    """The numbers of a field that may hold several, parted by semicolons, commas, "và" or line breaks.

    Bare numbers before a whole one share its ending, as people write: "12, 13/QĐ-UBND". An empty field gives nothing.

    >>> [one.number for one in listed("3582;3583;3584")]
    ['3582', '3583', '3584']
    """
    text = clean_lines(raw)
    return _fields(text) if text else ()


def numbers(text: str) -> tuple[DocumentNumber, ...]:
    """Every document that a running text names by its number, in the text's order, each normal form once.

    A number without an issuer ("Quyết định số 15 ngày …") is among them only if words say its type and a date or year
    stands with it. `date` and `title` (its "về việc …", to the end of the clause) are those beside the number, where
    they are first said. `raw` is a part of `clean_lines(text)`.

    >>> [one.normal for one in numbers("Căn cứ Nghị định số 63/2010/NĐ-CP ngày 08/6/2010; trang 24/7")]
    ['63/2010/NĐ-CP']
    """
    whole = page(clean_lines(text))
    hits = find(whole)
    starts = [hit.start for hit in hits]
    found: dict[str, DocumentNumber] = {}
    for hit in hits:
        one = _document(whole, hit, starts)
        if one.normal is None and (one.type is None or one.raw[0].isdigit() or not (one.date or one.year)):
            continue
        key = one.normal or one.raw
        known = found.get(key)
        found[key] = replace(known, date=known.date or one.date, title=known.title or one.title) if known else one
    return tuple(found.values())


def _document(text: Page, hit: Hit, numbers_at: list[int]) -> DocumentNumber:
    day, end = _day(text, hit.end)
    if day is None and text.flat.startswith("so", hit.start) and (place := _PLACE.match(text.flat, hit.end)):
        day, end = _day(text, place.end())
    if day is None and (issued := _ISSUED.search(text.flat, max(0, hit.start - _FARTHEST_DAY), hit.start)):
        moment = dates.parse(issued["day"])
        day = moment.at.date() if moment else None
    normal = hit.normal
    return DocumentNumber(
        raw=text.text[hit.start : hit.end].strip(),
        normal=normal,
        type=hit.kind,
        number=hit.number,
        year=hit.year,
        issuer=hit.issuer,
        date=day,
        title=_title(text, end, numbers_at),
        reason=None if normal else "no issuer" if hit.type else "no type and no issuer",
    )


def _day(text: Page, at: int) -> tuple[date | None, int]:
    found = _DAY.match(text.flat, at)
    moment = dates.parse(found["day"]) if found else None
    return (moment.at.date(), found.end()) if found and moment else (None, at)


def _title(text: Page, at: int, numbers_at: list[int]) -> str | None:
    """What a document is about, from behind its number and date to the end of the clause.

    A number that follows without a space ends it, too: a flattened table goes on there.
    """
    before = _BEFORE_TITLE.match(text.flat, at)
    assert before
    last = before.end() if before["who"] else before.end() + 1
    first = before.start("who") if before["who"] else before.end()
    for start in _START.finditer(text.flat, first, last + _LONGEST_START):
        if start.start() >= last:
            return None
        said = text.text[start.start() : start.end()].lower()
        clause = _CLAUSE.match(text.flat, start.end())
        joined = text.flat.startswith("va ", start.start() - 3)  # it speaks of another document
        if clause and not joined and (said.isascii() or said in _STARTS):
            inside = numbers_at[bisect_right(numbers_at, start.end()) : bisect_left(numbers_at, clause.end())]
            glued = (place for place in inside if text.text[place - 1] not in _OPENING)
            return _balanced(text.text[start.start() : min([clause.end(), *glued])])
    return None


def _balanced(title: str) -> str:
    """The title up to a bracket that was opened before it."""
    depth = 0
    for place, character in enumerate(title):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return title[:place].strip()
    return title.strip()


def _fields(text: str) -> tuple[DocumentNumber, ...]:
    """One field, or the fields of a list: a text is a list only if each of its parts is a number."""
    for separator in (r"[;\n]", r"[;,\n]|(?<= )(?:v[aà]|&)(?= )"):
        parts = [part.strip() for part in re.split(separator, text) if part.strip(" .")]
        if len(parts) > 1:
            ones = [
                one for part in parts for one in (_fields(part) if re.search(",| (?:v|&)", part) else (_one(part),))
            ]
            if all(one.number for one in ones):
                return tuple(_completed(ones))
    return (_one(text),)


def _completed(ones: list[DocumentNumber]) -> list[DocumentNumber]:
    """A list in which bare numbers have got the ending of the whole number that they stand before."""
    done: list[DocumentNumber] = []
    ending = ""
    for one in reversed(ones):
        bare = one.normal is None and one.type is None
        done.append(replace(_one(one.raw + ending), raw=one.raw) if bare and ending else one)
        if one.normal and one.number:
            ending = one.normal.removeprefix(re.split("[-/]", one.normal)[0])
    return done[::-1]


def _one(text: str) -> DocumentNumber:
    field = page(_FILE_NAME.sub("", text))
    hits = find(field, field=True)
    if hits and hits[0].issuers:
        return _document(field, hits[0], [hit.start for hit in hits])
    day = _DAY.search(field.flat)
    upper = field.plain.upper()[: day.start() if day else None].strip(" .,:;-/()")
    loose = _loosely(upper)
    if loose:
        return replace(loose, raw=text, date=_day(field, day.start())[0] if day else None)
    if hits:
        return _document(field, hits[0], [hit.start for hit in hits])
    if one := _bare(upper):
        return replace(one, raw=text, date=_day(field, day.start())[0] if day else None)
    if found := _UNNUMBERED.fullmatch(upper):
        kind, issuer = type_of(found["type"]), issuer_of(found["issuer"])
        return DocumentNumber(raw=text, type=kind, issuer=issuer, reason="no running number")
    return DocumentNumber(raw=text, reason=_reason(text, dated=day is not None))


def _bare(upper: str) -> DocumentNumber | None:
    """A running number with at most a year, or a word for its type."""
    found = _BARE.fullmatch(upper)
    word = flat(found["word"] or "").strip() if found else ""
    word = "" if word in ("so", "no", "so hieu") else word
    if not found or not found["number"].strip("0") or (word and word not in WORDS):
        return None
    kind = WORDS.get(word)
    return DocumentNumber(
        raw=upper,
        type=kind,
        number=found["number"].lower(),
        year=int(found["year"]) if found["year"] else None,
        reason="no issuer" if kind else "no type and no issuer",
    )


def _reason(text: str, *, dated: bool) -> str:
    if not text:
        return "empty"
    if dated:
        return "a date without a number"
    return "no digits" if not any(map(str.isdigit, text)) else "not in the form of a document number"


def _loosely(upper: str) -> DocumentNumber | None:
    for pattern in _LOOSE:
        found = pattern.fullmatch(upper)
        if not found:
            continue
        issuers = tuple(map(issuer_of, re.split("[-._]", found["issuer"]))) if found["issuer"] else ()
        kind = type_of(found["type"]) if found["type"] else None
        kind = None if kind == "CV" and pattern is _WORD_FIRST else kind  # the word, and not a part of the number
        if not issuers and kind != "QĐCB":
            continue
        if kind is None and not (known_issuer(issuers[0]) or "SO" in upper.split()):
            continue
        year = int(found["year"]) if found["year"] else None
        hit = Hit(
            start=0, end=0, number=found["number"].lower(), year=year, type=kind, issuers=issuers, in_number=bool(kind)
        )
        return DocumentNumber(
            raw=upper, normal=hit.normal, type=hit.kind, number=hit.number, year=year, issuer=hit.issuer
        )
    return None


_TAIL = r"(?P<tail>(?:[ ]?\.[ ]?[0-9]{2,3}){1,4}[ ]?\.[ ]?[HG][ ]?[0-9]{2}(?:[ ]?\.[ ]?[0-9]{1,3}){0,3})?"
_CODES = re.compile(
    rf"(?<![0-9])(?<![0-9]\.)(?<![A-ZĐvV])(?P<code>[1-9][ ]?\.[ ]?[01](?:[ ]?[0-9]){{5}}){_TAIL}"
    r"(?![0-9]|[ ]?\.[ ]?[0-9]|,[0-9](?![ ]?\.))"
)
_MONEY = re.compile(r" ?(?:đ(?![a-z])|đồng|dong|vnd|vnđ|usd|triệu|tỷ|%)", re.IGNORECASE)
_LABEL_OF_CODE = re.compile(r"(?:ma(?: so)?(?: tthc| thu tuc(?: hanh chinh)?)?|code) ?[:.]? ?\Z")
_BROKEN = re.compile("[0-9] [0-9]")


def code(raw: str) -> str | None:
    """The portable form of a procedure's code in a single field, None if there is none.

    The form is that of the national database (d.dddddd); the tail of the agency that a province adds (.000.00.00.H56:
    QCVN 102:2016/BTTTT) and the part for a case are left out.

    >>> code("Mã TTHC: 2.000815.000.00.00.H55.02")
    '2.000815'
    """
    found = codes(raw)
    return found[0] if found else None


def codes(text: str) -> tuple[str, ...]:
    """The codes of procedures in a text, in its order, each once; amounts of money are none.

    Spaces within the digits are forgiven where a label or the agency's tail says that this is a code.

    >>> codes("1.001234.000.00.00.H56, phí 1.500000 đồng")
    ('1.001234',)
    """
    whole = page(clean_lines(text))
    found: dict[str, None] = {}
    for hit in _CODES.finditer(whole.plain):
        sure = hit["tail"] or _LABEL_OF_CODE.search(whole.flat[max(0, hit.start() - 32) : hit.start()])
        if sure or not (_MONEY.match(whole.text, hit.end()) or _BROKEN.search(hit["code"])):
            found.setdefault(hit["code"].replace(" ", ""))
    return tuple(found)
