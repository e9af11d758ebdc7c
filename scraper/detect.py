"""Which platform is this? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scraper.layout import Platform

LEAST_EVIDENCE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Guess:
    """A platform, the share of its marks that the page shows (0 to 1), and which they are."""

    platform: Platform
    score: float
    evidence: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.platform.name}: score {self.score:.2f}, for it shows {', '.join(map(repr, self.evidence))}"


def platform_of(html: bytes, platforms: Iterable[Platform]) -> Guess | None:
    """The platform whose marks a page shows most of; None where no platform shows two."""
    page = html.lower()
    known: dict[str, bool] = {}  # a system that is built on another one has the same marks
    guesses = []
    fewest = LEAST_EVIDENCE
    for platform in platforms:
        evidence = _shown(platform.detect, page, known, fewest)
        if len(evidence) >= fewest:
            guesses.append(Guess(platform=platform, score=len(evidence) / len(platform.detect), evidence=evidence))
            fewest = len(evidence)
    return max(guesses, key=lambda guess: (len(guess.evidence), guess.score), default=None)


def _shown(marks: Sequence[str], page: bytes, known: dict[str, bool], fewest: int) -> tuple[str, ...]:
    """Those of the marks that a page shows; it is left off once they can no longer be so many as are needed.

    Each mark that is not there costs a look through the whole page.
    """
    found: list[str] = []
    for position, mark in enumerate(marks):
        if len(found) + len(marks) - position < fewest:
            break
        if mark not in known:
            known[mark] = mark.lower().encode() in page
        if known[mark]:
            found.append(mark)
    return tuple(found)
