"""Pages of portals that no profile knows: what they declare, what is found without it, and what is no article."""

import json
from collections import Counter
from pathlib import Path

import pytest
import trafilatura
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper import extract, text
from scraper.config import Config
from scraper.items import GENERIC, Page
from scraper.outcomes import Outcome
from scraper.sources import undeclared
from spiders.loader import catalogue

PAGES = Path(__file__).parent.parent / "pages"
HERE = "https://cong.example.vn/tin-tuc/hop-giao-ban-thang-bay"
SOURCE = undeclared(catalogue(Config.from_environment({})).platforms[GENERIC], HERE)
TITLE = "Ủy ban nhân dân huyện họp giao ban tháng Bảy"
LINES = [
    "Sáng nay, Ủy ban nhân dân huyện đã tổ chức hội nghị giao ban đánh giá tình hình kinh tế xã hội tháng Bảy.",
    "Hội nghị đã nghe báo cáo kết quả thu ngân sách, tiến độ giải ngân vốn đầu tư công và cải cách hành chính.",
    "Kết luận hội nghị, Chủ tịch huyện yêu cầu các xã, thị trấn tập trung phòng chống thiên tai trong mùa mưa bão.",
]
OTHER = "Bạn đọc góp ý: huyện nên công khai sớm hơn nữa kế hoạch sử dụng đất hằng năm tại trụ sở các xã."
PARAGRAPHS = "".join(f"<p>{line}</p>" for line in LINES)
MENU = "".join(
    f'<li><a href="/muc-{n}">Chuyên mục thông tin tuyên truyền số {n} của huyện nhà</a></li>' for n in range(6)
)
FRAME = """<!DOCTYPE html><html><head><title>{title} - Cổng thông tin huyện</title>{head}</head><body>
<nav><ul>{menu}</ul></nav><main>{body}</main><footer>Chịu trách nhiệm: Văn phòng huyện</footer></body></html>"""
quick = settings(max_examples=60)


def reading(body, *, role="any", title=TITLE, head="", url=HERE):
    markup = FRAME.format(title=title, head=head, body=body, menu=MENU)
    return extract.read(Page(url=url, body=markup.encode(), role=role), SOURCE)


def article(body, **how):
    found = reading(body, **{"role": "detail", **how})
    assert (found.kind, found.outcome) == ("article", Outcome.OK), found.message
    return found.article


DECLARED = (
    f'<h1>{TITLE}</h1><div itemprop="articleBody">{PARAGRAPHS}<p><img src="/anh/hop.jpg"></p>'
    '<p><a href="/tep/ket-luan.pdf">Thông báo kết luận</a></p></div>' + f"<div><p>{OTHER}</p><p>{OTHER}</p></div>"
)
STAMP = '<script type="application/ld+json">{"datePublished": "2023-07-18T16:24:00+07:00"}</script>'


def test_what_a_page_declares_as_its_body_is_the_body():
    found = article(DECLARED, head=STAMP)
    assert found.title == TITLE
    assert found.body_text.split("\n")[:3] == LINES
    assert OTHER not in found.body_text
    assert [image.url for image in found.images] == ["https://cong.example.vn/anh/hop.jpg"]
    assert [(one.url, one.title) for one in found.attachments] == [
        ("https://cong.example.vn/tep/ket-luan.pdf", "Thông báo kết luận")
    ]
    assert (found.published.at.isoformat(), found.published.precision) == ("2023-07-18T16:24:00+07:00", "minute")


def test_a_declared_body_is_believed_though_there_is_more_to_read_beside_it():
    beside = "".join(f"<p>{OTHER} Ý kiến số {n}.</p>" for n in range(6))
    found = article(f'<h1>{TITLE}</h1><div itemprop="articleBody"><p>{LINES[0]}</p></div><div>{beside}</div>')
    assert found.body_text == LINES[0]


def test_a_body_that_nothing_declares_is_found():
    found = article(f'<div class="x1"><h1>{TITLE}</h1><div class="x2">{PARAGRAPHS}</div></div>')
    assert found.title == TITLE
    assert [line for line in found.body_text.split("\n") if line != TITLE] == LINES


def test_what_is_as_long_as_the_text_and_says_something_else_is_not_the_text(monkeypatch):
    """What trafilatura finds may be scattered over the page, and its paragraphs stand in one corner of it."""
    scattered = [f"Đơn vị {n} đạt {n}" for n in range(20)]
    found = "".join(f"<p>{line}</p>" for line in (*LINES, *scattered))
    filler = "x" * len(" ".join(scattered))
    monkeypatch.setattr(trafilatura, "extract", lambda *_, **__: f"<html><body>{found}</body></html>")
    parts = "".join(f"<div><div>{line}</div></div>" for line in scattered)
    text = article(f"<h1>{TITLE}</h1><div>{PARAGRAPHS}<script>{filler}</script></div>{parts}").body_text
    assert text.split("\n") == [*LINES, *scattered]


@pytest.mark.parametrize(
    ("head", "body", "day"),
    [
        (STAMP, PARAGRAPHS, "2023-07-18"),
        ("", f'<time itemprop="datePublished" datetime="2022-02-03"></time>{PARAGRAPHS}', "2022-02-03"),
        ('<meta property="article:published_time" content="2021-12-24T08:00:00+07:00">', PARAGRAPHS, "2021-12-24"),
        ("", f"<span>Đăng ngày 05/06/2020</span>{PARAGRAPHS}", "2020-06-05"),
        ("", PARAGRAPHS, None),
    ],
)
def test_dates(head, body, day):
    published = article(f"<h1>{TITLE}</h1>{body}", head=head).published
    assert (published and published.at.date().isoformat()) == day


def rows(count):
    return "".join(
        f'<div class="dong"><h3><a href="/tin-tuc/tin-so-{n}">Huyện tổ chức hội nghị triển khai công tác quý {n}</a>'
        f"</h3><span>1{n}/07/2023</span></div>"
        for n in range(count)
    )


def test_the_rows_of_a_listing_are_those_that_repeat_and_no_menu():
    found = reading(rows(4), role="listing")
    assert [(entry.url, entry.published.at.date().isoformat()) for entry in found.entries] == [
        (f"https://cong.example.vn/tin-tuc/tin-so-{n}", f"2023-07-1{n}") for n in range(4)
    ]
    assert found.entries[2].title == "Huyện tổ chức hội nghị triển khai công tác quý 2"


def test_two_links_are_no_listing():
    assert reading(rows(2), role="listing").outcome is Outcome.DRIFT


def test_a_page_that_is_a_list_is_no_article():
    found = reading(rows(9), role="detail", title="Tin tức")
    assert found.article is None
    assert found.outcome is Outcome.DRIFT
    assert reading(rows(9)).kind == "listing"


@pytest.mark.parametrize("role", ["detail", "listing", "home", "any"])
@pytest.mark.parametrize("body", [b"", b"   ", b"<!-- -->", b"<html><body></body></html>"])
def test_an_empty_page_is_empty(body, role):
    assert extract.read(Page(url=HERE, body=body, role=role), SOURCE).outcome is Outcome.EMPTY


WORDS = st.sampled_from([*LINES, TITLE, "18/07/2023", "", "\u200b", "&amp;", "😀", "<", '"', "ngày 32/13/2023"])
OPENED = st.sampled_from(
    [
        "<p>", "</p>", "<div itemprop='articleBody'>", "</div>", "<a href='//['>", "<a href='/tin.pdf'>", "</a>",
        "<table>", "<td>", "</table>", "<li>", "<h1>", "<!--", "-->", "<script type='application/ld+json'>",
        "</script>", "<svg>", "<time itemprop='datePublished' datetime='2023-99-99'>", "<base href='http://['>",
        "<template>", "<article>",
    ]
)  # fmt: skip


@quick
@given(
    st.lists(WORDS | OPENED | st.text(max_size=12), max_size=40), st.sampled_from(["detail", "listing", "home", "any"])
)
def test_arbitrary_markup_is_read_or_told_of(pieces, role):
    found = extract.read(Page(url=HERE, body="".join(pieces).encode("utf-8", "replace"), role=role), SOURCE)
    assert found.outcome in {
        Outcome.OK, Outcome.EMPTY, Outcome.EMPTY_OK, Outcome.DRIFT, Outcome.BROKEN, Outcome.TOO_COMPLEX,
    }  # fmt: skip
    assert (found.article is not None) == (found.kind == "article")


def score(found, wanted):
    """F1 of two texts' words."""
    one, other = Counter(text.words(text.fold(found))), Counter(text.words(text.fold(wanted)))
    return 2 * sum((one & other).values()) / (sum(one.values()) + sum(other.values()))


SAVED = [file for file in sorted(PAGES.glob("*/**/*.json")) if json.loads(file.read_text("utf-8"))["kind"] == "article"]


@pytest.mark.parametrize("record", SAVED, ids=lambda file: file.relative_to(PAGES).with_suffix("").as_posix())
def test_what_is_found_without_a_profile_is_no_worse_than_trafilatura_alone(record):
    wanted = json.loads(record.read_text("utf-8"))
    markup = record.with_suffix(".html").read_bytes()
    alone = trafilatura.extract(markup, include_comments=False) or ""
    article = extract.read(Page(url=wanted["url"], body=markup, role="detail"), SOURCE).article
    assert score(article.body_text if article else "", wanted["body_text"]) >= score(alone, wanted["body_text"])
