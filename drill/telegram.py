"""Telegram's bots' interface, imitated: what it says to a message (https://core.telegram.org/bots/api#sendmessage)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html.parser import HTMLParser

TOKEN = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"
_TAGS = frozenset({"a", "b", "i", "s", "u"})
_UNITS, _ENTITIES = 4_096, 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer: a status, and what its JSON says beside `ok` and `error_code`; a message's chat and plain text."""

    status: int
    said: dict[str, object]
    chat: int | str = ""
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text, self.entities, self.open, self.wrong = "", 0, list[str](), ""

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        self.wrong = self.wrong or ("" if tag in _TAGS else f"unsupported start tag {tag}")
        self.open.append(tag)
        self.entities += 1

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong = f"unexpected end tag {tag}"

    def handle_data(self, data: str) -> None:
        self.text += data


def reply(path: str, body: bytes) -> Reply:
    """What is answered to a request: a message of HTML that it can read, and that is no longer than it takes."""
    if path != f"/bot{TOKEN}/sendMessage":
        return Reply(status=401, said={"description": "Unauthorized"})
    asked = json.loads(body)
    reader = _Reader()
    reader.feed(asked["text"])
    reader.close()
    wrong = reader.wrong or ("an end tag is missing" if reader.open else "")
    if wrong or asked["parse_mode"] != "HTML":
        return Reply(status=400, said={"description": f"Bad Request: can't parse entities: {wrong}"})
    if not 0 < len(reader.text.encode("utf-16-le")) // 2 <= _UNITS or reader.entities > _ENTITIES:
        return Reply(status=400, said={"description": "Bad Request: message is too long"})
    return Reply(status=200, said={"result": {"message_id": 1}}, chat=asked["chat_id"], text=reader.text)


def written(status: int, **said: object) -> bytes:
    """An answer's JSON."""
    return json.dumps({"ok": status == 200, "error_code": status, **said}).encode()
