"""Bodies: what is a caption and what is text, and that no word is lost."""
# ruff: noqa: E501 - a piece of markup reads best in one line

import re
from collections import Counter

import pytest
import seed
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from scraper import body
from scraper.extract import read, tree
from scraper.items import Page, Reading
from scraper.text import clean

BASE = "https://snv.thanhhoa.gov.vn/portal/Pages/2023-7-18/a.aspx"
SOURCE = seed.source()
NOISE = SOURCE.layout.noise
quick = settings(max_examples=100)

PICTURE = '<p><img src="/portal/Photos/a.jpg"></p>'
SENTENCE = "Hội nghị đã nghe báo cáo tổng hợp kết quả công tác thi đua, khen thưởng sáu tháng đầu năm của các đơn vị."


def body_of(markup, noise=()):
    return body.read(tree(f"<div>{markup}</div>".encode()), BASE, noise)


def captions(markup):
    return [image.caption for image in body_of(markup, NOISE).images]


@pytest.mark.parametrize(
    ("after", "caption"),
    [
        ("<p>Các đại biểu tham dự Hội nghị</p>", "Các đại biểu tham dự Hội nghị"),
        ("<p><em>Các đại biểu tham dự Hội nghị.</em></p>", "Các đại biểu tham dự Hội nghị."),
        ('<p style="text-align:center">Ảnh: Nguyễn An.</p>', "Ảnh: Nguyễn An."),
        (f"<p>{SENTENCE}</p>", ""),
        (f"<p>{SENTENCE} {SENTENCE} {SENTENCE}</p>", ""),
        (f'<p style="text-align:center"><em>{SENTENCE * 4}</em></p>', ""),
        ("<p>Tham dự Hội nghị có:</p>", ""),
        ("<p>1. Mục đích, yêu cầu</p>", ""),
        ("<p>II. Nội dung</p>", ""),
        ("<p>- Tổ chức thực hiện</p>", ""),
        ("<p><strong>Kết quả thực hiện</strong></p>", ""),
        ('<p style="text-align:center"><b>KẾ HOẠCH THỰC HIỆN</b></p>', ""),
        ('<p style="text-align:right"><strong>Nguyễn Văn An</strong></p>', ""),
        ("<p>100%</p><p>Các đại biểu</p>", "Các đại biểu"),
        (PICTURE.replace("a.jpg", "/_layouts/15/icon.png") + "<p>Các đại biểu</p>", "Các đại biểu"),
        ("", ""),
    ],
)
def test_what_is_a_caption(after, caption):
    found = body_of(f"<div><p>{SENTENCE}</p>{PICTURE}{after}</div>", NOISE)
    assert [image.caption for image in found.images] == [caption]
    assert caption or clean(html.fromstring(f"<p>{after}</p>").text_content()) in found.text.replace("\n", " ")


def test_two_pictures_with_one_address_have_each_their_own_caption():
    markup = f"{PICTURE}<p>Ảnh thứ nhất</p><p>{SENTENCE}</p>{PICTURE}<p>Ảnh thứ hai</p>"
    assert captions(markup) == ["Ảnh thứ nhất", "Ảnh thứ hai"]


def test_pictures_side_by_side_share_the_caption_of_the_last():
    assert captions(f"{PICTURE}{PICTURE}<p>Các đại biểu</p>") == ["", "Các đại biểu"]


@pytest.mark.parametrize(
    "paragraph",
    [
        f'<p>{SENTENCE} <img src="/a.jpg"><br><em>Các đại biểu</em><br>{SENTENCE}</p>',
        f'<div>{SENTENCE}<img src="/a.jpg"><div>Các đại biểu</div>{SENTENCE}</div>',
        f'<center>{SENTENCE}<br><img src="/a.jpg"><br>Các đại biểu<br><br>{SENTENCE * 3}</center>',
    ],
)
def test_picture_between_words_stays_between_them(paragraph):
    found = body_of(paragraph)
    words = clean(" ".join(html.fromstring(f"<div>{found.html}</div>").itertext()))
    assert words == clean(" ".join(html.fromstring(f"<div>{paragraph}</div>").itertext()))
    assert [image.caption for image in found.images] == ["Các đại biểu"]
    assert found.text.count(SENTENCE[:20]) == paragraph.count(SENTENCE[:20])


@pytest.mark.parametrize(
    ("image", "address"),
    [
        ('<img src="/portal/Photos/a b.jpg">', "https://snv.thanhhoa.gov.vn/portal/Photos/a%20b.jpg"),
        ('<img src="a.jpg">', "https://snv.thanhhoa.gov.vn/portal/Pages/2023-7-18/a.jpg"),
        ('<img src="/blank.gif" data-src="/b.jpg">', "https://snv.thanhhoa.gov.vn/b.jpg"),
        ('<img data-original="/b.jpg">', "https://snv.thanhhoa.gov.vn/b.jpg"),
        ('<img src="data:image/png;base64,AAAA">', None),
        ("<img>", None),
        ('<img src="javascript:alert(1)">', None),
        ('<img src="/_layouts/15/images/pdf.png">', None),
        ('<img src="/portal/ImageAds/banner.jpg">', None),
    ],
)
def test_pictures(image, address):
    found = body_of(f"<p>{image}</p><p>{SENTENCE}</p>")
    assert [one.url for one in found.images] == ([address] if address else [])
    assert found.html.count("<img") == len(found.images)


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>", '<img src="/a.jpg" onerror="alert(1)">', '<a href="javascript:alert(1)">x</a>',
        '<a href=" java&#10;script:alert(1)">x</a>', '<iframe src="https://evil.example"></iframe>',
        "<style>p { background: url(javascript:alert(1)) }</style>", '<p style="position:fixed" onclick="alert(1)">x</p>',
        "<svg><script>alert(1)</script></svg>", "<svg onload=alert(1)>", "<math><mtext><script>alert(1)</script></mtext></math>",
        '<form action="https://evil.example"><input name="p"></form>', "<object data='x'></object>", "<base href='//evil'>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>", "<![CDATA[<script>alert(1)</script>]]>",
        "<template><script>alert(1)</script></template>", '<meta http-equiv="refresh" content="0;url=//evil">',
        '<img src="//evil.example/a.jpg" srcset="javascript:alert(1)">', "<xmp><script>alert(1)</script></xmp>",
    ],
)  # fmt: skip
def test_html_is_harmless(attack):
    found = body_of(f"<p>{SENTENCE}</p>{attack}<p>{SENTENCE}</p>")
    assert not re.search(
        r"<(script|style|iframe|object|form|svg|math|base|meta|template)|<[^>]+\s(on\w+|style|srcset)=", found.html
    )
    assert not re.search(r"""(href|src)=["']?\s*(javascript|data):""", found.html, re.IGNORECASE)
    assert found.text.count(SENTENCE) == 2


def test_links_are_absolute_and_lead_somewhere():
    found = body_of('<p><a href="/a">a</a> <a href="b.aspx#c">b</a> <a href="javascript:x()">c</a></p>')
    assert re.findall(r'href="([^"]*)"', found.html) == [
        "https://snv.thanhhoa.gov.vn/a",
        "https://snv.thanhhoa.gov.vn/portal/Pages/2023-7-18/b.aspx",
    ]
    assert found.text == "a b c"


def test_tables_and_lists_keep_their_form():
    found = body_of("<table><tr><td>Một</td><td>Hai</td></tr></table><ul><li>Ba</li><li>Bốn</li></ul>")
    assert found.text == "Một\nHai\nBa\nBốn"
    assert "<td>Hai</td>" in found.html
    assert "<li>Bốn</li>" in found.html


def test_nothing():
    for markup in ("", " ", "<p>&nbsp;</p>", "<!-- -->", "<div><br></div>"):
        assert body_of(markup).text == body_of(markup).html.strip("<br>/div ") == ""


# --- properties

WORDS = [f"từ{number}" for number in range(40)] + ["100%", "&lt;", "511 người đã bình chọn", "Các đại biểu", SENTENCE]
TAGS = [
    "p",
    "div",
    "em",
    "b",
    "span",
    "center",
    "table",
    "tr",
    "td",
    "figure",
    "figcaption",
    "ul",
    "li",
    "h2",
    "a",
    "i",
    "caption",
]
SOUP = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.sampled_from(TAGS).map("<{}>".format),
        st.sampled_from(TAGS).map("</{}>".format),
        st.sampled_from(
            [
                '<img src="/a.jpg">',
                '<img src="/b.jpg">',
                "<img>",
                "<br>",
                "&nbsp;",
                "\n",
                " ",
                '<p style="text-align:center">',
                '<p align="right">',
                "<!-- c -->",
                "<hr>",
                "<o:p></o:p>",
                '<div class="photo-caption">',
                '<div class="ms-rtestate-field">',
                '<div id="art-content">',
                "<h3>Tin mới nhất</h3>",
                '<a href="/portal/Pages/2023-7-18/b.aspx">',
                "Đăng ngày 18 - 07 - 2023",
            ]
        ),
    ),
    max_size=40,
).map(" ".join)


def visible(markup):
    root = html.document_fromstring(f"<div>{markup}</div>")
    return Counter(clean(" ".join(root.itertext())).split())


@quick
@given(SOUP)
def test_no_word_is_lost_and_none_is_said_twice(soup):
    found = body_of(soup)
    said = Counter(found.text.split())
    for image in found.images:
        said += Counter(image.caption.split())
    assert said == visible(soup)
    assert visible(found.html) == visible(soup)


@quick
@given(SOUP)
def test_noise_is_all_that_is_lost(soup):
    found = body_of(soup, NOISE)
    said = Counter(found.text.split())
    for image in found.images:
        said += Counter(image.caption.split())
    lost = visible(soup) - said
    assert not said - visible(soup)
    assert set(lost) <= {"100%", "<", "511", "người", "đã", "bình", "chọn"}


@quick
@given(SOUP)
def test_reading_the_result_again_changes_no_word(soup):
    once = body_of(soup)
    again = body_of(once.html)
    assert visible(again.html) == visible(once.html)
    assert [image.url for image in again.images] == [image.url for image in once.images]


ANYTHING = st.one_of(
    st.binary(max_size=400),
    SOUP.map(str.encode),
    st.text(alphabet="<>/ \"'=&;!-[]abcdiv\x00\ud7ff\xa0ộ", max_size=200).map(
        lambda soup: soup.encode("utf-8", "replace")
    ),
    st.tuples(st.binary(max_size=60), SOUP).map(
        lambda parts: b'<div class="ms-rtestate-field">' + parts[0] + parts[1].encode()
    ),
)
ROLES = st.sampled_from(["detail", "listing", "feed", "sitemap", "any"])


@settings(max_examples=100)
@given(
    ANYTHING,
    ROLES,
    st.sampled_from(["", "gzip", "deflate", "br"]),
    st.sampled_from(["", "text/html; charset=utf-16", "; charset=hex"]),
)
def test_any_bytes_are_a_reading(markup, role, coding, content_type):
    page = Page(url=BASE, body=markup, role=role, content_encoding=coding, content_type=content_type)
    found = read(page, SOURCE)
    assert isinstance(found, Reading)
    assert (found.kind == "article") is (found.article is not None)
    assert found.article is None or (found.article.title and "\x00" not in found.article.body_html)


@quick
@given(ANYTHING)
def test_whatever_is_added_around_the_seed_is_a_reading(junk):
    whole = seed.page().encode()
    assert isinstance(read(Page(url=BASE, body=junk + whole, role="detail"), SOURCE), Reading)
    assert isinstance(
        read(Page(url=BASE, body=whole[: len(whole) // 2] + junk + whole[len(whole) // 2 :]), SOURCE), Reading
    )


@pytest.mark.parametrize(
    "address", ["", "x", "http://", "https://snv.thanhhoa.gov.vn/\x00", "file:///a", "http://a/" + "b" * 5_000]
)
def test_page_with_an_impossible_address_is_a_reading(address):
    assert isinstance(read(Page(url=address, body=seed.page().encode()), SOURCE), Reading)
