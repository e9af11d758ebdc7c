"""A made archive of Vietnamese news, of any size: article N is the same one whoever asks for it.

Words follow Zipf's law, as those of every language do: some 7,000 written syllables, and 20,000 words of two of them
that come again together. Nothing of it means anything; what matters to a search engine is how often a word comes, and
beside which others.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate, product

from scraper import text
from scraper.items import VIETNAM

SYLLABLES = 7_000
WORDS = 20_000
SOURCES = tuple(f"nguon-{number:03}" for number in range(500))
PLATFORMS = ("sharepoint", "vnpt", "vhv", "liferay", "generic")
SECTIONS = ("news", "activity", "documents")
FIELDS = tuple(f"Lĩnh vực {number}" for number in range(1, 41))
FIRST_DAY = datetime(2016, 1, 1, tzinfo=VIETNAM)
YEARS = 10
TOPIC_WORDS = 12
PROCEDURE_EVERY = 50
"""One article of so many is the page of an administrative procedure."""

_ONSETS = (
    *("", "b", "c", "ch", "d", "đ", "g", "gh", "gi", "h", "k", "kh", "l", "m", "n", "ng", "ngh", "nh", "p", "ph", "qu"),
    *("r", "s", "t", "th", "tr", "v", "x"),
)
_VOWELS = ("a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "iê", "oa", "uâ", "uô", "ươ", "uyê")
_ENDINGS = ("m", "n", "ng", "nh", "c", "ch", "p", "t")
_OPEN = (
    *("a", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y", "ai", "ao", "au", "âu", "ay", "ây", "eo", "êu", "ia", "iu"),
    *("oa", "oi", "ôi", "ơi", "ua", "ui", "ưa", "uy", "ươi", "yêu", "oai"),
)
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """An article of the corpus. `field` is that of the procedure whose page it is."""

    number: int
    source: str
    platform: str
    section: str
    kind: str
    field: str | None
    title: str
    summary: str
    body: str
    published: datetime


@cache
def syllables() -> tuple[str, ...]:
    """Written forms, the most frequent first."""
    draw = random.Random("syllables")
    rimes = [*product(_OPEN, ("",), _TONES), *product(_VOWELS, _ENDINGS[:4], _TONES)]
    rimes += product(_VOWELS, _ENDINGS[4:], _TONES[2::3])  # a stop bears two of the tones only
    made = {text.exact(onset + vowel + tone + ending) for onset, (vowel, ending, tone) in product(_ONSETS, rimes)}
    return tuple(draw.sample(sorted(made), SYLLABLES))


@cache
def vocabulary() -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Words of one syllable or two, and the sums of their weights: Zipf's law over both together."""
    draw = random.Random("words")
    single = syllables()
    weights = list(accumulate(1 / rank for rank in range(1, len(single) + 1)))
    pairs = [" ".join(draw.choices(single, cum_weights=weights, k=2)) for _ in range(WORDS)]
    ranks = sorted([*((1 / (rank + 2), one) for rank, one in enumerate(single)),
                    *((1.2 / (rank + 2), one) for rank, one in enumerate(pairs))], reverse=True)  # fmt: skip
    return tuple(one for _, one in ranks), tuple(accumulate(weight for weight, _ in ranks))


def article(number: int, *, of: int) -> Made:
    """Article `number` of a corpus that spreads `of` of them evenly over its ten years, the oldest first."""
    draw = random.Random(f"article {number}")
    words, weights = vocabulary()
    topic = draw.choices(words[100:], k=TOPIC_WORDS)  # what an article is about comes again in it
    said = draw.choices(words, cum_weights=weights, k=draw.randint(140, 300))
    for place in range(0, len(said), 9):
        said[place] = draw.choice(topic)
    is_procedure = number % PROCEDURE_EVERY == 0
    source = int(len(SOURCES) * draw.random() ** 2)  # a few portals write much
    return Made(
        number=number,
        source=SOURCES[source],
        platform=PLATFORMS[source % len(PLATFORMS)],
        section="procedures" if is_procedure else draw.choice(SECTIONS),
        kind="procedure" if is_procedure else "document" if draw.random() < 0.1 else "article",
        field=draw.choice(FIELDS) if is_procedure else None,
        title=_title(draw, topic, said),
        summary="" if is_procedure else _sentence(said[:14]),  # what a procedure's page says above it is not searched
        body=_paragraphs(said[14:], number),
        published=FIRST_DAY + timedelta(days=365 * YEARS) * (number / of),
    )


def document_number(number: int) -> str:
    """The number of the document that an article names."""
    return f"{number % 9_000 + 1}/{2016 + number % YEARS}/QĐ-BN"


def _title(draw: random.Random, topic: list[str], said: list[str]) -> str:
    wanted = draw.randint(12, 18)
    syllabled = " ".join([*topic[:4], *said[20:40]]).split()
    return _sentence(syllabled[:wanted])[:-1]


def _sentence(said: list[str]) -> str:
    return " ".join(said).capitalize() + "."


def _paragraphs(said: list[str], number: int) -> str:
    sentences = [_sentence(said[start : start + 16]) for start in range(0, len(said), 16)]
    sentences[0] += f" Theo văn bản số {document_number(number)}."
    lines = [" ".join(sentences[start : start + 3]) for start in range(0, len(sentences), 3)]
    return "\n".join(lines)


def folded(said: str) -> str:
    """A text as SQLite's tokeniser should get it: it strips the marks itself, but keeps đ."""
    return said.replace("đ", "d").replace("Đ", "D")


def written(said: str) -> list[str]:
    """The words of a text, as they were written."""
    return text.words(said.lower())
