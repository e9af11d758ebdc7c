"""The seed article: its saved page, and the same facts in every markup that its content system is seen to write."""

import re
import unicodedata
from itertools import product
from pathlib import Path
from urllib.parse import urljoin

import pytest
import seed
from lxml import html

from scraper.extract import read
from scraper.items import VIETNAM, Page
from scraper.outcomes import Outcome
from scraper.text import clean

SAVED = Path(__file__).parent.parent / "pages/thanh-hoa/snv/bai-viet.html"


def reading(markup, *, role="detail", content_type="text/html; charset=utf-8"):
    body = markup if isinstance(markup, bytes) else markup.encode()
    return read(Page(url=seed.ADDRESS, body=body, content_type=content_type, role=role), seed.source())


def article(markup, **how):
    found = reading(markup, **how)
    assert (found.kind, found.outcome) == ("article", Outcome.OK), found.message
    return found.article


def words(markup):
    """All words of a piece of HTML, in order."""
    return clean(" ".join(html.fragment_fromstring(markup, create_parent="div").itertext())).split()


def assert_says_the_seed(found):
    assert found.title == seed.TITLE
    assert found.published.at.isoformat() == "2023-07-18T00:00:00+07:00"
    assert found.published.at.tzinfo is VIETNAM
    assert found.published.precision == "day"
    assert found.published_raw == seed.DATE
    assert found.body_text.split("\n") == seed.PARAGRAPHS
    assert found.body_text.endswith("nói chung./.")
    assert [image.caption for image in found.images] == seed.CAPTIONS
    assert [image.url for image in found.images] == [urljoin(seed.ADDRESS, photo) for photo in seed.PHOTOS]
    assert_html_holds_both(found)
    assert [(entry.url, entry.title, entry.published.at.isoformat()) for entry in found.related] == [
        (urljoin(seed.ADDRESS, link), title, at) for link, title, _, at in seed.RELATED
    ]
    assert [entry.truncated for entry in found.related] == [True, False, True, False, False]
    assert {entry.published.precision for entry in found.related} == {"minute"}
    assert (found.counters.votes, found.counters.online, found.counters.views) == (511, 1691, None)
    assert found.language == "vi"
    assert found.author is None
    assert found.summary is None
    assert found.attachments == ()


def assert_html_holds_both(found):
    """Every word once, in the order of the page; each picture in a figure with its own caption."""
    assert words(found.body_html) == " ".join(seed.STORY).split()
    tree = html.fragment_fromstring(found.body_html, create_parent="div")
    figures = [
        (figure.xpath("string(.//img/@src)"), " ".join(figure.xpath("string(.//figcaption)").split()))
        for figure in tree.iter("figure")
    ]
    assert figures == [
        (urljoin(seed.ADDRESS, photo), caption) for photo, caption in zip(seed.PHOTOS, seed.CAPTIONS, strict=True)
    ]


def test_the_facts_are_those_of_the_seed():
    assert seed.TITLE.startswith("Cụm thi đua")
    assert seed.TITLE.endswith("năm 2023")
    assert seed.DATE == "Đăng ngày 18 - 07 - 2023"
    assert [len(seed.PARAGRAPHS), len(seed.CAPTIONS)] == [4, 3]
    assert seed.PARAGRAPHS[-1].endswith("./.")
    assert seed.CAPTIONS[1] == "Các đại biểu tham dự Hội nghị"


def test_saved_page():
    found = article(SAVED.read_bytes())
    assert found.url == seed.ADDRESS
    assert found.canonical_url == seed.ADDRESS.replace("/portal/Pages", "/portal/pages").lower()
    assert found.related[2].url.endswith("-Thi-dua-Khen-thuong9w4hzt.aspx")
    saved = SAVED.read_bytes().replace(
        b"dac-thu-moi-ban-hanh-bi-bai-bo-trong-linh-vuc-Thi-dua-Khen-thuong9w", b"dac-thu9w"
    )
    assert_says_the_seed(article(saved))


@pytest.mark.parametrize("role", ["detail", "any"])
def test_article_is_one_whatever_it_was_asked_as(role):
    assert_says_the_seed(article(seed.page(), role=role))


@pytest.mark.parametrize("layout", seed.CAPTIONED)
def test_captions(layout):
    assert_says_the_seed(article(seed.page(layout=layout)))


@pytest.mark.parametrize(("layout", "field"), list(product(seed.CAPTIONED, ["art-content", "pager and rating within"])))
def test_captions_in_other_fields(layout, field):
    assert_says_the_seed(article(seed.page(layout=layout, field=field, text="plain")))


@pytest.mark.parametrize(
    ("text", "layout"), list(product(seed.TEXTS, ["no hint at all", "divs", "figure", "table, one cell"]))
)
def test_texts(text, layout):
    assert_says_the_seed(article(seed.page(text=text, layout=layout)))


def test_lines_and_nothing_else():
    """Text, pictures and captions parted by line breaks alone, without any element around."""
    body = ""
    for paragraph, photo, caption in zip(seed.PARAGRAPHS, seed.PHOTOS, seed.CAPTIONS, strict=False):
        body += f'{paragraph}<br><br><img src="{photo}"><br>{caption}<br><br>'
    assert_says_the_seed(article(seed.page(body=body + seed.PARAGRAPHS[-1])))


@pytest.mark.parametrize("field", seed.BODIES)
def test_bodies(field):
    assert_says_the_seed(article(seed.page(field=field)))


@pytest.mark.parametrize("title", seed.TITLES)
def test_titles(title):
    assert_says_the_seed(article(seed.page(title=title)))


@pytest.mark.parametrize("date", seed.DATES)
def test_dates(date):
    assert_says_the_seed(article(seed.page(date=date)))


def test_date_without_a_class_inside_the_body():
    body = f"<p>{seed.DATE}</p><p>100%</p>" + seed.story()
    assert_says_the_seed(
        article(seed.page(body=body, date="span", field="art-content").replace(seed.DATES["span"], ""))
    )


@pytest.mark.parametrize("related", seed.RELATED_LISTS)
def test_related_lists(related):
    assert_says_the_seed(article(seed.page(related=related)))


@pytest.mark.parametrize("related", seed.RELATED_LISTS)
def test_related_lists_inside_the_body(related):
    """The list belongs to the page and not to the text, even where one element holds both."""
    body = seed.story() + seed.PAGER + seed.RELATED_LISTS[related] + seed.RATING
    assert_says_the_seed(article(seed.page(field="art-content", body=body, related=None)))


@pytest.mark.parametrize("counters", seed.COUNTERS)
def test_counters(counters):
    assert_says_the_seed(article(seed.page(counters=counters)))


def upper_case(markup):
    return re.sub(r"<(/?)([a-z0-9]+)", lambda tag: f"<{tag[1]}{tag[2].upper()}", markup)


def entities(markup):
    return markup.encode("ascii", "xmlcharrefreplace").decode()


DOCUMENTS = {
    "upper case": upper_case,
    "windows line ends": lambda markup: markup.replace("\n", "\r\n").replace(". ", ".\r\n"),
    "no doctype, no head": lambda markup: markup[markup.index("<body") :].replace(
        "<body>", f"<title>{seed.TITLE}</title><body>"
    ),
    "xhtml": lambda markup: (
        '<?xml version="1.0" encoding="iso-8859-1"?>\n'
        + markup.replace("<html", '<html xmlns="http://www.w3.org/1999/xhtml"').replace("<br>", "<br />")
    ),
    "decimal entities": entities,
    "NFD": lambda markup: unicodedata.normalize("NFD", markup),
    "NBSP for spaces": lambda markup: re.sub(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f<])", "\xa0", markup),
    "zero width spaces": lambda markup: markup.replace("ội ", "ội\u200b "),
    "comments": lambda markup: markup.replace("<p ", "<!--[if gte mso 9]><xml>100</xml><![endif]--><p "),
    "unclosed": lambda markup: re.sub(r"</p>(?=\s*<p style)|</li>", "", markup),
    "cut at the very end": lambda markup: markup[: markup.index("</form>")],
    "controls": lambda markup: markup.replace("ội ", "ội\x01 ").replace("</p>", "\x00</p>"),
}


@pytest.mark.parametrize(("document", "layout"), list(product(DOCUMENTS, ["centred paragraphs", "no hint at all"])))
def test_documents(document, layout):
    assert_says_the_seed(article(DOCUMENTS[document](seed.page(layout=layout))))


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8", "text/html; charset=iso-8859-1"),
        ("utf-8", ""),
        ("utf-8-sig", "text/html; charset=windows-1258"),
        ("utf-16", "text/html"),
    ],
)
def test_encodings(encoding, content_type):
    assert_says_the_seed(article(seed.page().encode(encoding), content_type=content_type))


def test_summary_is_no_part_of_the_body():
    said = "Ngày 14/7, tại Thanh Hóa, Cụm thi đua đã sơ kết công tác 6 tháng."
    summary = f'<p class="tandan-p-article-news-summary">{said}</p>'
    outside = article(seed.page().replace(seed.ZOOM, summary + seed.ZOOM))
    inside = article(seed.page(field="art-content", body=summary + seed.story()))
    assert outside.summary == inside.summary == said
    assert outside.body_text.split("\n") == inside.body_text.split("\n") == seed.PARAGRAPHS


def test_author_at_the_end_is_named_and_kept():
    found = article(seed.page(body=seed.story() + '<p style="text-align:right"><strong>Nguyễn Văn An</strong></p>'))
    assert found.author == "Nguyễn Văn An"
    assert found.body_text.split("\n") == [*seed.PARAGRAPHS, "Nguyễn Văn An"]


def test_attachments_are_named_by_their_links():
    box = (
        '<div class="tandan-div-article-attach"><a href="/portal/VanBan/2023-07/ef8ae3311d0bcfddK%20ho%20c.pdf">'
        "Kế hoạch thi đua</a></div>"
    )
    link = (
        '<p><a href="..\\..\\VanBan/2023-07/bieu.XLSX?x=1#a" title="Biểu mẫu"><img src="/_layouts/15/xlsx.png"></a></p>'
    )
    found = article(seed.page(body=seed.story() + link).replace(seed.PAGER, box + seed.PAGER))
    assert [(one.title, one.media_type.rsplit(".")[-1], one.url.rsplit("/")[-1]) for one in found.attachments] == [
        ("Biểu mẫu", "sheet", "bieu.XLSX?x=1"),
        ("Kế hoạch thi đua", "application/pdf", "ef8ae3311d0bcfddK%20ho%20c.pdf"),
    ]


def test_two_copies_of_the_page_differ_in_counters_only():
    """Counters, tokens and clocks change at every hit and must not make a new version."""
    one = article(seed.page())
    other = article(seed.page().replace("511", "512").replace("1691", "7").replace("/wEPDwUK", "/wEPDwUL"))
    assert (other.counters.votes, other.counters.online) == (512, 7)
    assert (one.title, one.body_text, one.body_html, one.images) == (
        other.title,
        other.body_text,
        other.body_html,
        other.images,
    )
