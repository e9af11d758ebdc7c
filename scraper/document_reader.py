"""Reads each document in a process of its own, within limits of time, memory and output.

Libraries in C stand between us and files that anybody may have made, and a poison file may take its process down with
nobody harmed. A process that has loaded these libraries once (the nursery) forks one for each document: that takes
some milliseconds, where a new Python takes a third of a second. Questions and answers are files without a name, so that
no side waits for the other's pipe, and RLIMIT_FSIZE bounds what a child can say. All of them die with the crawl.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from scraper.decode import digest
from scraper.items import Document
from scraper.outcomes import Outcome

DEADLINE = struct.Struct("!d")
STATUS = struct.Struct("!i")
LATE = 1 << 16
"""The status of a child that missed its deadline: no exit status and no signal is as great."""
_GRACE = 60.0
"""How long the nursery may take to start, or to say that a child is dead."""
_ROOT = str(Path(__file__).resolve().parent.parent)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one document may cost: seconds until its child is killed, CPU seconds, MiB of address space and of answer.

    `reading` is after how many seconds the child itself ends with what it has. `ocr` is the same for reading a scan.
    """

    deadline: float = 30.0
    reading: float = 20.0
    ocr: float = 300.0
    cpu: int = 25
    memory: int = 512
    output: int = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A document's bytes as they came, and what is known of them; with `scanned`, its pictures are to be read too."""

    body: bytes
    content_encoding: str = ""
    expected: str | None = None
    scanned: bool = False


class DocumentReader:
    """Reads documents, one at a time. To be used from the thread that lives longest: the children die with it."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._turn = asyncio.Lock()
        self._nursery: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    async def read(self, question: Question) -> Document:
        """What the document is and says. One that the child cannot finish is TOO_COMPLEX; nothing is raised for it."""
        limits = self._limits
        if question.scanned:
            more = limits.ocr - limits.reading
            limits = replace(limits, deadline=limits.deadline + more, cpu=int(limits.cpu + more))
        async with self._turn:
            self._ready()
            assert self._line is not None
            with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answer:
                pickle.dump((question, limits), asked, pickle.HIGHEST_PROTOCOL)
                asked.seek(0)
                try:
                    status = await asyncio.to_thread(_asked, self._line, asked, answer, limits.deadline)
                except asyncio.CancelledError:
                    self._stop()
                    raise
                if status is None:
                    self._stop()
                document = _told(answer, status, limits)
        return document if document.digest else await asyncio.to_thread(_named, document, question.body)

    async def close(self) -> None:
        """Ends the children."""
        async with self._turn:
            self._stop()

    def _ready(self) -> None:
        if self._nursery is not None and self._nursery.poll() is None:
            return
        self._stop()
        self._line, theirs = socket.socketpair()
        self._line.settimeout(None)
        with theirs:
            paths = [_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
            code = "from scraper.document_child import nursery; nursery()"
            self._nursery = subprocess.Popen(  # noqa: S603 - it is ourselves
                [sys.executable, "-c", code, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            )

    def _stop(self) -> None:
        nursery, line = self._nursery, self._line
        self._nursery = self._line = None
        if nursery is not None:
            nursery.kill()
            nursery.wait()
        if line is not None:
            line.close()


def _asked(line: socket.socket, asked: IO[bytes], answer: IO[bytes], deadline: float) -> int | None:
    """Hands a question over and waits for its child's exit status; None where the nursery is gone."""
    try:
        line.settimeout(deadline + _GRACE)
        socket.send_fds(line, [DEADLINE.pack(deadline)], [asked.fileno(), answer.fileno()])
        told = line.recv(STATUS.size)
    except OSError:  # TimeoutError among them
        return None
    return int(STATUS.unpack(told)[0]) if len(told) == STATUS.size else None


def _told(answer: IO[bytes], status: int | None, limits: Limits) -> Document:
    if status == 0:
        answer.seek(0)
        document = pickle.load(answer)  # noqa: S301 - from our own child
        assert isinstance(document, Document)
        return document
    if status == LATE:
        return Document(outcome=Outcome.TOO_COMPLEX, message=f"not read within {limits.deadline:g} s")
    if status is not None and status < 0:
        name = signal.Signals(-status).name
        return Document(outcome=Outcome.TOO_COMPLEX, message=f"the reader was ended by {name}")
    return Document(outcome=Outcome.BROKEN, message=f"our reader failed with status {status}")


def _named(document: Document, body: bytes) -> Document:
    """A document that could not even be named by who should have read it."""
    return replace(document, size=len(body), digest=digest(body))
