"""Redesigns of portals: seeded mutants of pages, to see whether a crawl finds out that a portal is not what it was.

A redesign does the same to every page of a portal, so what it does to an element hangs on the seed and on the
element's classes and tag alone. It knows nothing of any selector, nor of how redesigns are found.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.etree import _Element as Element

    from scraper.items import Article, Entry, Reading

KINDS = ("classes renamed", "classes dropped", "nodes moved", "tags changed", "template swapped")
_TAGS = (
    "ul",
    "ol",
    "li",
    "table",
    "tbody",
    "tr",
    "td",
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "span",
    "article",
    "section",
    "header",
)
_OTHERS = ("div", "section", "span", "p", "dd", "li")
_SHARES = (0.25, 0.5, 1.0)
_FIXED = frozenset({"html", "head", "body", "form", "a", "script", "style", "title", "meta", "link"})


@dataclass(frozen=True, kw_only=True)
class Redesign:
    """What one portal does to its pages at a time."""

    kind: str
    seed: int

    def __call__(self, markup: bytes, before: Reading) -> bytes:
        """The page as it looks after the redesign; `before` is what there was to be read of it."""
        if self.kind == "template swapped":
            page = _article(self, before.article) if before.article else _rows(self, before.entries, markup)
            return page.encode()
        root = etree.fromstring(markup, etree.HTMLParser(encoding="utf-8"))
        {
            "classes renamed": self._rename,
            "classes dropped": self._drop,
            "nodes moved": self._move,
            "tags changed": self._retag,
        }[self.kind](root)
        return etree.tostring(root, encoding="utf-8", method="html", doctype="<!DOCTYPE html>")

    def draw(self, *names: str) -> int:
        """A number that hangs on the seed and on some names alone."""
        digest = hashlib.blake2b("\0".join((self.kind, str(self.seed), *names)).encode(), digest_size=6).digest()
        return int.from_bytes(digest)

    def hits(self, *names: str) -> bool:
        """Whether something is among the share that this redesign touches."""
        return self.draw(*names) % 1000 < 1000 * _SHARES[self.seed % len(_SHARES)]

    def _named(self, root: Element) -> Iterator[tuple[Element, str, list[str]]]:
        for element in list(root.iter(etree.Element)):
            for attribute in ("class", "id"):
                if names := (element.get(attribute) or "").split():
                    yield element, attribute, names

    def _rename(self, root: Element) -> None:
        for element, attribute, names in self._named(root):
            kept = [f"x{self.draw(one) % 100_000}" if self.hits(one) else one for one in names]
            element.set(attribute, " ".join(kept))

    def _drop(self, root: Element) -> None:
        for element, attribute, names in self._named(root):
            element.set(attribute, " ".join(one for one in names if not self.hits(one)))

    def _move(self, root: Element) -> None:
        """Elements go out of what is around them, to its end or begin, or into a box of their own."""
        for element in list(root.iter(etree.Element)):
            names = (element.get("class") or element.get("id") or "").split()
            parent = element.getparent()
            if not names or parent is None or element.tag in _FIXED or not self.hits(names[0]):
                continue
            above = parent.getparent()
            way = self.draw("way", names[0]) % 4
            if way == 0 and above is not None and parent.tag not in _FIXED:
                _take(element)
                parent.addnext(element)
            elif way == 1:
                _take(element)
                parent.append(element)
            elif way == 2:
                _take(element)
                parent.insert(0, element)
            else:
                box = etree.Element("div")
                element.addprevious(box)
                box.tail, element.tail = element.tail, None
                box.append(element)

    def _retag(self, root: Element) -> None:
        changed = {tag: _OTHERS[self.draw("to", tag) % len(_OTHERS)] for tag in _TAGS if self.hits(tag)}
        for element in root.iter(*changed):
            element.tag = changed[element.tag]


def _take(element: Element) -> None:
    tail, parent, before = element.tail, element.getparent(), element.getprevious()
    element.tail = None
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


# Templates

_PAGE = """<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>{title}</title></head><body>
<header class="site-header"><a class="logo" href="/">Cổng thông tin điện tử</a>
<nav class="navbar">{menu}</nav></header>
<main class="container"><div class="row"><div class="col-9">{main}</div>
<aside class="col-3">{aside}</aside></div></main>
<footer class="site-footer">Bản quyền thuộc về cơ quan chủ quản.
Giấy phép số 12/GP-TTĐT ngày 05/01/2021.</footer></body></html>"""
_MENU = "".join(f'<a class="nav-link" href="/{slug}">{name}</a>' for slug, name in (
    ("", "Trang chủ"), ("gioi-thieu", "Giới thiệu"), ("tin-tuc", "Tin tức - Sự kiện"), ("van-ban", "Văn bản pháp luật"),
    ("thu-tuc", "Thủ tục hành chính"), ("lien-he", "Liên hệ"),
))  # fmt: skip


def _when(entry: Entry | Article, form: str) -> str:
    return entry.published.at.strftime(form) if entry.published else ""


def _script(told: object) -> str:
    return f'<div id="app"></div><script>window.__DATA__={json.dumps(told, ensure_ascii=False)}</script>'


def _aside(entries: list[tuple[str, str]]) -> str:
    links = "".join(f'<li><a href="{escape(to)}">{escape(title)}</a></li>' for to, title in entries)
    return f'<div class="widget"><h4>Tin nổi bật</h4><ul class="widget-list">{links}</ul></div>'


def _elsewhere(markup: bytes, rows: frozenset[str]) -> list[tuple[str, str]]:
    """Links of the page that are none of its rows: its sidebars, which a new design keeps."""
    root = etree.fromstring(markup, etree.HTMLParser(encoding="utf-8"))
    found = {
        link.get("href"): " ".join("".join(link.itertext()).split())
        for link in root.iter("a")
        if link.get("href") and not any(row.endswith(link.get("href").partition("?")[0]) for row in rows)
    }
    return [(to, title) for to, title in found.items() if len(title) > 15][:12]


def _rows(redesign: Redesign, entries: tuple[Entry, ...], markup: bytes) -> str:
    """The rows of a listing in another system's template."""
    ways: tuple[Callable[[Entry], str], ...] = (
        lambda one: f'<div class="card"><a href="{escape(one.url)}"><img src="/a.jpg"></a><h5 class="card-title">'
        f'<a href="{escape(one.url)}">{escape(one.title)}</a></h5><small>{_when(one, "%d/%m/%Y")}</small></div>',
        lambda one: f'<div class="card"><a class="stretched" href="{escape(one.url)}"></a>'
        f"<h5>{escape(one.title)}</h5></div>",
        lambda one: f'<div class="item"><h5>{escape(one.title)}</h5><p>{_when(one, "%d.%m.%Y")}</p>'
        f'<a href="{escape(one.url)}">Xem chi tiết</a></div>',
        lambda one: f'<tr><td>1</td><td><a href="{escape(one.url)}">{escape(one.title)}</a></td><td>'
        f"{_when(one, '%d-%m-%Y')}</td></tr>",
        lambda one: f'<div class="post"><a href="{_new_address(one.url)}">{escape(one.title)}</a> '
        f"<i>{_when(one, '%d/%m/%Y')}</i></div>",
        lambda one: f'<li class="post"><a href="{escape(one.url)}">{escape(one.title)}</a></li>',
    )  # fmt: skip
    way = redesign.draw("rows") % (len(ways) + 1)
    if way == len(ways):
        main = _script([{"t": one.title, "u": one.url} for one in entries])
    else:
        shown = "".join(map(ways[way], entries))
        main = f"<table>{shown}</table>" if shown.startswith("<tr") else f'<div class="list">{shown}</div>'
    aside = _aside(_elsewhere(markup, frozenset(one.url for one in entries)))
    return _PAGE.format(title="Tin tức", menu=_MENU, main=main, aside=aside)


def _new_address(url: str) -> str:
    name = re.sub(r"\W+", "-", url.rpartition("/")[2].partition(".")[0]).lower()
    return f"/bai-viet/{name}"


def _article(redesign: Redesign, one: Article) -> str:
    """An article in another system's template."""
    title, when = escape(one.title), _when(one, "%d/%m/%Y")
    files = "".join(f'<a href="{escape(file.url)}">{escape(file.title)}</a>' for file in one.attachments)
    ways = (
        f'<article><h1>{title}</h1><time>{when}</time><div class="content">{one.body_html}</div>{files}</article>',
        f'<h6>{title}</h6><div class="meta">Ngày {when}</div><div class="entry">{one.body_html}</div>{files}',
        f'<h2>{title}</h2><table class="t"><tr><td>{one.body_html}</td></tr></table>{files}<p>Cập nhật: {when}</p>',
        f'<h1 class="name">{title}</h1><div class="ms-content"><p>{escape(one.summary or "")}</p></div>{files}',
        _script({"title": one.title, "html": one.body_html, "at": when}) + files,
    )  # fmt: skip
    way = redesign.draw("article") % len(ways)
    aside = _aside([(entry.url, entry.title) for entry in one.related[:8]])
    return _PAGE.format(title=title if way != 3 else "Chi tiết tin", menu=_MENU, main=ways[way], aside=aside)
