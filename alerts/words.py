"""Texts by key in a reader's language; numbers and times as its readers write them. Its files are read once.

What mails and pages both say stands in this room's `locale/`, and `web` reads it, too.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from scraper.items import VIETNAM

if TYPE_CHECKING:
    from datetime import datetime

FOLDER = Path(__file__).parent / "locale"


class Words:
    """All texts of one language; `words("letter.why")` is one of them."""

    def __init__(self, language: str, texts: dict[str, str]) -> None:
        self.language = language
        self._words = texts

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with values in its places."""
        return self._words[key].format(**values) if values else self._words[key]

    def word(self, group: str, name: str | None) -> str:
        """The word for a name of a closed list; a name that has none stands for itself."""
        return self._words.get(f"{group}.{name}", name or "")

    def count(self, key: str, number: int, **values: object) -> str:
        """A text with a number, in the singular where the language has one."""
        return self(f"{key}_one" if number == 1 else key, count=self.number(number), **values)

    def number(self, number: int) -> str:
        """A number with its thousands set apart."""
        return f"{number:,}".replace(",", self("number.thousands"))

    def moment(self, at: datetime | None, precision: str | None = "minute") -> str:
        """A time as the language's readers write it, no finer than it is known.

        >>> from datetime import datetime
        >>> at = datetime(2023, 7, 18, 16, 24, tzinfo=VIETNAM)
        >>> load("vi").moment(at), load("en").moment(at, "day")
        ('18/07/2023 16:24', '2023-07-18')
        """
        if at is None:
            return self("date.none")
        return self("date.day" if precision == "day" else "date.minute", at=at.astimezone(VIETNAM))


def read(*files: Path) -> dict[str, str]:
    """Texts by `group.key`; a later file's stand for an earlier one's."""
    found: dict[str, str] = {}
    for file in files:
        for group, texts in tomllib.loads(file.read_text("utf-8")).items():
            found |= {f"{group}.{key}": text for key, text in texts.items()}
    return found


@cache
def load(language: str) -> Words:
    """The texts that messages are made of, in Vietnamese (`vi`) or English (`en`)."""
    return Words(language, read(FOLDER / f"{language}.toml"))
