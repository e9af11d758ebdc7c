"""Article pages of the sample portal, in the markup (and with the faults) of the real ones."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from sample import dates
from sample.messages import weak_etag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sample.articles import Article, Attachment, Picture
    from sample.portal import Row

_LONGEST_TITLE = 90
_NAMED = (("ô", "&ocirc;"), ("à", "&agrave;"), ("â", "&acirc;"), ("é", "&eacute;"), ("ê", "&ecirc;"), ("í", "&iacute;"))
_DECIMAL = (("ộ", "&#7897;"), ("ệ", "&#7879;"), ("ạ", "&#7841;"), ("ư", "&#432;"), ("ờ", "&#7901;"), ("đ", "&#273;"))
_SPACES = (("ngày ", "ngày&nbsp;"), ("công tác ", "công tác\xa0"))
_FONT_ZOOM = (
    '<div class="font-zoom"><a class="zoom-out" href="javascript:void(0)">-</a> '
    '<span class="zoom-rate">100%</span> <a class="zoom-in" href="javascript:void(0)">+</a></div>\n'
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """An article's page, all but the frame: the parts stand before and after the "Lượt xem" counter.

    Attributes:
        title: For <title>.
        before: Title, date, body.
        views: What the counter starts from; None for pages without one.
        after: Tags.
        etag: A weak validator of the content.
    """

    title: bytes
    before: bytes
    views: int | None
    after: bytes
    etag: bytes


def render(article: Article) -> Rendered:
    """The article's own part of its page."""
    spoil = _spoiler(article.head.index)
    title = spoil(article.head.title)
    summary = f'<p class="tandan-p-article-news-summary">{spoil(article.summary)}</p>\n' if article.summary else ""
    before = (
        f'<div class="tandan-div-article">\n<p class="tandan-p-article-news-title">{title}</p>\n'
        f'<span class="tandan-span-date-publish">{dates.article_day(article.head.published)}</span>\n'
        f"{_FONT_ZOOM}{summary}{_main(article, spoil)}{_attachments(article.attachments)}"
    ).encode()
    tags = "".join(
        f'<a href="/portal/Pages/Tim-kiem.aspx?tag={number}">{escape(tag)}</a> '
        for number, tag in enumerate(article.tags)
    )
    after = (f'<div class="td-tags">{tags}</div>\n' if tags else "") + "</div>\n"
    return Rendered(
        title=escape(article.head.title).encode(),
        before=before,
        views=40 + article.head.index * 13 % 3000 if article.head.index % 3 == 0 else None,
        after=after.encode(),
        etag=weak_etag(before),
    )


def related(rows: Sequence[Row], *, empty: int | None = None) -> bytes:
    """The box "Tin mới nhất": the channel's newest articles, long titles cut; row `empty` has lost its title."""
    titles = ["" if number == empty else escape(_cut(row.head.title)) for number, row in enumerate(rows)]
    lines = "".join(
        f'<p class="tandan-p-article-other"><a href="{row.path}">{title}</a>'
        f'<span class="tandan-span-date">{dates.list_time(row.head.published)}</span></p>\n'
        for row, title in zip(rows, titles, strict=True)
    )
    return (
        '<div class="tandan-div-pager"><a href="javascript:history.back()">&lt;</a></div>\n'
        f'<div class="tandan-div-article-other">\n<p class="tandan-p-other-title">Tin mới nhất</p>\n{lines}</div>\n'
    ).encode()


def _cut(title: str) -> str:
    if len(title) <= _LONGEST_TITLE:
        return title
    return title[: title.rfind(" ", 0, _LONGEST_TITLE + 1)] + "..."


def _spoiler(index: int) -> Callable[[str], str]:
    """How the pages of this article number write a text; moduli without common factors mix all the habits."""
    if index % 23 == 11:
        return lambda text: unicodedata.normalize("NFD", escape(text))
    if index % 11 == 2:
        return partial(_replaced, changes=_DECIMAL)
    if index % 7 == 3:
        return partial(_replaced, changes=_NAMED)
    if index % 3 == 1:
        return partial(_replaced, changes=_SPACES)
    return escape


def _replaced(text: str, changes: Sequence[tuple[str, str]]) -> str:
    text = escape(text)
    for letter, written in changes:
        text = text.replace(letter, written)  # several times as fast as str.translate here
    return text


def _main(article: Article, spoil: Callable[[str], str]) -> str:
    """The body. The <div> inside the <p> is wrong, and it is what all real pages have."""
    index = article.head.index
    word = index % 17 == 4
    blocks = []
    for number, paragraph in enumerate(article.paragraphs):
        blocks.append(_paragraph(spoil(paragraph), word=word))
        blocks += [_picture(picture, spoil) for picture in article.pictures if picture.after == number]
    blocks += [article.html, "<p>&nbsp;</p>\n"]
    if article.author:
        blocks.append(f'<p style="text-align:right;"><strong>{spoil(article.author)}</strong></p>\n')
    text = "".join(blocks)
    if index % 13 == 6:
        return f'<p class="tandan-p-article-main"><div id="art-content">\n{text}</div></p>\n'
    field = '<div class="ms-rtestate-field" style="display:inline">'
    empty = f"{field}</div>\n" if index % 7 < 2 else ""
    return f'<p class="tandan-p-article-main">{empty}{field}\n{text}</div></p>\n'


def _paragraph(text: str, *, word: bool) -> str:
    if word:
        return (
            '<p class="MsoNormal" style="text-align:justify;text-indent:36.0pt"><span style="font-size:14.0pt;'
            f"font-family:'Times New Roman',serif\">{text}<o:p></o:p></span></p>\n"
        )
    return f'<p style="text-align:justify;">{text}</p>\n'


def _picture(picture: Picture, spoil: Callable[[str], str]) -> str:
    image, caption = f'<img src="{picture.src}" alt="">', spoil(picture.caption)
    if picture.form == "break":
        return f'<p style="text-align:center;">{image}<br><em>{caption}</em></p>\n'
    if picture.form == "cell":
        return f'<table align="center"><tbody><tr><td>{image}</td></tr>\n<tr><td>{caption}</td></tr></tbody></table>\n'
    return f'<p style="text-align:center;">{image}</p>\n<p style="text-align:center;">{caption}</p>\n'


def _attachments(attachments: Sequence[Attachment]) -> str:
    if not attachments:
        return ""
    links = "".join(f'<li><a href="{one.href}">{escape(one.title)}</a></li>\n' for one in attachments)
    return f'<div class="tandan-div-attachments"><p>Tệp đính kèm:</p><ul>\n{links}</ul></div>\n'
