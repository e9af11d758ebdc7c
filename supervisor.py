"""Keeps several commands of ours running beside each other: `congtin up` is scheduler, web server and delivery.

Each is a process of its own, so that a plan that takes a second of computing keeps no reader waiting, and the end of
one is not the end of the others. One that ends is started again after a pause; one that cannot even begin (a port that
is taken, a wrong setting) ends the others.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import jobs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

log = logging.getLogger("congtin.supervisor")

_LOOK = 0.1
_BEGINNING = 10.0
"""Seconds after its start in which a command that ends has not begun at all; and those for which a stop may last."""
_STOP = 9.0
_LONGEST_PAUSE = 60.0


@dataclass(slots=True)
class _Kept:
    words: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    starts: int = 0
    pause: float = field(default=1.0)
    again: float = 0.0


class Supervisor:
    """Runs commands until it is told to stop. To be used in the main thread: children follow it to death."""

    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        self._kept = [_Kept(words) for words in commands]
        self._stopping = False

    def run(self) -> int:
        """Runs until SIGTERM or SIGINT; 0 then, or the exit code of a command that could not begin."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        code = 0
        while not self._stopping:
            for one in self._kept:
                code = code or self._look_after(one)
            self._stopping = self._stopping or bool(code)
            time.sleep(_LOOK)
        self._end()
        return code

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if self._stopping:
            for one in self._kept:
                if one.process:
                    one.process.kill()
        self._stopping = True

    def _look_after(self, one: _Kept) -> int:
        """Starts a command that is to run and does not; its exit code, where it did not come to begin."""
        now = time.monotonic()
        if one.process is None:
            if now >= one.again:
                one.process = subprocess.Popen(  # noqa: S603 - ourselves
                    jobs.command(one.words), stdin=subprocess.DEVNULL, env=jobs.environment(), start_new_session=True
                )
                one.started, one.starts = now, one.starts + 1
            return 0
        code = one.process.poll()
        if code is None:
            return 0
        lived = now - one.started
        one.process = None
        if one.starts == 1 and lived < _BEGINNING and code > 0:
            return code
        one.pause = 1.0 if lived > _LONGEST_PAUSE else min(one.pause * 2, _LONGEST_PAUSE)
        one.again = now + one.pause
        log.error("congtin %s ended with %d; it is started again in %.0f s", one.words[0], code, one.pause)
        return 0

    def _end(self) -> None:
        running = [one.process for one in self._kept if one.process]
        for process in running:
            process.terminate()
        give_up = time.monotonic() + _STOP
        for process in running:
            try:
                process.wait(max(give_up - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
