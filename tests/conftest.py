"""What tests of the whole product share: a portal on loopback, and the `congtin` command as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sample.server import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sample.server import Running

Serve = "Callable[..., Running]"
ROOT = Path(__file__).resolve().parent.parent
SAMPLE = """\
name = "Cổng tin mẫu"
url = "{url}"
platform = "sharepoint"
feeds = ["/portal/rss/Hoat-dong-nganh.rss"]
sections.news = ["/portal/Pages/Tin-tuc.aspx", "/portal/KenhTin/Hoat-dong-nganh.aspx"]
sections.procedures = ["/portal/Pages/Thu-tuc-hanh-chinh.aspx"]
"""


@dataclass
class Congtin:
    """The command, with a data folder of its own."""

    data: Path
    environment: dict[str, str] = field(default_factory=dict)

    def env(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CONGTIN_")}
        return clean | {
            "CONGTIN_DATA": str(self.data),
            "CONGTIN_ALLOW_NETWORKS": "127.0.0.0/8",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "120",
            **self.environment,
        }

    def source(self, name: str, text: str) -> None:
        file = self.data / "sources" / f"{name}.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def start(self, *words: str, module: str = "cli") -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", module, *words],
            env=self.env(), cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *words: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "cli", *words],
            env=self.env(), cwd=ROOT, text=True, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        if expect is not None:
            assert done.returncode == expect, f"{words} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *words: str, expect: int | None = 0) -> Any:
        return json.loads(self.run(*words, "--json", expect=expect).stdout)

    def crawl(self, *words: str, expect: int | None = 0) -> dict[str, Any]:
        (report,) = self.json("crawl", "sample", *words, expect=expect)
        return report

    def events(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("events", "--json", *words).stdout.splitlines()]


def wait_for(portal: Running, requests: int, seconds: float = 30) -> None:
    """Waits until a portal has served so many requests."""
    give_up = time.monotonic() + seconds
    while len(portal.requests) < requests:
        assert time.monotonic() < give_up, f"only {len(portal.requests)} requests came"
        time.sleep(0.02)


@pytest.fixture
def congtin(tmp_path: Path) -> Congtin:
    return Congtin(tmp_path / "data")


@pytest.fixture
def serve(congtin: Congtin) -> Iterator[Callable[..., Running]]:
    """Starts a sample portal and makes it the source `sample`; it is stopped at the end of the test."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(**options: Any) -> Running:
            extra = options.pop("extra", "")
            portal = stack.enter_context(running(**options))
            congtin.source("sample", SAMPLE.format(url=portal.url) + extra)
            return portal

        yield start
