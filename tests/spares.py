"""Processes that our commands start, forked before they begin: their imports are most of what a short crawl takes.

They are children of the command's process as those that it starts itself are, and are told their words when they are
wanted. There are as many as most tests want; where a command starts one more, that is a new interpreter.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

READERS = (
    "from scraper.reader_child import child; child()",
    "from scraper.document_child import nursery; nursery()",
)
JOB = "import jobs; jobs.child()"
KINDS = {
    **dict.fromkeys(("crawl", "demo", "extract", "sources"), READERS),
    "schedule": (JOB,),
    "up": (JOB, JOB, JOB),
}
"""What commands start, by their first word."""
_MOST = 1 << 17  # bytes of the words and the environment


class Spare:
    """A process that waits to be told what it is. It has what the product uses of `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, code: str) -> None:
        self._ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        self.returncode: int | None = None
        self.pid = os.fork()
        if not self.pid:
            _live(code, theirs, self._ours)
        theirs.close()

    def begin(self, words: Sequence[str], options: Mapping[str, Any]) -> None:
        """`options` are those of `subprocess.Popen` that the product gives; none has an input."""
        told = {
            "words": words,
            "environment": options["env"],
            "session": options.get("start_new_session", False),
            "silent": options.get("stdout") == subprocess.DEVNULL,
        }
        socket.send_fds(self._ours, [json.dumps(told).encode()], options.get("pass_fds", ()))
        self._ours.close()

    def poll(self) -> int | None:
        return self._ended(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int | None:
        if timeout is not None and self.poll() is None:
            ending = os.pidfd_open(self.pid)
            ready, _, _ = select.select([ending], [], [], timeout)
            os.close(ending)
            if not ready:
                raise subprocess.TimeoutExpired("a spare", timeout)
        return self._ended(0)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, options: int) -> int | None:
        if self.returncode is None:
            with suppress(ChildProcessError):  # asyncio waits for its children itself, and notes what it was told
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
                _begin(code, json.loads(said), descriptors)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else bool(end.code)
    except BaseException:  # noqa: BLE001 - whatever it is, nobody above this could tell of it
        sys.excepthook(*sys.exc_info())
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # as an interpreter does at its end
        sys.stderr.flush()
        os._exit(status)


def _begin(code: str, told: dict[str, Any], descriptors: Sequence[int]) -> None:
    os.environ.clear()
    os.environ.update(told["environment"])
    if told["session"]:
        os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1) if told["silent"] else (0,):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    words = told["words"]
    sys.argv = ["-c", *map(str, descriptors), *words]
    if code == JOB:
        fork(words[1])  # behind its parent's number
    exec(compile(code, "<spare>", "exec"), {})


def fork(command: str) -> None:
    """Has spare processes in the place of those that a command will start; to be called before there is any thread."""
    spares = [(code, Spare(code)) for code in KINDS.get(command, ())]
    start = subprocess.Popen

    def popen(words: Any, *rest: Any, **options: Any) -> Any:
        for place, (code, spare) in enumerate(spares):
            if code in words:
                del spares[place]
                behind = words[words.index(code) + 1 :]
                # A descriptor is the first of the words, and has another number there.
                spare.begin(behind[1:] if "pass_fds" in options else behind, options)
                return spare
        return start(words, *rest, **options)

    if spares:
        subprocess.Popen = popen  # type: ignore[assignment,misc]
