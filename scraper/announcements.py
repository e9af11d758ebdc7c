"""What a decision does to administrative procedures, from the words that say so, and when it takes effect.

Decree 63/2010/NĐ-CP (changed by 48/2013 and 92/2017/NĐ-CP), art. 13-15: ministers and chairmen of provincial people's
committees announce procedures by decision, in three kinds (art. 14): newly issued (mới ban hành); amended or replaced
(sửa đổi, bổ sung hoặc thay thế); abolished (hủy bỏ hoặc bãi bỏ). A list that is standardised (chuẩn hóa), special to a
province (đặc thù) or announced without such a word changes nothing by itself. What a legal basis, another document or
a report tells is not what this decision does. Nothing here raises.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from scraper import dates
from scraper.legal import codes
from scraper.numbering import DAY, Page, find, page
from scraper.text import clean, clean_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scraper.items import Change, Procedure


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """One kind of change that a page announces.

    `evidence` is the title, sentence or heading that says so, as it stands; `names` and `codes` are those of the
    procedures that it names itself or that are listed under it.
    """

    change: Change
    evidence: str
    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


# What is done, in folded words.
_VERBS: dict[Change, str] = {
    "new": r"(?:duoc )?(?:moi (?:duoc )?ban hanh|ban hanh moi)|(?:(?<=hanh chinh )|(?<=tthc ))moi(?! nhat)",
    "amended": r"(?:duoc |bi |co )?sua doi(?:(?: ?[,/;-] ?| va | hoac | )bo sung)?",
    "replaced": r"(?:duoc |bi )?thay the",
    "abolished": r"(?:duoc |bi )?(?:bai bo|huy bo)",
}
_VERB = re.compile(
    "(?<![a-z])(?:" + "|".join(f"(?P<{change}>{words})" for change, words in _VERBS.items()) + ")(?![a-z])"
)
_ANY_VERB = "(?:" + "|".join(_VERBS.values()) + ")"
_SUBJECT = r"(?:thu tuc hanh chinh|tthc)"
# The nearest noun before a verb is what it is done to. Those of fields (luật sư, giấy phép, kế hoạch) are not here.
_NOUN = re.compile(
    rf"(?<![a-z])(?:(?P<subject>{_SUBJECT}|thu tuc(?= (?:duoc|bi|moi)(?![a-z])))|van ban|vbqppl|quyet dinh|nghi dinh|"
    r"nghi quyet|thong tu|phap lenh|chi thi|quy che|quy dinh|bieu mau|mau don|to khai|mot so dieu)(?![a-z])"
)
# What may stand between a verb and the procedures that it is done to: "bãi bỏ 05 (năm) thủ tục hành chính".
_OBJECT = re.compile(
    r"(?: |,|/|va (?=[a-z])|hoac |cac |nhung |mot so |nhieu |toan bo |[0-9]+ |\([^)]{1,20}\) |danh muc |bo |"
    rf"{_ANY_VERB})*+{_SUBJECT}(?![a-z])"
)
_FARTHEST_OBJECT = 300
# One procedure, by its name and code: "bãi bỏ thủ tục Cấp lại thẻ (mã số 1.001234)".
_NAMED = r"thu tuc(?= [^;]{1,250}?[1-9]\.[01][0-9]{5}(?![0-9]))"
_NAMED_OBJECT = re.compile(rf"(?: |cac |nhung |[0-9]+ |{_ANY_VERB})*+{_NAMED}")
# What may follow the verb where the procedures stand before it. Any other word is what the verb is done to.
_AFTER = re.compile(
    r" ?(?:$|[^a-z0-9 ]|(?:trong|thuoc|linh vuc|cua|cho|tai|ve|theo|va|hoac|ap dung|cap|nam|tren|nganh|gom|kem|tu ngay|"
    r"ke tu|moi|duoc|bi|bai bo|huy bo|thay the|sua doi|ban hanh|thu tuc hanh chinh|tthc|danh muc)(?![a-z])"
    r"|[0-9]+ (?:thu tuc|tthc))"
)
_ANNOUNCES = re.compile(r"(?<![a-z])(?:cong bo|cong khai|niem yet|danh muc)(?![a-z])")
# "Công bế" is what optical character recognition makes of "Công bố".
_OPERATIVE = re.compile(
    r"(?:dieu [0-9]+ ?[.:]? ?|[0-9]+[.)] ?|- ?)?(?:nay )?"
    rf"(?:cong b[oe](?! cong khai)|(?:bai bo|huy bo)(?: cac| nhung| [0-9]+)*+ (?:{_SUBJECT}|{_NAMED}))"
)
_ISSUES = re.compile(
    r"(?<![a-z])(?:ban hanh|ky|co)(?: ban hanh)? (?:cac )?quyet dinh(?! nay)[^;]{0,200}?(?<![a-z])cong bo(?![a-z])"
)
_LISTS = re.compile(r"(?<![a-z])cong bo (?:kem theo )?(?:quyet dinh nay )?danh muc(?![a-z])")
_CITED = re.compile(
    r"(?<![a-z])(?:can cu|tai|theo|cua|thay the|bai bo|huy bo|thuc hien|trien khai|sua doi|bo sung|dinh chinh)"
    r"(?: toan bo| mot phan| cac| noi dung| thuc hien)*+ "
    r"(?:quyet dinh|qd|thong tu|nghi dinh|nghi quyet|van ban|cong van)(?! nay)(?![a-z])"
)
_BASIS = re.compile(
    r"[-+*.0-9) ]*(?:can cu|xet|theo(?! do)|thuc hien|trien khai|tren co so|de |nham|truoc do|trong khi)(?![a-z])"
)
# These are matched with their marks: without them chưa is chữa (bệnh), sẽ is (chia) sẻ, cần is căn (cước).
_NOT_DONE = re.compile(
    r"(?<!\w)(?:dự thảo|đề xuất|đề nghị (?:rà soát|công bố|bãi bỏ|sửa đổi)|kiến nghị|phương án (?:cắt giảm|đơn giản)|"
    r"rà soát|tờ trình|trình công bố|lấy ý kiến|góp ý|chưa|sẽ|"
    r"(?:không|quy trình|thẩm quyền|hướng dẫn|kết quả) công bố)(?!\w)"
)
_TELLS = re.compile(r"(?<!\w)(?:đã|giúp|nhằm|góp phần|phải|cần)(?!\w)")
_NOT_A_DEED = re.compile(
    r"(?:du thao|de xuat|de nghi|kien nghi|to trinh|bao cao|ke hoach|huong dan|lay y kien|gop y|viec)(?![a-z])"
)
_REPORT = re.compile(
    r"[-+* ]*(?:trong|tinh den|tinh tu|tu dau nam|tu nam|nam [0-9]{4}|quy [iv0-9]|[0-9]+ thang|giai doan|"
    r"thoi gian qua|den nay|ket qua|hang nam)(?![a-z])"
)
_TOLD = re.compile(r"(?<![a-z])da (?:duoc )?(?:cong bo|cong khai|niem yet|cat giam)(?![a-z])")

_SENTENCE_ENDS = re.compile(r"(?<=[^0-9A-ZĐ][.!?]) ")
_NUMBERING = re.compile(
    r"(?:(?:[ivx]{1,5}|[a-z]|[0-9]{1,3})(?:\.[0-9]{1,3})*[.)/:-]+ ?|phan (?:[ivx]+|[0-9]+|thu [a-z]+)[.:]? ?|[-+*•] ?)+"
)
_LONGEST_HEADING = 300
_LONGEST_HEADING_WITH_STOP = 120
_COLUMN = re.compile(r"(?:ten|stt|so tt|ma|ly do|noi dung|can cu|van ban|vbqppl|so quyet dinh|ghi chu|ngay)(?![a-z])")
_HEADS = re.compile(
    r"(?:cac |nhung |tong so |phu luc [^:]{0,20}[:.]? ?|[0-9]+ |\([^)]{1,20}\) )*+"
    rf"(?:danh muc|bo {_SUBJECT}|{_SUBJECT}|thu tuc|linh vuc|nhom|cong bo|quyet dinh|qd|ve viec|v/v)(?![a-z])"
)
_ALONE = re.compile(rf"(?:(?:danh muc|cac) )*(?:(?:thu tuc|{_SUBJECT}) )?{_ANY_VERB} ?[:.]?")


def announced(title: str, text: str = "") -> tuple[Announcement, ...]:
    """What the page with this title and text announces about procedures, one for each kind of change.

    The first words that say so are the evidence, those of the title before those of the text. Without such words there
    is nothing: a verb elsewhere on the page, in a legal basis or about another document is no evidence.

    >>> [one.change for one in announced("Công bố danh mục TTHC mới ban hành/bị bãi bỏ lĩnh vực Tôn giáo")]
    ['new', 'abolished']
    """
    found: dict[Change, Announcement] = {}
    for statement in _statements(clean(title), clean_lines(text)):
        # What is listed under a sentence that tells of two kinds is of one of them, and nobody knows of which.
        names, their_codes = _listed(statement.listed if len(statement.changes) == 1 else [])
        for change in statement.changes:
            known = found.get(change)
            found[change] = Announcement(
                change=change,
                evidence=known.evidence if known else statement.text,
                names=tuple(dict.fromkeys((*(known.names if known else ()), *names))),
                codes=tuple(dict.fromkeys((*(known.codes if known else ()), *_own_codes(statement), *their_codes))),
            )
    return tuple(found.values())


def applied(row: Procedure, said: Sequence[Announcement]) -> Procedure:
    """A row of a list of which no heading says what becomes of it, with what title and text beside it say.

    That is what they say of its code; or, of all rows, what they say of no procedure by name, if it is one thing only.
    """
    named = [one for one in said if row.code and row.code in one.codes]
    if not named and len({one.change for one in said}) == 1:
        named = [one for one in said if not one.codes and not one.names]
    return replace(row, change=named[0].change, evidence=named[0].evidence) if named else row


def undecided(title: str) -> bool:
    """Whether a page with this title tells of what is only planned, proposed or asked for.

    >>> undecided("Lấy ý kiến dự thảo Quyết định công bố thủ tục hành chính bị bãi bỏ")
    True
    """
    return _not_done(page(clean(title)))


def heading(text: str) -> Change | None:
    """What the heading of a table or of a part of a list says of the procedures under it; None if it does not say.

    A heading that names two kinds ("sửa đổi, bổ sung hoặc thay thế") says nothing of a single row. Labels of columns
    and names of procedures that have these words in them are no such headings.

    >>> heading("A. DANH MỤC THỦ TỤC HÀNH CHÍNH MỚI BAN HÀNH"), heading("Thủ tục sửa đổi, bổ sung giấy phép")
    ('new', None)
    """
    changes = kinds(text)
    return changes[0] if len(changes) == 1 else None


def kinds(text: str) -> tuple[Change, ...]:
    """All kinds of change that a heading names: more than one, and it says nothing of a single row."""
    return _of_heading(page(clean(text)))


def sentences(line: str) -> list[str]:
    """The sentences of a line: none begins with a small letter, and a number or an abbreviation in capitals ends none.

    >>> sentences("Theo Nghị định số 5. Đã ký, v.v. và gửi. Áp dụng ngay.")
    ['Theo Nghị định số 5. Đã ký, v.v. và gửi.', 'Áp dụng ngay.']
    """
    begins = [0, *(end.end() for end in _SENTENCE_ENDS.finditer(line) if not line[end.end() : end.end() + 1].islower())]
    return [line[begin:end].rstrip(" ") for begin, end in pairwise([*begins, len(line) + 1])]


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    changes: tuple[Change, ...]
    listed: list[str]


def _statements(title: str, text: str) -> Iterator[_Statement]:
    """The title and the sentences that announce something, each with the lines of a list that stands under it."""
    yield _Statement(title, _of_title(page(title)), [])
    open_statement: _Statement | None = None
    for line in text.split("\n"):
        changed = False
        for sentence in sentences(line):
            if changes := _of_sentence(page(sentence), whole=sentence == line):
                if open_statement:
                    yield open_statement
                open_statement, changed = _Statement(sentence, changes, []), True
        if open_statement and not changed:
            if _item(line):
                open_statement.listed.append(line)
            elif open_statement.listed:  # the list is at its end
                yield open_statement
                open_statement = None
    if open_statement:
        yield open_statement


def _of_title(title: Page) -> tuple[Change, ...]:
    if _BASIS.match(title.flat) or _not_done(title) or _TOLD.search(title.flat):
        return ()
    if not _ANNOUNCES.search(title.flat):
        return _of_heading(title)
    return _changes(title.flat, by_name=True)


def _not_done(text: Page) -> bool:
    return bool(_NOT_A_DEED.match(text.flat) or _NOT_DONE.search(text.text.lower()))


def _of_sentence(sentence: Page, *, whole: bool) -> tuple[Change, ...]:
    flat = sentence.flat
    if _BASIS.match(flat) or _not_done(sentence) or _REPORT.match(flat):
        return ()
    deed = _OPERATIVE.match(flat) or _ISSUES.search(flat)
    if not deed and (lists := _LISTS.search(flat)) and not _CITED.search(flat, 0, lists.start()):
        deed = lists
    if deed and not (_TOLD.search(flat) and not find(sentence)):
        return _changes(flat, deed.start(), by_name=True)
    return _of_heading(sentence) if whole else ()


def _of_heading(text: Page) -> tuple[Change, ...]:
    numbering = _NUMBERING.match(text.flat)
    flat = text.flat[numbering.end() :] if numbering else text.flat
    if _ALONE.fullmatch(flat):
        return tuple(change for change in _VERBS if any(found[change] for found in _VERB.finditer(flat)))
    longest = _LONGEST_HEADING_WITH_STOP if flat.endswith(".") else _LONGEST_HEADING
    if len(flat) > longest or _COLUMN.match(flat) or not _HEADS.match(flat):
        return ()
    if _not_done(text) or _TELLS.search(text.text.lower()):
        return ()
    return _changes(flat)


def _changes(flat: str, begin: int = 0, *, by_name: bool = False) -> tuple[Change, ...]:
    """The kinds of change that these (flat) words tell of procedures, in the order in which they stand there.

    Those of a procedure `by_name` count only where it is sure that something is announced.
    """
    cited = _CITED.search(flat, begin)
    end = cited.start() if cited else len(flat)
    nouns = list(_NOUN.finditer(flat, begin, end))
    noun_ends = [noun.end() for noun in nouns]
    changes: dict[Change, None] = {}
    for verb in _VERB.finditer(flat, begin, end):
        before = bisect_right(noun_ends, verb.start())
        of_procedures = bool(before and nouns[before - 1]["subject"])
        passive = verb["new"] or verb[0].startswith(("duoc ", "bi "))
        to_it = _OBJECT.match(flat, verb.end(), verb.end() + _FARTHEST_OBJECT)
        if to_it and "danh muc" in to_it[0] and "cong bo" not in flat[begin : verb.start()]:
            continue  # what is done to a list of procedures (those that a one-stop office takes) is not done to them
        named = by_name and _NAMED_OBJECT.match(flat, verb.end(), verb.end() + _FARTHEST_OBJECT)
        if to_it or named or (of_procedures and (passive or _AFTER.match(flat, verb.end()))):
            changes.setdefault(next(change for change in _VERBS if verb[change]))
    return tuple(changes)


def _own_codes(statement: _Statement) -> tuple[str, ...]:
    return codes(statement.text) if len(statement.changes) == 1 else ()


def _item(line: str) -> bool:
    flat = page(line).flat
    return bool(_NUMBERING.match(flat)) or flat.startswith("thu tuc ")


def _listed(lines: list[str]) -> tuple[list[str], list[str]]:
    """The names and the codes of the procedures in the lines of a list."""
    names: list[str] = []
    found: list[str] = []
    for line in lines:
        numbering = _NUMBERING.match(page(line).flat)
        name = line[numbering.end() :] if numbering else line
        their_codes = codes(name)
        for code in their_codes:
            name = re.sub(rf"[ (\[-]*(?:[Mm]ã[^:]{{0,20}}:? ?)?{re.escape(code)}[0-9.HG]*[)\]]?", " ", name)
        names.append(clean(name).strip(" ;.,:-–"))
        found.extend(their_codes)
    return [name for name in names if name], found


_EFFECT = re.compile(
    r"(?<!het )(?<!ngung )(?<!con )(?<!chua co )hieu luc(?: thi hanh)?(?: la| thi hanh)? ?:? ?"
    r"(?P<from>(?:ngay )?(?:ke )?(?:tu|vao) ngay |ngay (?:sau khi |(?:ke )?tu ngay )?|sau |(?:ke )?tu |(?=[0-9]))"
)
_SIGNED = re.compile(r"(?:duoc )?(?:ky|ban hanh)(?![a-z])")
_DAYS_AFTER = re.compile(
    r"(?P<days>[0-9]{1,3})(?: \([^)]{1,30}\))? ngay,? ?(?:ke )?tu ngay (?:duoc )?(?:ky|ban hanh)(?![a-z])"
)
_THIS = re.compile(
    r"(?:quyet dinh|thong tu|nghi dinh|nghi quyet|van ban|quy dinh|luat|huong dan|quy che|thu tuc hanh chinh|tthc)"
    r"[a-z ]{0,30} nay "
)
_DAY = re.compile(rf"(?:ngay )?{DAY}")


def effective(text: str, issued: date | None = None) -> date | None:
    """The day from which the document that this text is of has effect, if the text says so.

    What is said of "this decision" goes before what is said of none in particular; legal bases and what ends ("hết hiệu
    lực") do not count. "Kể từ ngày ký" is the day `issued`, and "sau 10 ngày kể từ ngày ký" so many days after it; both
    are None without it. Working days are not counted.

    >>> effective("Quyết định này có hiệu lực kể từ ngày ký.", date(2022, 8, 5))
    datetime.date(2022, 8, 5)
    """
    whole = page(clean_lines(text))
    said: list[tuple[bool, date]] = []
    for found in _EFFECT.finditer(whole.flat):
        begin = max(whole.flat.rfind("\n", 0, found.start()), whole.flat.rfind(". ", 0, found.start())) + 1
        before = whole.flat[begin : found.start()].strip()
        if _BASIS.match(before):
            continue
        day = _effect(whole, found, issued)
        if day:
            said.append((bool(_THIS.search(before + " ")), day))
    own = [day for is_own, day in said if is_own]
    return next(iter(own or [day for _, day in said]), None)


def _effect(text: Page, found: re.Match[str], issued: date | None) -> date | None:
    at = found.end()
    if later := _DAYS_AFTER.match(text.flat, at):
        return _plus(issued, int(later["days"]))
    if found["from"].startswith("sau"):
        return None
    if _SIGNED.match(text.flat, at):
        return issued
    here = _DAY.match(text.flat, at)
    moment = dates.parse(here[0]) if here else None
    return moment.at.date() if moment else None


def _plus(day: date | None, days: int) -> date | None:
    try:
        return day + timedelta(days=days) if day else None
    except OverflowError:
        return None
