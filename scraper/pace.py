"""How long the gaps between a section's items are: what a silence is held against. Pure.

`scraper.rhythm` has the rate that looks are planned by. It follows a change within weeks, and so knows little: of gaps,
more must be known to tell one that is too long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_HALF_LIFE = 35.0
_HALF_LIFE_OF_THE_LONGEST = 730.0
"""Days."""
_FEWEST_ITEMS, _SHORTEST = 3, 0.01
_LONGER = 1.2
"""A silence is nothing new that is hardly longer than one that was none."""
_SURPRISE, _SURPRISED = 0.001, 0.25
"""After a gap that was so unlikely, so much of what was known is still believed: the pace is another one."""
_MISTAKEN = 1.5
"""What was taken for a silence and was none is not taken for one again so soon."""
_FEWEST_DAYS = 4.0
"""Rates fall for a week or two, too: a busy section is not silent before."""
_ONE_BY_ONE = 10.0
"""As surely as so many items say it, a section's items are believed to come one by one."""


@dataclass(slots=True)
class Pace:
    """What is known of the gaps, as of the look that found something last. Days are of working time.

    `items` came in `days`. `spread` is by how much looks' counts differed from what was expected of them (squares),
    beside how much was `expected`: items that come together make the one larger; those that found nothing since are
    `kept_back`, for they may be a silence's. `longest` is the longest gap. All of it fades.
    """

    items: float = 0.0
    days: float = 0.0
    spread: float = 0.0
    expected: float = 0.0
    longest: float = 0.0
    kept_back: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Pace:
        """What `dataclasses.asdict` told, or nothing."""
        return cls(**{**told, "kept_back": tuple(told.get("kept_back", (0.0, 0.0)))})

    @property
    def _known(self) -> bool:
        return self.items >= _FEWEST_ITEMS and self.days >= _SHORTEST

    def looked(self, count: int, days: float) -> None:
        """Compares what a look found with what was to be expected after so many days."""
        if self._known:
            hoped = self.items / self.days * days
            spread, expected = self.kept_back
            self.kept_back = spread + (count - hoped) ** 2, expected + hoped

    def came(self, count: int, gap: float, passed: float) -> None:
        """Learns that so many items came after a gap, in which so many days of the calendar have passed."""
        believed = _SURPRISED if (surprise := self.silence(gap) < _SURPRISE) else 1.0
        fading = 0.5 ** (passed / _HALF_LIFE) * believed
        self.items = self.items * fading + count
        self.days = self.days * fading + gap
        self.spread = self.spread * fading + self.kept_back[0]
        self.expected = self.expected * fading + self.kept_back[1]
        self.kept_back = 0.0, 0.0
        longest = self.longest * 0.5 ** (passed / _HALF_LIFE_OF_THE_LONGEST)
        self.longest = max(longest, gap * _MISTAKEN if surprise else gap)

    @property
    def together(self) -> float:
        """How many items come at once: the index of dispersion of looks, 1 where each comes for itself."""
        return max(1.0, (self.spread + _ONE_BY_ONE) / (self.expected + _ONE_BY_ONE))

    def silence(self, quiet: float) -> float:
        """How likely it is that nothing comes in so many days, on any one day; 1 where it happened before.

        The predictive of arrivals at an unknown rate (Gamma-Poisson). A section of which several come a day has as many
        gaps, of which one may be long.
        """
        if not self._known or quiet <= max(_FEWEST_DAYS, self.longest * _LONGER):
            return 1.0
        arrivals = self.items / self.together
        a_day = max(1.0, arrivals / self.days)
        return min(1.0, a_day * float((self.days / (self.days + quiet)) ** arrivals))
