"""Articles that tell one story and articles that only look alike: from saved ones and the sample portal, by a seed.

A family is an original with those that print it: paragraphs dropped, a heading of their own, bylines, datelines, other
ways to write a date, a quotation put in, other marks and abbreviations. Whatever else is written here is a family of
its own: the notice of another year, the form letter to somebody else, the page of another procedure.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sample import articles as sample
from sample import procedures

SAVED = Path(__file__).parent / "pages" / "stories.json"
COPIES = 2
FROM_SAMPLE = 60


def paragraphs(text: str) -> list[str]:
    """Paragraphs that a blank line parts, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


_DATELINES = (
    "(TTXVN) - Ngày {day}/{month}, phóng viên thường trú đưa tin.",
    "Cổng thông tin điện tử tỉnh - {day}/{month}/{year}",
    "BBT: Ban Biên tập trân trọng giới thiệu bài viết dưới đây.",
)
_BYLINES = (
    "Theo Báo Thanh Hóa", "Tin, ảnh: Trần Thị Bình", "Nguyễn Văn An (Nguồn: Cổng thông tin điện tử tỉnh Gia Lai)",
    "Nguồn: Trung tâm Văn hóa, Thông tin và Thể thao huyện",
)  # fmt: skip
_QUOTATIONS = paragraphs(
    """
Trao đổi với chúng tôi, bà Lê Thị Mai cho biết: “Đây là việc làm rất thiết thực, chúng tôi mong được duy trì
thường xuyên trong thời gian tới”.

“Chúng tôi sẽ tiếp tục lắng nghe ý kiến của người dân”, ông Phạm Quốc Toản nói thêm.
"""
)
_HEADINGS = ("Tin trong ngày", "Tin từ cơ sở: {few}", "{few}…", "Đọc báo: {whole}", "{first}")
_FORMS = {
    "Lịch tiếp công dân tuần {n}": """
THÔNG BÁO

Lịch tiếp công dân của lãnh đạo Ủy ban nhân dân huyện tuần {n} năm {year} Ủy ban nhân dân huyện thông báo lịch
tiếp công dân định kỳ của lãnh đạo Ủy ban nhân dân huyện như sau: đồng chí {person}, tiếp công dân vào ngày
{day}/{month}/{year}, buổi sáng từ 7 giờ 30 phút, buổi chiều từ 13 giờ 30 phút, tại Trụ sở tiếp công dân huyện.
Đề nghị các phòng, ban, đơn vị và Ủy ban nhân dân các xã, thị trấn thông báo để công dân được biết.
""",
    "Giấy mời họp": """
GIẤY MỜI

Kính gửi: {agency}

Thực hiện chương trình công tác, Văn phòng Ủy ban nhân dân tỉnh trân trọng kính mời {agency} tham dự cuộc họp về
tình hình thực hiện nhiệm vụ được giao, do đồng chí {person} chủ trì. Thời gian: bắt đầu từ 14 giờ 00 phút ngày
{day}/{month}/{year}.

Địa điểm: phòng họp số {n}, Trụ sở Ủy ban nhân dân tỉnh. Đề nghị các đại biểu tham dự đúng thành phần và thời
gian.
""",
    "Thông báo tạm ngừng cung cấp nước": """
Công ty cổ phần Cấp nước trân trọng thông báo đến quý khách hàng: để thi công đấu nối tuyến ống, công ty sẽ tạm
ngừng cung cấp nước tại khu vực {place} từ 21 giờ 00 ngày {day}/{month}/{year} đến 4 giờ 00 ngày hôm sau. Sau
thời gian trên nước sẽ được cấp trở lại bình thường, các khu vực cuối nguồn có thể chậm hơn. Kính mong quý khách
hàng dự trữ nước và thông cảm. Mọi chi tiết xin liên hệ số điện thoại {phone}.
""",
}
_PEOPLE = ("Lê Văn Hùng", "Trần Quốc Bảo", "Phạm Thị Hoa", "Đỗ Minh Tuấn", "Vũ Đình Long", "Hoàng Thị Yến")
_AGENCIES = ("Sở Nội vụ", "Sở Tài chính", "Sở Xây dựng", "Công an tỉnh", "Sở Y tế", "Thanh tra tỉnh")
_PLACES = ("phường Ba Đình", "xã Quảng Thọ", "phường Đông Vệ", "xã Hoằng Quang", "thị trấn Nưa", "phường Lam Sơn")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_NUMBER = re.compile(r"(?<![\d.,])\d{1,2}(?![\d.,])")
_DATE = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, kw_only=True)
class Told:
    """An article, and the story that it tells."""

    story: str
    title: str
    body: str
    published: datetime


def everything(seed: int) -> list[Told]:
    """All that there is, in the order of its days."""
    draw = random.Random(seed)
    saved = json.loads(SAVED.read_text("utf-8"))
    originals = [_saved(number, row) for number, row in enumerate(saved["articles"])]
    alike = [_saved(number, row) for number, row in enumerate(saved["look_alikes"], 1000)]
    news = [_of_sample(index) for index in range(FROM_SAMPLE)]
    # Notices of one year are those of the next but for their numbers; days are what a yearly event has in common.
    years = [_next_year(draw, one) for one in (*originals, *news) if _changes(one.body)]
    copies = [_retold(draw, one) for one in (*originals, *news) for _ in range(COPIES)]
    told = [*originals, *alike, *news, *copies, *years, *_forms(draw), *_procedures()]
    return sorted(told, key=lambda one: (one.published, one.title, one.body))


def _saved(number: int, row: dict[str, str]) -> Told:
    published = datetime.fromisoformat(row["published_at"])
    return Told(story=f"saved {number}", title=row["title"], body=row["body_text"], published=published)


def _of_sample(index: int) -> Told:
    article = sample.write_article(1, sample.write_head(1, index, old_from=10**6))
    body = "\n".join(article.paragraphs)
    return Told(story=f"sample {index}", title=article.head.title, body=body, published=article.head.published)


def _procedures() -> list[Told]:
    return [
        Told(
            story=f"procedure {number}",
            title=article.head.title,
            body="\n".join([*article.paragraphs, *filter(str.strip, _TAG.sub("\n", article.html).split("\n"))]),
            published=article.head.published,
        )
        for number, article in procedures.articles().items()
    ]


def _forms(draw: random.Random) -> list[Told]:
    told = []
    for title, form in _FORMS.items():
        for number in range(12):
            published = datetime(2023, 3, 1).astimezone() + timedelta(days=7 * number)
            day = published + timedelta(days=3)
            words = {
                "n": number + 9, "year": day.year, "month": day.month, "day": day.day,
                "person": draw.choice(_PEOPLE), "agency": draw.choice(_AGENCIES), "place": draw.choice(_PLACES),
                "phone": draw.randint(1_000_000, 9_999_999),
            }  # fmt: skip
            body = "\n".join(paragraphs(form)).format(**words)
            told.append(Told(story=f"{title} {number}", title=title.format(**words), body=body, published=published))
    return told


def _changes(body: str) -> bool:
    return len(_YEAR.findall(body)) > 1


def _next_year(draw: random.Random, one: Told) -> Told:
    """The notice of the same event a year later, when nobody changed more than had to be changed."""

    def later(found: re.Match[str]) -> str:
        return str(int(found[0]) + 1)

    def other(found: re.Match[str]) -> str:
        return str(draw.randint(1, 30)) if draw.random() < 0.5 else found[0]

    title, body = (_YEAR.sub(later, said) for said in (one.title, one.body))
    # No longer after than a copy may be: what tells these apart must be what they say.
    published = one.published + timedelta(days=20)
    return replace(
        one, story=f"{one.story}, next year", title=title, body=_NUMBER.sub(other, body), published=published
    )


def _retold(draw: random.Random, one: Told) -> Told:
    """The article as another portal prints it."""
    paragraphs = one.body.split("\n")
    dropped = draw.choice((0, 0.1, 0.2, 0.3, 0.4))
    kept = [paragraph for paragraph in paragraphs if draw.random() >= dropped] or paragraphs
    published = one.published + timedelta(days=draw.randint(0, 6))
    if draw.random() < 0.4:
        line = draw.choice(_DATELINES).format(day=published.day, month=published.month, year=published.year)
        kept.insert(0, line)
    if draw.random() < 0.3:
        kept.insert(draw.randrange(len(kept) + 1), draw.choice(_QUOTATIONS))
    if draw.random() < 0.6:
        kept.append(draw.choice(_BYLINES))
    body = _rewritten(draw, "\n".join(kept))
    few = " ".join(one.title.split()[:6])
    title = draw.choice(_HEADINGS).format(few=few, whole=one.title, first=kept[0][:70])
    return replace(one, title=title, body=body, published=published)


def _rewritten(draw: random.Random, body: str) -> str:
    if draw.random() < 0.4:
        form = draw.choice(("{0:02d}-{1:02d}-{2}", "{0}.{1}.{2}", "{0} tháng {1} năm {2}"))
        body = _DATE.sub(lambda found: form.format(*map(int, found.groups())), body)
    if draw.random() < 0.3:
        body = body.replace("“", '"').replace("”", '"').replace("–", "-")
    if draw.random() < 0.3:
        body = body.replace("đồng chí", "đ/c")
    return body
