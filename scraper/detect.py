"""Which platform is this? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    guesses = []
    for platform in platforms:
        evidence = tuple(mark for mark in platform.detect if mark.lower().encode() in page)
        if len(evidence) >= LEAST_EVIDENCE:
            guesses.append(Guess(platform=platform, score=len(evidence) / len(platform.detect), evidence=evidence))
    return max(guesses, key=lambda guess: (len(guess.evidence), guess.score), default=None)
