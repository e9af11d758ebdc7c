"""What a crawl and the processes that it starts both need: how a message is framed, and that they die with it.

Apart from either side, so that neither loads what is the other's.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import struct
import sys

LENGTH = struct.Struct("!I")
_PR_SET_PDEATHSIG = 1


def framed(message: object) -> bytes:
    """A message as it goes over the line: pickled, and its length before it."""
    packed = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(packed)) + packed


def die_with(parent: int) -> None:
    """Makes the kernel end this process when the thread that forked it ends; exits if that has already happened.

    On systems without prctl(2) the closed socket ends the child at its next question.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)
