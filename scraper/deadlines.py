"""Days until when a reader may or must act, as notices print them: comments, applications, auctions, postings. Pure.

A day counts where its sentence has three things: words before the day that say "until" (`_UNTIL`), what is to be done
by then (`_LABEL`, `_ACTS`; these may stand in the heading above), and nothing that makes it another day (`_OTHER_DAY`):
a report of what was done, a condition of a law, what recurs, a validity, an office's task. The lists are closed, and
what they leave out is no deadline: a wrong day in a calendar is worse than one that is missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Literal, cast

from scraper import dates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scraper.items import Moment

Act = Literal["comments", "applications", "auction", "posting", "other"]
"""What is to be done by then: comment on a draft, apply or enter, bid, look at what is posted up, anything else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """Until when something may or must be done, as it is printed: "trước ngày 30/11" is the 30th.

    `evidence` is the sentence that says so; where a heading says what is to be done, that is its first line.
    """

    on: Moment
    what: Act
    evidence: str


MOST = 20
"""Of one text: what has more is a timetable."""
_MOST_DAYS = 500
"""Of one text, that are looked at."""
FARTHEST = timedelta(days=366)
"""After the day of publication. What is farther off is a plan, or the end of a licence."""
_NEXT_YEAR = timedelta(days=183)
"""How far ahead a day printed without its year may be."""
_LONGEST_SENTENCE = 800
_LONGEST_HEADING = 160
_HEADINGS = 3
"""Lines above a sentence that may say what it is about."""
_BESIDE = 64
"""Letters before a day in which "until" and a time of day stand."""
_AFTER_LABEL, _AFTER_ACT = 160, 300
"""How far from a label, or from what is to be done, its day may stand."""

_NUMBER = re.compile(r"[0-9]{1,2}(?= ?(?:[/.-] ?[0-9]|[tT][hH]))")
_DAY = re.compile(
    r"(?<![\d/.,-])(?P<day>\d{1,2}) ?(?:(?P<sign>[/.-]) ?(?P<month>\d{1,2})(?: ?(?P=sign) ?(?P<year>\d{4}|\d\d))?"
    r"|tháng (?P<named>\d{1,2})(?: ?/ ?(?P<of>\d{4}))?)(?:,? ?năm (?P<said>\d{4}))?"
    r"(?!\d|[/.-]\d|/[A-Za-zĐđ])",
    re.IGNORECASE,
)
_CLOCK = r"\d{1,2} ?(?:giờ|h|g|:) ?(?:\d\d?(?::\d\d)?(?! ?[/\d]))? ?(?:phút|['’′])?"
_FILLER = rf"(?:[ ,(]|{_CLOCK}|(?:ngày|vào|lúc|hồi|đúng|của|sáng|chiều|thứ \w+|chủ nhật)(?!\w)|(?<=\w) ?:)*+$"
_UNTIL = re.compile(
    r"(?:(?<!\w)(?:(?P<firm>(?<!đặt )trước|(?:chậm|muộn) nhất(?: (?:là|vào|trước|đến|hết))*|(?:(?:đến|tới) )?hết)"
    r"|(?P<loose>đến|tới)|(?P<bare>là|vào|ngày|lúc))(?!\w)|(?P<dash>[-–—→÷]|->)|(?P<colon>:)|(?P<line>\n))"
    rf"(?P<beside>{_FILLER})"
)
_RANGE = re.compile(r"\d[/.]\d{1,4}[ ,)]{0,3}(?:[-–—→÷]|->|(?:đến|tới|hết)(?!\w))[^;]{0,30}\d[/.]\d")
_RANGE_FOLLOWS = re.compile(
    r"[ ,)]{0,3}(?:[-–—→÷]|->|(?:cho )?(?:đến|tới)(?!\w))[^.;]{0,30}\d(?:[/.]\d| tháng)", re.IGNORECASE
)

# What is to be done, in the words of notices; the last one before the day counts.
_ACTS: dict[Act, str] = {
    "comments": r"góp ý|ý kiến(?! (?:chỉ đạo|kết luận|của cử tri|thẩm định))|phản biện",
    "auction": r"(?:tham gia|đăng ký|hồ sơ|phiếu) (?:đấu giá|đấu thầu|trả giá)|báo giá|chào giá|chào hàng|dự thầu|"
    r"mời thầu|đóng thầu|tiền đặt trước",
    "posting": r"niêm yết|công khai",
    "applications": r"(?:nộp|nhận|gửi|thu|bán|mua|phát hành|bổ sung|hoàn thiện)(?: lại)? (?:hồ sơ|phiếu|đơn|bài|"
    r"tác phẩm|sản phẩm)|hồ sơ (?:dự|tham gia|đăng ký|xin|ứng)|hồ sơ(?: [^\W\d]+){0,4} (?:nộp|gửi|nhận)|phiếu đăng ký|"
    r"bài (?:dự )?thi|tác phẩm|dự tuyển|xét tuyển|tuyển sinh|nhập học|đề cử|"
    r"đăng ký(?! (?:khai|kết hôn|kinh doanh|thường trú|tạm trú|đất|hộ))",
    "other": r"nộp(?! ngân sách)|gửi|đóng (?:học )?phí|(?:tiếp )?nhận(?= (?:đến|hết|từ|trước))|xác nhận|báo cáo|"
    r"phản hồi|trả lời|khai báo|kê khai|(?<!tài khoản )thanh toán|bình chọn|khảo sát|phản ánh",
}
_ACT = re.compile(r"(?<!\w)(?:" + "|".join(f"(?P<{kind}>{words})" for kind, words in _ACTS.items()) + r")(?!\w)")
_LABEL = re.compile(
    r"(?<!\w)(?:(?P<last>(?<!đáo )hạn (?:chót|cuối(?: cùng)?)|(?:thời điểm )?đóng thầu)|(?P<time>thời gian)|thời hạn|"
    r"(?<!giới |niên |ngắn )(?<!quá |đáo |dài )(?<!kỳ |vô )(?<!trung )hạn(?! (?:chế|mức|hán|điền)))(?!\w)"
)
# Of "bidding" all that such a notice asks for is a part.
_BIDDING = re.compile(r"(?<!\w)(?:(?:bán )?đấu giá|đấu thầu|gói thầu|mời thầu|(?:chào|báo) giá|chào hàng)(?!\w)")
_NUMBERED = r"[-+*•–(). \d]{0,8}(?:[a-hđ][).] ?)?"
_BEGINS = re.compile(r" (?:bắt đầu|mở)(?!\w)")
# The label over a day that has a line for itself, as a table's cells become lines.
_LAST_DAY = re.compile(rf"{_NUMBERED}(?:(?:thời hạn|hạn)(?!\w)|(?:thời gian|ngày) kết thúc)")
_TIME_ALONE = re.compile(
    rf"{_NUMBERED}(?:(?:về )?thời (?:gian|hạn)(?: là)? ?:? ?|tại [^:\n]{{1,80}}: ?)?(?:(?:bắt đầu )?(?:kể )?từ(?!\w)|$)"
)
_ACT_FIRST = re.compile(rf"{_NUMBERED}(?:{'|'.join(_ACTS.values())})(?!\w)")

# After a day: what it decides is said, and not what is to be done; or it is that day of every year.
_NO_ASKING = re.compile(
    r"[ ,)]{0,3}(?:thì|vẫn|được|sẽ|(?:của )?(?:năm (?:sau|trước|kế|tiếp|liền)|hằng|hàng|mỗi))(?!\w)"
)
# Between what is to be done and the day: what an office will do.
_OFFICE = re.compile(
    r"(?<!\w)(?:sẽ|dự kiến|(?:thông báo|công bố|trả) (?:lịch|kết quả|danh sách)|mở (?:thầu|hồ sơ))(?!\w)"
)
# What offices do, too: it is asked for where a word says so, or where the sentence begins with it.
_ALSO_OFFICES = frozenset({"báo cáo", "phản hồi", "trả lời"})
_ASKING = re.compile(r"(?<!\w)(?:đề nghị|yêu cầu|vui lòng|xin|kính|mong|mời|phải|cần|hãy|gửi về)(?!\w)")

# A label, and "là ngày" or a day alone: nothing else stands between them.
_NEAR = re.compile(r"[^.;:\d]{0,80}(?:: ?)?")
_FROM = re.compile(r"(?<!\w)từ(?!\w)")
_DONE = r"nộp|gửi|(?:tiếp )?nhận|đăng ký|niêm yết|công khai|lấy ý kiến|góp ý|có ý kiến|bán|báo cáo"
_OTHER_DAY = re.compile(
    rf"(?<!\w)(?:đã (?:được |tổ chức |có )?(?:{_DONE})|tính (?:đến|từ)|(?:hằng|hàng) (?:tuần|tháng|quý|năm)|định kỳ|"
    r"hứa|hiệu lực|tiếp tục (?:được|thực hiện|giải quyết|áp dụng|sử dụng)|chuyển tiếp|trở về trước|"
    rf"(?:khóa|cấm|dừng|ngừng|ngưng|hoãn) (?:việc )?(?:{_DONE})|không (?:tiếp )?nhận|giá trị (?:sử dụng|đến)|"
    r"phấn đấu|giao (?:cho )?(?:sở|ubnd|ủy ban|phòng|ban|văn phòng)|tham mưu)(?!\w)"
)
# What is done "before" a day where that is no reader's act: born, issued, graduated before it.
_ANOTHER_ACT = re.compile(
    r"(?<!\w)(?:sinh|cấp|ban hành|thành lập|công tác|sử dụng|xảy ra|phát sinh|tốt nghiệp|hoàn thành|diễn ra|tổ chức|"
    r"khai mạc|tuyển dụng|(?<!đăng )ký|kết thúc|thi|công bố|có mặt|làm việc|kéo dài|áp dụng|thực hiện)(?: xong)?[ ,(]*$"
)
_ENDS = re.compile(r"(?<=[^0-9A-ZĐ][.!?;]) |(?<=\d\d[.!?;]) (?!\d)")


def read(title: str, text: str, published: date | None) -> tuple[Deadline, ...]:
    """The deadlines that a notice with this title and text (one paragraph a line) prints, in their order, each once.

    `published` is its day of publication in Việt Nam: an earlier day is no deadline, and one without its year is of
    that year or the next. Where it is None, only days with their year are read.

    >>> [one.on.at.isoformat() for one in read("", "Hạn nộp hồ sơ: trước 17h00 ngày 20/7/2023.", date(2023, 6, 20))]
    ['2023-07-20T17:00:00+07:00']
    """
    return _once(islice(timely(_found(title, f"{title}\n{text}", published), published), MOST))


def timely(found: Iterable[Deadline], published: date | None) -> Iterator[Deadline]:
    """Those that are no earlier than the day of publication, and not much later; all where it is not known."""
    for one in found:
        if published is None or timedelta() <= one.on.at.date() - published <= FARTHEST:
            yield one


def _once(found: Iterable[Deadline]) -> tuple[Deadline, ...]:
    """Each day once for each act; one whose hour is known stands for the same without it."""
    kept: dict[tuple[date, Act], Deadline] = {}
    for one in found:
        key = one.on.at.date(), one.what
        if key not in kept or (kept[key].on.precision == "day" and one.on.precision == "minute"):
            kept[key] = one
    named = {day for day, what in kept if what != "other"}
    return tuple(one for (day, what), one in kept.items() if what != "other" or day not in named)


def _found(title: str, text: str, published: date | None) -> Iterator[Deadline]:
    bidding = bool(_BIDDING.search(title.lower()))
    for day, until in islice(_days(text), _MOST_DAYS):
        if on := _moment(day, until, published):
            one = _Sentence(text, day, until)
            if what := one.what(bidding=bidding):
                yield Deadline(on=on, what=what, evidence=one.evidence)


def _days(text: str) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """The days of a text that "until" stands before, and that."""
    # Where a number begins that may be one, and nowhere else: most of a text is none.
    for number in _NUMBER.finditer(text):
        if day := _DAY.match(text, number.start()):
            before = text[max(0, day.start() - _AFTER_LABEL) : day.start()].lower()
            until = _UNTIL.search(before, max(0, len(before) - _BESIDE))
            # "Ngày" stands before most days, and says "until" only after a label.
            if until and not (until["bare"] and "hạn" not in before and "thầu" not in before):
                yield day, until


def _moment(day: re.Match[str], until: re.Match[str], published: date | None) -> Moment | None:
    """The day with the time of day that stands between "until" and it."""
    beside = until["beside"]
    number, month = int(day["day"]), int(day["month"] or day["named"])
    year = day["year"] or day["of"] or day["said"]
    if year is None:
        is_day = day["named"] or (day["sign"] == "/" and ("ngày" in beside or "từ ngày" in until.string[-_BESIDE:]))
        if published is None or not is_day:
            return None
        year = str(_year(number, month, published))
    moment = dates.parse(f"{beside}{number}/{month}/{year}")
    return moment and replace(moment, at=moment.at.replace(second=0))


def _year(day: int, month: int, published: date) -> int | None:
    """The year of a day printed without one: that of publication, or the next one where it would lie before it."""
    for year in (published.year, published.year + 1):
        try:
            if timedelta() <= date(year, month, day) - published <= _NEXT_YEAR:
                return year
        except ValueError:
            continue
    return None


class _Sentence:
    """The sentence around a day, and the heading above it."""

    def __init__(self, text: str, day: re.Match[str], until: re.Match[str]) -> None:
        start, end = _bounds(text, day)
        self._until = until
        self._is_range = bool(until["loose"] or until["dash"])
        self._has_hour = bool(until["loose"] and re.search(r"\d", until["beside"]))
        begin = max(start, day.start() - len(until[0]))
        self._before, self._after = text[start:begin].lower(), text[day.end() : end]
        self._whole = text[start:end]
        self._above = text[max(0, start - _HEADINGS * _LONGEST_HEADING) : start]
        self.evidence = self._whole.strip()

    def what(self, *, bidding: bool) -> Act | None:
        """What is to be done until that day; None where it is another day. `bidding` says that all is about that."""
        act = self._labelled(self._before) or self._asked(self._before)
        if act == "posting" and self._until["firm"] and "hết" not in self._until["firm"]:
            return None  # by then it is to be posted up
        if act is None and (self._until["line"] or _TIME_ALONE.match(self._before)):
            act = self._headed()
        if act is None or self._is_another():
            return None
        if act in {"applications", "other"} and (bidding or _BIDDING.search(self.evidence.lower())):
            return "auction"
        return act

    def _is_another(self) -> bool:
        """Whether something makes of the day another one than that until when something is asked for."""
        if _RANGE_FOLLOWS.match(self._after) or _NO_ASKING.match(self._after.lower()):
            return True
        return bool(_ANOTHER_ACT.search(self._before) or _OTHER_DAY.search(self._whole.lower()))

    def _labelled(self, before: str) -> Act | None:
        """By a label, as in "thời hạn nhận hồ sơ": then any word or sign may lead to the day."""
        for label in reversed(list(_LABEL.finditer(before))):
            between = before[label.end() :]
            if len(between) > _AFTER_LABEL or ";" in between or _OFFICE.search(between) or _BEGINS.match(between):
                return None
            if self._until["bare"] and (label["time"] or not _NEAR.fullmatch(between)):
                continue
            if act := _first(_ACT.finditer(between)):
                return act
            if label["last"]:
                return _first(reversed(list(_ACT.finditer(before)))) or ("auction" if "thầu" in label[0] else "other")
        return None

    def _asked(self, before: str) -> Act | None:
        """By what readers are asked for, as in "gửi ý kiến về Sở trước ngày": then the words must say "until"."""
        acts = list(_ACT.finditer(before, max(0, len(before) - _AFTER_ACT)))
        if not acts:
            return None
        between = before[acts[-1].end() :]
        if ";" in between or _OFFICE.search(between) or _RANGE.search(between):
            return None
        if not (self._until["firm"] or (self._is_range and (self._has_hour or _FROM.search(between)))):
            return None
        if acts[-1][0] in _ALSO_OFFICES and not (_ASKING.search(before) or _ACT_FIRST.match(before)):
            return None
        return _first(reversed(acts))

    def _headed(self) -> Act | None:
        """By the heading above, as in "Thời gian, địa điểm nhận hồ sơ" over "- Thời gian: từ ngày … đến ngày …"."""
        if self._until["bare"]:
            return None
        for line in reversed(self._above.rstrip("\n").split("\n")[-_HEADINGS:]):
            low = line.lower()
            act = _first(_ACT.finditer(low))
            labelled = bool(_LABEL.search(low))
            if self._until["line"] and not _LAST_DAY.match(low):
                return None
            if act and len(line) <= _LONGEST_HEADING and (labelled or _ACT_FIRST.match(low)):
                self.evidence = f"{line.strip()}\n{self.evidence}"
                return act
            if labelled:
                return None
        return None


def _first(acts: Iterable[re.Match[str]]) -> Act | None:
    """The first of some acts that is told apart; else the first."""
    kinds = [cast("Act", one.lastgroup) for one in acts]
    return next((kind for kind in kinds if kind != "other"), kinds[0] if kinds else None)


def _bounds(text: str, day: re.Match[str]) -> tuple[int, int]:
    """Where the sentence around a day begins and ends; it is on one line, and within bounds."""
    start = max(text.rfind("\n", 0, day.start()) + 1, day.start() - _LONGEST_SENTENCE)
    end = text.find("\n", day.end())
    end = min(len(text) if end < 0 else end, day.end() + _LONGEST_SENTENCE)
    for found in _ENDS.finditer(text, start, end):
        if text[found.end() : found.end() + 1].islower():
            continue
        if found.end() <= day.start():
            start = found.end()
        elif found.start() >= day.end():
            return start, found.start()
    return start, end
