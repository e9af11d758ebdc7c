"""View states of the grid that pages by postback: issued, signed and checked as ASP.NET does."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from typing import NamedTuple

from sample.chrome import filler

GRID = "ctl00$ctl36$g_3f0c1d52_8a7e_4b11_9c55_6d2f7e0a9b14$ctl00$grvTinTuc"
NUMBERS_A_BLOCK = 10
_HEADER = struct.Struct(">2sII")
_MARK = b"\xff\x01"
_FILLER_LENGTH = 9_000
_MAC_LENGTH = 32


class StateError(Exception):
    """A posted state that ASP.NET would refuse; the message is the one it shows."""


class Link(NamedTuple):
    """One link of the pager: its label and the page it leads to."""

    label: str
    page: int


def pager_links(page: int, pages: int) -> list[Link]:
    """What a grid's pager shows on a page: the numbers of its block of ten, and "..." to the blocks beside it.

    >>> " ".join(link.label for link in pager_links(3, 12))
    '1 2 3 4 5 6 7 8 9 10 ...'
    """
    first = (page - 1) // NUMBERS_A_BLOCK * NUMBERS_A_BLOCK + 1
    after = first + NUMBERS_A_BLOCK
    links = [Link("...", first - 1)] if first > 1 else []
    links += [Link(str(number), number) for number in range(first, min(after, pages + 1))]
    return [*links, Link("...", after)] if after <= pages else links


class Tickets:
    """Issues and checks the states of one portal; states of another seed or of an earlier epoch are refused."""

    def __init__(self, seed: int) -> None:
        self._key = hashlib.sha256(f"sample portal {seed}".encode()).digest()

    def issue(self, page: int, pages: int, epoch: int) -> tuple[bytes, bytes]:
        """View state and event validation for a page of the grid, both in base64."""
        # The number of pages goes in as well: what the page offered is decided by what was true when it was sent.
        content = _HEADER.pack(_MARK, page, pages) + filler(_FILLER_LENGTH)
        view_state = base64.b64encode(content + self._mac(content, epoch))
        return view_state, base64.b64encode(self._mac(b"events" + view_state, epoch))

    def check(self, view_state: str, validation: str, argument: str, epoch: int) -> int:
        """The page a postback asks for.

        Raises:
            StateError: The state is not ours, too old, or never offered that page.
        """
        page, pages = self._opened(view_state, epoch)
        expected = base64.b64encode(self._mac(b"events" + view_state.encode(), epoch)).decode()
        wanted = argument.removeprefix("Page$")
        offered = {str(link.page) for link in pager_links(page, pages) if link.page != page}
        if not hmac.compare_digest(expected, validation) or wanted == argument or wanted not in offered:
            raise StateError("Invalid postback or callback argument. Event validation is enabled.")
        return int(wanted)

    def _opened(self, view_state: str, epoch: int) -> tuple[int, int]:
        try:
            raw = base64.b64decode(view_state, validate=True)
        except (binascii.Error, ValueError):
            raise StateError("The state information is invalid for this page and might be corrupted.") from None
        content, mac = raw[:-_MAC_LENGTH], raw[-_MAC_LENGTH:]
        if len(content) < _HEADER.size or not hmac.compare_digest(mac, self._mac(content, epoch)):
            raise StateError("Validation of viewstate MAC failed.")
        _, page, pages = _HEADER.unpack_from(content)
        return page, pages

    def _mac(self, content: bytes, epoch: int) -> bytes:
        return hmac.digest(self._key, b"%d:" % epoch + content, "sha256")
