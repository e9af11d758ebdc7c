"""What stands beside a label or in a column → values of a procedure's record. Pure.

What cannot be read as a value gives none; the words stay in the record's `raw`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from scraper import dates, labels, legal
from scraper.items import DossierItem, Way
from scraper.text import clean, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from scraper.items import DocumentNumber, Level

_LEVELS: tuple[tuple[re.Pattern[str], Level], ...] = (
    (
        re.compile(r"thành phố trực thuộc trung ương|tỉnh ?[,/-]? ?(?:và )?thành phố\b(?: trực thuộc trung ương)?"),
        "tỉnh",
    ),
    (re.compile(r"huyện[,/ ](?:[, ]|quận|thị xã|và)*thành phố\b|\bthị xã\b|\bhuyện\b|\bquận\b|\bcap huyen\b"), "huyện"),
    (re.compile(r"\bxã\b(?! hội)|\bphường\b|\bthị trấn\b|\bđặc khu\b|\bcap xa\b"), "xã"),
    (re.compile(r"(?<!cán )(?<!nội )\bbộ\b(?! phận| máy| hồ sơ| đội)|\btrung ương\b|\bcap bo\b|\btrung uong\b"), "bộ"),
    (re.compile(r"\btỉnh\b|\bthành phố\b|\bcap tinh\b"), "tỉnh"),
)
_ORDER: tuple[Level, ...] = ("bộ", "tỉnh", "huyện", "xã")

_KINDS_OF_APPLICANT = (
    r"ca nhan|to chuc|doanh nghiep|cong dan|nguoi|ho |hop tac xa|co quan|don vi|can bo|cong chuc|vien chuc|htx|"
    r"nha |hoi|cac |chu |luc luong|thuong binh|than nhan|hoc sinh|sinh vien|co so|cong ty|khac|quan nhan"
)
_APPLICANT = re.compile(_KINDS_OF_APPLICANT)
_ONE_APPLICANT = re.compile(r"cán bộ, công chức, viên chức(?:, người lao động)?|cán bộ, công chức", re.IGNORECASE)
_COMMA = re.compile(r",\s*(?![^(]*\))")
_BULLET = re.compile(r"\s*(?:[-–—+*•●▪►»✓]|\(?(?:\d{1,2}(?:\.\d{1,2}){0,2}|[a-zđ])\s*[.)])\s+|\s*[-–—+*•●▪►»✓]\s*")

_HOWS = (
    ("Trực tiếp", re.compile(r"truc tiep|tai (?:bo phan|trung tam|tru so|quay)")),
    ("Trực tuyến", re.compile(r"truc tuyen|qua mang|dich vu cong|dien tu|website|internet")),
    ("Dịch vụ bưu chính", re.compile(r"buu chinh|buu dien|duong buu")),
)
_PART_OF_WAY = re.compile(
    r"(?P<limit>thoi (?:han|gian)(?: giai quyet)?)|(?P<fee>phi, le phi|le phi, phi|phi/le phi|phi va le phi|le phi|phi)"
    r"|(?P<note>mo ta|ghi chu)"
)

_COUNTED = {
    kind: re.compile(
        rf"(?:{words}\s*:\s*\(?0*(\d{{1,3}})|0*(\d{{1,3}})\s*(?:\(\w*\))?\s*{words}|{words}\s*\(?\s*0*(\d{{1,3}}))"
    )
    for kind, words in (("originals", "ban chinh"), ("copies", r"ban (?:sao|chup|photo)(?: (?:co )?chung thuc)?"))
}
_WITH_COLON = re.compile(r"ban (?:chinh|sao|chup)[^:\d]{0,12}:\s*\(?\d")
_PAPERS = r"(?:bản chính|bản sao|bản chụp)"
_QUANTITY = re.compile(
    rf"\s*[(\[;:,–-]*\s*\(?\s*(?:số lượng\s*:?\s*)?(?:0{{0,2}}\d{{1,3}}\s*(?:\([^()]*\)\s*)?)?{_PAPERS}"
    rf"(?:\s+(?:có )?chứng thực)?(?:\s*:?\s*\d{{1,3}})?"
    rf"(?:\s*(?:,|;|-|–|và|hoặc|\|)\s*(?:0{{0,2}}\d{{1,3}}\s*)?{_PAPERS}(?:\s*:?\s*\d{{1,3}})?)*"
    r"\s*[)\]]?\s*[;.,]?\s*$",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\D{0,12}0{0,3}?(\d{1,3})\D{0,24}")
_CASE = re.compile(r"(?:truong hop|doi voi|giay to phai|giay to xuat trinh|ho so (?:doi voi|truong hop)|luu y)\b")
_SETS = re.compile(r"so luong(?: bo)? ho so|so bo ho so")
_LONGEST_CASE = 300
_LONGEST_QUANTITY = 120


def line(value: Sequence[str]) -> str | None:
    """A value that is one line, however it is broken; None where it says that there is none."""
    said = clean(" ".join(value)).strip(" ;")
    return None if labels.is_nothing(said) else said


def lines(value: Sequence[str]) -> str | None:
    """A value of several lines; None where it says that there is none."""
    said = "\n".join(value)
    return None if labels.is_nothing(said) else said


def levels(said: str) -> tuple[Level, ...]:
    """The levels of government that a text names, from the ministries down.

    >>> levels("Cấp Tỉnh, Quận/Huyện, Phường - Thị trấn"), levels("Cơ quan khác")
    (('tỉnh', 'huyện', 'xã'), ())
    """
    left = clean(said).lower()  # with its marks: "quận" is none in "cơ quan"
    found: set[Level] = set()
    for pattern, level in _LEVELS:
        left, times = pattern.subn(" ", left)
        if times:
            found.add(level)
    return tuple(level for level in _ORDER if level in found)


def applicants(value: Iterable[str]) -> tuple[str, ...]:
    """Who may apply, one by one: as the lines and semicolons have it, else by commas that part kinds of applicants.

    >>> applicants(["Cán bộ, công chức, viên chức, Tổ chức (không bao gồm doanh nghiệp, HTX), Doanh nghiệp"])
    ('Cán bộ, công chức, viên chức', 'Tổ chức (không bao gồm doanh nghiệp, HTX)', 'Doanh nghiệp')
    """
    found: list[str] = []
    for one in value:
        for part in re.split(r";|\s\|\s", unbulleted(one)):
            found += _by_commas(part)
    shown = (clean(part).strip(" .,;:-–+") for part in found)
    return tuple(dict.fromkeys(part for part in shown if part and not labels.is_nothing(part)))


def _by_commas(said: str) -> list[str]:
    kept = _ONE_APPLICANT.sub(lambda found: found[0].replace(",", "\x00"), said)
    parts: list[str] = []
    for part in _COMMA.split(kept):
        restored = part.replace("\x00", ",")
        begins = restored.lstrip()[:1].isupper() or _APPLICANT.match(fold(restored))
        if parts and not begins:
            parts[-1] += ", " + restored
        else:
            parts.append(restored)
    return parts


def day(said: str) -> date | None:
    """The day that a text names."""
    moment = dates.parse(said)
    return moment.at.date() if moment else None


def decision(value: Sequence[str]) -> DocumentNumber | None:
    """The deciding document, whatever its number looks like."""
    said = line(value)
    return legal.number(said) if said else None


def unbulleted(said: str) -> str:
    """A line without its bullet or numbering."""
    found = _BULLET.match(said)
    return said[found.end() :] if found else said


# Ways to submit


def ways(value: Iterable[str]) -> tuple[Way, ...]:
    """Ways to submit, from lines of text: each line that names some."""
    found: dict[str, Way] = {}
    for one in value:
        said = unbulleted(one).strip(" ;.")
        folded = fold(said)
        named = [(name, met) for name, pattern in _HOWS if (met := pattern.search(folded))]
        if len(named) == 1:
            way = _way(named[0][0], said, named[0][1].end())
            found.setdefault(way.how, way)
        else:
            for name, _ in named:
                found.setdefault(name, Way(how=name))
    return tuple(found.values())


def _way(how: str, said: str, end: int) -> Way:
    """A way, and what its line says besides: "Trực tuyến: thời hạn 5 ngày; phí: không"."""
    head, colon, rest = said.partition(":")
    if not colon or len(head) > 60 or end > len(head):
        return Way(how=how, note=said if fold(said) != fold(how) and len(fold(said)) > end + 1 else None)
    way = Way(how=clean(head) if len(head) <= 40 else how)
    notes = []
    for part in filter(None, map(str.strip, re.split(r";|\s\|\s|\.\s", rest))):
        folded = fold(part)
        named = _PART_OF_WAY.match(folded)
        text = part[named.end() :].strip(" :.-–") if named and len(folded) == len(part) else part
        if named and named["limit"]:
            way = replace(way, time_limit=_said(text))
        elif named and named["fee"]:
            way = replace(way, fee=_said(text))
        else:
            notes.append(text)
    return replace(way, note=_said("; ".join(notes)))


def way(cells: dict[str, str]) -> Way | None:
    """A way from the row of a table, by what its columns hold."""
    how = clean(cells.get("how", ""))
    if not how:
        return None
    return Way(
        how=how,
        time_limit=_said(cells.get("time_limit", "")),
        fee=_said(cells.get("fees", "")),
        note=_said(cells.get("note", "")),
    )


def _said(cell: str) -> str | None:
    return None if labels.is_nothing(cell) else cell.strip()


# Papers of a dossier


def papers(value: Iterable[str]) -> tuple[DossierItem, ...]:
    """The papers of a dossier, from lines of text: "- Đơn đề nghị (01 bản chính)", under their cases."""
    found: list[DossierItem] = []
    case: str | None = None
    for one in value:
        said = unbulleted(one)
        folded = fold(said)
        if labels.is_nothing(said) or _SETS.match(folded):
            continue
        if is_case(one):
            case = said.strip(" :;.")
        elif not folded.endswith(":") or len(said) > _LONGEST_CASE:
            found.append(paper(said, case=case))
    return tuple(found)


def is_case(said: str) -> bool:
    """Whether a line of a dossier is the heading of a case: "Trường hợp cấp lại:"."""
    folded = fold(unbulleted(said))
    return len(said) <= _LONGEST_CASE and bool(_CASE.match(folded)) and (folded.endswith(":") or len(folded) < 120)


def paper(said: str, *, case: str | None = None, form: str | None = None, quantity: str | None = None) -> DossierItem:
    """A paper of a dossier; where no `quantity` is told apart from it, its last words may say how many of it.

    They stay in its name, which is as it is printed.
    """
    name = clean(said)
    originals, copies = counts(quantity) if quantity else (None, None)
    if quantity is None and (tail := _QUANTITY.search(name, max(0, len(name) - _LONGEST_QUANTITY))):
        originals, copies = counts(tail[0])
    return DossierItem(name=name, case=case, form=form, originals=originals, copies=copies)


def counts(said: str) -> tuple[int | None, int | None]:
    """How many originals and how many copies: "Bản chính: 1 - Bản sao: 0", "01 bản chính và 02 bản sao", "(bản chính)".

    >>> counts("Bản chính: 1 - Bản sao: 0"), counts("02 bản sao"), counts("(bản chính)"), counts("01 bộ")
    ((1, 0), (None, 2), (1, None), (None, None))
    """
    folded = fold(said[:_LONGEST_QUANTITY])
    if _WITH_COLON.search(folded):  # a number belongs to the word before it, and not to the one after
        folded = re.sub(r"(:\s*\(?\d{1,3})", r"\1 |", folded)
    found = []
    for kind, bare in (("originals", "ban chinh"), ("copies", "ban sao")):
        met = _COUNTED[kind].search(folded)
        number = next(filter(None, met.groups())) if met else None
        found.append(int(number) if number else 1 if folded.strip(" ().;,") == bare else None)
    return found[0], found[1]


def count(cell: str) -> int | None:
    """A number that stands alone in its cell."""
    met = _COUNT.fullmatch(cell.strip())
    return int(met[1]) if met else None


# Legal basis


def basis(value: Iterable[str]) -> tuple[DocumentNumber, ...]:
    """The documents that lines of text name, each once."""
    found = legal.numbers("\n".join(value))
    return tuple({one.normal or one.raw: one for one in reversed(found)}.values())[::-1]


def document(cells: dict[str, str]) -> DocumentNumber | None:
    """A document from the row of a table, by what its columns hold."""
    raw, title = clean(cells.get("number", "")), clean(cells.get("title", ""))
    if not raw:
        return next(iter(legal.numbers(title)), None)
    found = legal.number(raw)
    if found.normal is None and (named := legal.numbers(title)):
        found = replace(named[0], raw=raw)
    return replace(found, title=title or found.title, date=day(cells.get("issued", "")) or found.date)
