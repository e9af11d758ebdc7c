"""The `congtin` command as a person runs it, and a wait for what a portal has served."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sample.server import Running

Serve = "Callable[..., Running]"
ROOT = Path(__file__).resolve().parent.parent


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
