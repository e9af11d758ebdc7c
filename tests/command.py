"""The `congtin` command as a person runs it, and a wait for what a portal has served.

Each run is a process of its own, forked from one that has the imports behind it (they cost more than most commands).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import spares
from forked import FORKS, ROOT

if TYPE_CHECKING:
    from sample.server import Running

Serve = "Callable[..., Running]"
SAMPLE = """\
name = "Cổng tin mẫu"
url = "{url}"
platform = "sharepoint"
feeds = ["/portal/rss/Hoat-dong-nganh.rss"]
sections.news = ["/portal/Pages/Tin-tuc.aspx", "/portal/KenhTin/Hoat-dong-nganh.aspx"]
sections.procedures = ["/portal/Pages/Thu-tuc-hanh-chinh.aspx"]
"""


def _child(
    main: str, words: tuple[str, ...], environment: dict[str, str], constants: dict[str, float], out: str, err: str
) -> None:
    for descriptor, name in ((1, out), (2, err)):
        opened = os.open(name, os.O_WRONLY)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv = ["congtin", *words]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    spares.fork("crawl" if main == "watched" else words[0])
    for name, value in constants.items():
        module, _, constant = name.rpartition(".")
        setattr(import_module(module), constant, value)
    import_module(main).main()


class Started:
    """A command that was started, to be waited for, told to stop, or killed."""

    def __init__(self, congtin: Congtin, words: tuple[str, ...], main: str = "cli") -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._files = [Path(self._folder.name) / name for name in ("out", "err")]
        for file in self._files:
            file.touch()
        names = [str(file) for file in self._files]
        self._process = FORKS.Process(target=_child, args=(main, words, congtin.env(), congtin.constants, *names))
        self._process.start()
        self.pid: int = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def communicate(self, timeout: float = 120) -> tuple[str, str]:
        self._process.join(timeout)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            raise TimeoutError(f"still running after {timeout} s")
        out, err = (file.read_text("utf-8", "replace") for file in self._files)
        self._folder.cleanup()
        return out, err


@dataclass
class Congtin:
    """The command, with a data folder of its own; `constants` of ours are set in its process, by their whole names."""

    data: Path
    environment: dict[str, str] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)

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

    def start(self, *words: str) -> Started:
        return Started(self, words)

    def run(self, *words: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        return self._ended(self.start(*words), words, expect)

    def watched(self, *words: str) -> dict[str, Any]:
        """What tests/watched.py tells of a crawl."""
        done = self._ended(Started(self, words, "watched"), words, 0)
        assert "Traceback" not in done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    @staticmethod
    def _ended(started: Started, words: tuple[str, ...], expect: int | None) -> subprocess.CompletedProcess[str]:
        out, err = started.communicate()
        done = subprocess.CompletedProcess(words, started.returncode or 0, out, err)
        if expect is not None:
            assert done.returncode == expect, f"{words} ended with {done.returncode}\n{out}\n{err}"
        return done

    def scrapy(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Scrapy's own command in the project's folder, in a fresh interpreter."""
        return subprocess.run(
            [sys.executable, "-m", "scrapy", *words],
            env=self.env(), cwd=ROOT, text=True, capture_output=True, timeout=120, check=False,
        )  # fmt: skip

    def json(self, *words: str, expect: int | None = 0) -> Any:
        return json.loads(self.run(*words, "--json", expect=expect).stdout)

    def crawl(self, *words: str, expect: int | None = 0) -> dict[str, Any]:
        (report,) = self.json("crawl", "sample", *words, expect=expect)
        return report

    def events(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("events", "--json", *words).stdout.splitlines()]


def wait_for(portal: Running, requests: int, seconds: float = 120) -> None:
    """Waits until a portal has served so many requests."""
    give_up = time.monotonic() + seconds
    while len(portal.requests) < requests:
        assert time.monotonic() < give_up, f"only {len(portal.requests)} requests came"
        time.sleep(0.02)
