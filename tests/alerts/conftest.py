from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from postroom import PostRoom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def room(tmp_path: Path, address: str) -> Iterator[PostRoom]:
    opened = PostRoom(tmp_path, address)
    yield opened
    opened.close()
