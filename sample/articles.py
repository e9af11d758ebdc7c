"""Articles of the sample portal, each written from nothing but the seed and its number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal, get_args
from urllib.parse import quote

from sample import addresses, sentences
from sample.prose import Draw, Scene, news_paragraphs, procedure_paragraphs

Section = Literal["news", "activity", "procedures"]
SECTIONS: tuple[Section, ...] = get_args(Section)
VIETNAM = timezone(timedelta(hours=7))
NEWEST_DAY = datetime(2026, 10, 30, tzinfo=VIETNAM)
# Half news, three tenths activity, one fifth procedures, mixed as on a real front page.
_PATTERN: tuple[Section, ...] = (
    *("news", "activity", "procedures", "news", "activity"),
    *("news", "procedures", "news", "activity", "news"),
)
_ALIAS_EVERY, _ALIAS_AT = 60, 7  # _PATTERN[7] is news: its second address is listed under activity
# First minute and width of the three times of a day at which articles appear, the latest first.
_SLOTS = ((14 * 60 + 10, 160), (10 * 60 + 40, 100), (7 * 60 + 20, 150))
_HEX = "0123456789abcdef"
# SharePoint replaces these letters of a document's name by spaces.
_LOST_IN_NAMES = str.maketrans(dict.fromkeys("ộốồổỗớờởợỡấầẩậẫắằẳặẵếềểệễứừửựữôđ/", " "))
# Where the caption stands: a paragraph of its own, under the picture in its paragraph, or in the cell below it.
CaptionForm = Literal["paragraph", "break", "cell"]
_CAPTION_FORMS: tuple[CaptionForm, ...] = ("paragraph", "paragraph", "break", "cell")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture after paragraph number `after` (from 0), and its caption as the editor set it."""

    after: int
    src: str
    caption: str
    form: CaptionForm


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document: a mangled address, and the link text that is its true title."""

    href: str
    title: str


@dataclass(frozen=True, slots=True)
class Head:
    """What a listing shows of an article."""

    index: int
    section: Section
    title: str
    published: datetime
    path: str
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """An article as its editor wrote it: clean NFC text, before the portal's markup spoils it.

    `html` is what follows the paragraphs as it was pasted in: tables.
    """

    head: Head
    summary: str
    paragraphs: tuple[str, ...]
    pictures: tuple[Picture, ...]
    attachments: tuple[Attachment, ...]
    author: str
    tags: tuple[str, ...]
    changed: datetime
    revision: int = 0
    html: str = ""


def section_of(index: int) -> Section:
    """The section an article number belongs to."""
    return _PATTERN[index % len(_PATTERN)]


def has_alias(index: int) -> bool:
    """Whether the article is reachable at a second address, listed under "Hoạt động ngành"."""
    return index % _ALIAS_EVERY == _ALIAS_AT


def published_at(index: int, draw: Draw) -> datetime:
    """When article number `index` was published: three a day, backwards from `NEWEST_DAY`."""
    day, slot = divmod(index, len(_SLOTS))
    first, width = _SLOTS[slot]
    return NEWEST_DAY - timedelta(days=day) + timedelta(minutes=first + draw.below(width))


def write_head(seed: int, index: int, *, old_from: int) -> Head:
    """The head of an original article; numbers from `old_from` on have addresses of the padded style."""
    published = published_at(index, Draw(f"{seed}:{index}"))
    title = default_title(seed, index, published)
    return head_of(index, title, published, padded=index >= old_from, alias=has_alias(index))


def default_title(seed: int, index: int, published: datetime) -> str:
    """The title that article number `index` gets by itself when published then."""
    draw = _scene_draw(seed, index)
    return Scene(draw, published).fill(draw.pick(sentences.TITLES[section_of(index)]))


def head_of(index: int, title: str, published: datetime, *, padded: bool, alias: bool) -> Head:
    """A head with its address, and with the second one in the other style where it has one."""
    section = section_of(index)
    plain, other = addresses.old_style, addresses.new_style
    if padded:
        plain, other = other, plain
    second = other(index, title, published) if alias else None
    return Head(index, section, title, published, plain(index, title, published), second)


def write_article(seed: int, head: Head) -> Article:
    """The whole article to a head."""
    # The same draw as for the title: the same scene, so that the body is about what the title says.
    scene = Scene(_scene_draw(seed, head.index), head.published)
    draw = Draw(f"{seed}:{head.index}:body")
    pictures: tuple[Picture, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    summary = ""
    if head.section == "procedures":
        paragraphs = procedure_paragraphs(scene, draw)
        attachments = _attachments(scene, draw, head.published)
    else:
        paragraphs = news_paragraphs(scene, draw)
        pictures = _pictures(scene, draw, head.published, len(paragraphs))
        summary = scene.fill(draw.pick(sentences.SUMMARIES)) if draw.below(2) else ""
    tags = (scene.topic.name, scene.topic.field.lower(), scene.fill("{where}"))
    return Article(
        head=head,
        summary=summary,
        paragraphs=paragraphs,
        pictures=pictures,
        attachments=attachments,
        author=scene.fill("{person}") if draw.below(3) == 0 else "",
        tags=tuple(dict.fromkeys(tags[: draw.below(4)])),
        changed=head.published,
    )


def _scene_draw(seed: int, index: int) -> Draw:
    return Draw(f"{seed}:{index}:scene")


def _pictures(scene: Scene, draw: Draw, published: datetime, paragraphs: int) -> tuple[Picture, ...]:
    pictures = []
    places = draw.shuffled(range(paragraphs - 1))[: draw.below(4)]
    for place, caption in zip(sorted(places), draw.shuffled(sentences.CAPTIONS), strict=False):
        src = f"/portal/Photos/{published:%Y-%m}/{draw.letters(_HEX, 16)}anh{draw.below(900)}.jpg"
        pictures.append(Picture(place, src, scene.fill(caption), draw.pick(_CAPTION_FORMS)))
    return tuple(pictures)


def _attachments(scene: Scene, draw: Draw, published: datetime) -> tuple[Attachment, ...]:
    documents = []
    for template in sentences.ATTACHMENTS[: 1 + draw.below(3)]:
        title = scene.fill(template)
        name = quote(title.translate(_LOST_IN_NAMES)[:60].strip() + " signed")
        documents.append(Attachment(f"/portal/VanBan/{published:%Y-%m}/{draw.letters(_HEX, 16)}{name}.pdf", title))
    return tuple(documents)
