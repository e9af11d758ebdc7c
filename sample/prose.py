"""Fills sentence templates with words: the sample portal's invented prose."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from sample import sentences, vocabulary
from sample.topics import TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

T = TypeVar("T")

REDRAWN = {
    "office": vocabulary.OFFICES,
    "post": vocabulary.POSTS,
    "period": vocabulary.PERIODS,
    "result": vocabulary.RESULTS,
    "limit": vocabulary.LIMITS,
    "group": vocabulary.GROUPS,
}
COMMUNES_SINCE = (2025, 7)
_FIELD = re.compile(r"\{(\w+)\}")


class Draw:
    """Random picks that depend on one key only, so the same key tells the same story in every process."""

    def __init__(self, key: str) -> None:
        self._next = random.Random(key).random  # noqa: S311 - invented prose, nothing secret

    def below(self, limit: int) -> int:
        """A number from 0 to limit - 1."""
        return int(self._next() * limit)

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[int(self._next() * len(choices))]

    def shuffled(self, choices: Sequence[T]) -> list[T]:
        """The choices in a drawn order."""
        return sorted(choices, key=lambda _choice: self._next())

    def letters(self, alphabet: str, length: int) -> str:
        """A word of that length from the alphabet."""
        return "".join([self.pick(alphabet) for _ in range(length)])


@cache
def _parts(template: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """The template cut into (text, name of the field after it) pairs, and the text after the last field."""
    *pieces, tail = _FIELD.split(template)
    return tuple(zip(pieces[::2], pieces[1::2], strict=True)), tail


def capital(text: str) -> str:
    """The text with its first letter in upper case.

    >>> capital("đất đai")
    'Đất đai'
    """
    return text[:1].upper() + text[1:]


class Scene:
    """What stays the same through one article: its subject, place, occasion and people."""

    def __init__(self, draw: Draw, published: datetime) -> None:
        self._draw = draw
        since = (published.year, published.month) >= COMMUNES_SINCE
        self._places = vocabulary.COMMUNES if since else vocabulary.DISTRICTS
        self.topic = draw.pick(TOPICS)
        self._date = published
        where, event, unit = draw.pick(self._places), draw.pick(vocabulary.EVENTS), self.topic.unit
        self._fixed = {
            "topic": self.topic.name,
            "field": self.topic.field,
            "unit": unit,
            "unit_title": capital(unit),
            "event": event,
            "event_title": capital(event),
            "where": where,
            "where_title": capital(where),
            "chair": self._person(),
            "reporter": self._person(),
            "agency": draw.pick(vocabulary.OFFICES),
            "kind": draw.pick(sentences.KINDS),
            "decision": f"{100 + draw.below(4900)}/QĐ-UBND",
            "date": f"{published.day}/{published.month}/{published.year}",
            "year": str(published.year),
        }

    def fill(self, template: str) -> str:
        """The template as a sentence, its first letter in upper case."""
        pairs, tail = _parts(template)
        fixed = self._fixed
        text = "".join([before + (fixed.get(name) or self._drawn(name)) for before, name in pairs]) + tail
        return text if text[0].isupper() else capital(text)

    def _drawn(self, name: str) -> str:
        draw = self._draw
        if choices := REDRAWN.get(name):
            return draw.pick(choices)
        match name:
            case "place":
                text = draw.pick(self._places)
            case "task":
                text = draw.pick(self.topic.tasks)
            case "person":
                text = self._person()
            case "term":
                text = f"{draw.pick(vocabulary.TERMS)} {self._date.year}"
            case "day" | "due":
                text = self._day(past=name == "day")
            case _:
                text = self._number(name)
        return text

    def _day(self, *, past: bool) -> str:
        days = -1 - self._draw.below(60) if past else 10 + self._draw.below(90)
        day = self._date + timedelta(days=days)
        return f"{day.day}/{day.month}/{day.year}"

    def _number(self, name: str) -> str:
        draw = self._draw
        if name == "n":
            return f"{10 + draw.below(88)}"
        if name == "m":
            return f"{2 + draw.below(8):02d}"
        if name == "many":
            number = 100 + draw.below(4900)
            return f"{number // 1000}.{number % 1000:03d}" if number >= 1000 else str(number)
        if name == "pct":
            return f"{51 + draw.below(48)},{draw.below(10)}"
        if name == "doc":
            return f"{10 + draw.below(4900)}/{draw.pick(vocabulary.DOCUMENT_TYPES)}"
        raise KeyError(name)

    def _person(self) -> str:
        pick = self._draw.pick
        return f"{pick(vocabulary.SURNAMES)} {pick(vocabulary.MIDDLE_NAMES)} {pick(vocabulary.GIVEN_NAMES)}"


def news_paragraphs(scene: Scene, draw: Draw) -> tuple[str, ...]:
    """4 to 12 paragraphs of a news article: opening, report, talk, tasks, and a conclusion that ends with "./."."""
    count = 4 + draw.below(9)
    middle = draw.shuffled(
        [*sentences.REPORTS, *sentences.LIMITS, *sentences.TALKS, *sentences.TASKS, *scene.topic.facts]
    )
    paragraphs = [scene.fill(draw.pick(sentences.OPENINGS)) + " " + scene.fill(draw.pick(sentences.ATTENDANCE))]
    for _ in range(count - 2):
        chosen, middle = middle[: 3 + draw.below(2)], middle[4:]
        paragraphs.append(" ".join([scene.fill(template) for template in chosen]))
    closing = scene.fill(draw.pick(sentences.TASKS)) + " " + scene.fill(draw.pick(sentences.CLOSINGS))
    return (*paragraphs, finished(closing))


def procedure_paragraphs(scene: Scene, draw: Draw) -> tuple[str, ...]:
    """1 to 3 short paragraphs that announce a decision."""
    first, *rest = sentences.PROCEDURE_SENTENCES
    rest = draw.shuffled(rest)
    paragraphs = [
        " ".join([scene.fill(template) for template in (first, rest[0])]),
        *(scene.fill(template) for template in rest[1 : 1 + draw.below(3)]),
    ]
    return (*paragraphs[:-1], finished(paragraphs[-1]))


def finished(paragraph: str) -> str:
    """A last paragraph, closed with "./." as official texts are."""
    return paragraph.removesuffix(".") + "./."


def with_one_word_changed(paragraph: str, draw: Draw) -> str:
    """The paragraph with one of its longer words replaced by another one."""
    words = paragraph.split(" ")
    long_words = [number for number, word in enumerate(words) if word.isalpha() and word.islower() and len(word) > 2]
    position = draw.pick(long_words or range(len(words)))
    words[position] = draw.pick([word for word in vocabulary.EDIT_WORDS if word != words[position]])
    return " ".join(words)
