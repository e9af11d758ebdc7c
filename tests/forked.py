"""Processes that are forked from one that has the imports behind it: they cost more than most of what is done then.

child = Child("print(input(), flush=True)")
child.stdin.write("word\\n")
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

ROOT = Path(__file__).resolve().parent.parent
FORKS = multiprocessing.get_context("forkserver")
# Found in the project's folder, where the tests are run; from elsewhere each process loads what it needs.
FORKS.set_forkserver_preload(["tests.preloaded"])


def _live(code: str, words: tuple[str, ...], ends: tuple[Connection, Connection, Connection]) -> None:
    for descriptor, end in enumerate(ends):
        os.dup2(end.fileno(), descriptor)
        end.close()
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    sys.argv = ["-c", *words]
    os.chdir(ROOT)
    warnings.simplefilter("error")
    exec(compile(code, "<child>", "exec"), {"__name__": "__main__"})


class Child:
    """Runs Python code with words for `sys.argv`, as `python -c` would. It has what `subprocess.Popen` has."""

    def __init__(self, code: str, *words: object) -> None:
        (asked, ask), (answered, answer), (complained, complain) = (FORKS.Pipe(duplex=False) for _ in range(3))
        self._process = FORKS.Process(target=_live, args=(code, tuple(map(str, words)), (asked, answer, complain)))
        self._process.start()
        for end in (asked, answer, complain):
            end.close()
        self.pid = self._process.pid
        self._ends = (ask, answered, complained)
        self.stdin = os.fdopen(ask.fileno(), "w", encoding="utf-8", closefd=False)
        self.stdout, self.stderr = (
            os.fdopen(end.fileno(), encoding="utf-8", closefd=False) for end in (answered, complained)
        )

    def kill(self) -> None:
        self._process.kill()

    def wait(self) -> None:
        self._process.join()

    def communicate(self) -> None:
        """Waits for the end, and closes what led to the process."""
        self.wait()
        for file in (self.stdin, self.stdout, self.stderr):
            file.close()
        for end in self._ends:
            end.close()
