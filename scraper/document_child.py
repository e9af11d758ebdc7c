"""The processes that read documents: one that has the libraries loaded, and a child of it for each document.

The other end of `scraper.document_reader`, apart from it so that the process that crawls loads none of those libraries.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import socket
import sys
import traceback
from contextlib import suppress
from functools import partial
from typing import NoReturn

from scraper import attached, decode, documents, ocr
from scraper.bounds import Bounds
from scraper.children import die_with
from scraper.document_reader import DEADLINE, LATE, STATUS, Limits, Question
from scraper.items import Document
from scraper.outcomes import Outcome


def nursery() -> None:
    """The life of the process that forks one for each document, until the other end of its line is closed."""
    descriptor, parent = (int(word) for word in sys.argv[1:3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    die_with(parent)
    with suppress(ConnectionError), socket.socket(fileno=descriptor) as line:
        while True:
            message, files, _, _ = socket.recv_fds(line, DEADLINE.size, 2)
            if len(message) < DEADLINE.size:
                return
            ours = os.getpid()
            child = os.fork()
            if not child:
                line.close()
                _live(ours, *files)
            for file in files:
                os.close(file)
            line.sendall(STATUS.pack(_ended(child, DEADLINE.unpack(message)[0])))


def _ended(child: int, deadline: float) -> int:
    """Waits for a child, and kills it at its deadline; its exit status, negative for a signal."""
    late = False

    def kill(*_: object) -> None:
        nonlocal late
        late = True
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    signal.setitimer(signal.ITIMER_REAL, deadline)
    try:
        _, status = os.waitpid(child, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return LATE if late else os.waitstatus_to_exitcode(status)


def _live(nursery: int, asked: int, answer: int) -> NoReturn:
    """A child's life: one question, one answer. It ends without the tidying up that is its parent's."""
    status = 1
    try:
        die_with(nursery)
        with open(asked, "rb") as file:
            question, limits = pickle.load(file)  # noqa: S301 - from our own parent
        for what, most in (
            (resource.RLIMIT_AS, limits.memory << 20),
            (resource.RLIMIT_CPU, limits.cpu),
            (resource.RLIMIT_FSIZE, limits.output << 20),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(what, (most, most))
        document = answered(question, limits)
        with open(answer, "wb") as file:
            pickle.dump(document, file, pickle.HIGHEST_PROTOCOL)
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, nobody above this could tell of it
        traceback.print_exc()
    finally:
        os._exit(status)


def answered(question: Question, limits: Limits) -> Document:
    """The document that the bytes are with what it tells, read in this very process."""
    try:
        document = documents.read(
            question.body, content_encoding=question.content_encoding, expected=question.expected,
            bounds=Bounds(seconds=limits.reading),
        )  # fmt: skip
        if question.scanned and "scanned" in document.flags:
            body = decode.unfold(question.body, question.content_encoding)
            before = partial(die_with, os.getpid())
            document = ocr.read(document, body, Bounds(seconds=limits.ocr - limits.reading), before=before)
        if any(document.pages):
            document = attached.told_by(document)
    except (MemoryError, RecursionError) as error:
        return Document(outcome=Outcome.TOO_COMPLEX, message=f"{type(error).__name__} while reading")
    return document
