"""Processes that a crawl starts, forked before it begins: their imports are most of what a short crawl takes.

They are children of the command's process as those that it starts itself are, and are told their words when they are
wanted. Of each kind there is one; where a crawl starts a second one, that is a new interpreter.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = (
    "from scraper.reader_child import child; child()",
    "from scraper.document_child import nursery; nursery()",
)
_MOST = 1024  # bytes of the words, and descriptors among them


class Spare:
    """A process that waits to be told what it is. It has what the product uses of `subprocess.Popen`."""

    def __init__(self, code: str) -> None:
        self._ours, theirs = socket.socketpair()
        self.returncode: int | None = None
        self.pid = os.fork()
        if not self.pid:
            _live(code, theirs, self._ours)
        theirs.close()

    def begin(self, words: Sequence[str], descriptors: Sequence[int]) -> None:
        socket.send_fds(self._ours, ["\0".join(words).encode()], descriptors)
        self._ours.close()

    def poll(self) -> int | None:
        return self._ended(os.WNOHANG)

    def wait(self) -> int | None:
        return self._ended(0)

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _ended(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode


def _live(code: str, line: socket.socket, other: socket.socket) -> NoReturn:
    status = 1
    try:
        other.close()
        with suppress(ConnectionError):
            said, descriptors, _, _ = socket.recv_fds(line, _MOST, 1)
            line.close()
            if said:  # and the command has not ended
                sys.argv = ["-c", str(descriptors[0]), *said.decode().split("\0")]
                exec(compile(code, "<spare>", "exec"), {})
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it is, nobody above this could tell of it
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def fork() -> None:
    """Has spare processes in the place of those that this one will start; to be called before it has any thread."""
    spares = {code: Spare(code) for code in KINDS}
    start = subprocess.Popen

    def popen(words: Any, *rest: Any, **options: Any) -> Any:
        spare = spares.pop(words[2], None) if len(words) > 2 else None
        if spare is None:
            return start(words, *rest, **options)
        spare.begin(words[4:], options["pass_fds"])  # behind the descriptor, which has another number there
        return spare

    subprocess.Popen = popen  # type: ignore[assignment,misc]
