"""What tests of the whole product share: a portal on loopback, and the `congtin` command with a folder of its own."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from command import Congtin

from sample.server import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sample.server import Running

SAMPLE = """\
name = "Cổng tin mẫu"
url = "{url}"
platform = "sharepoint"
feeds = ["/portal/rss/Hoat-dong-nganh.rss"]
sections.news = ["/portal/Pages/Tin-tuc.aspx", "/portal/KenhTin/Hoat-dong-nganh.aspx"]
sections.procedures = ["/portal/Pages/Thu-tuc-hanh-chinh.aspx"]
"""


@pytest.fixture
def congtin(tmp_path: Path) -> Congtin:
    return Congtin(tmp_path / "data")


@pytest.fixture
def serve(congtin: Congtin) -> Iterator[Callable[..., Running]]:
    """Starts a sample portal and makes it the source `sample`; it is stopped at the end of the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> Running:
            extra = options.pop("extra", "")
            portal = stack.enter_context(running(**options))
            congtin.source("sample", SAMPLE.format(url=portal.url) + extra)
            return portal

        yield start
