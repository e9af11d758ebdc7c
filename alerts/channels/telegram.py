"""Telegram, by its bots' interface (https://core.telegram.org/bots/api#sendmessage)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from alerts import posting
from alerts.chats import chat
from alerts.items import Outcome

if TYPE_CHECKING:
    import ssl

    from alerts.channels.settings import Settings
    from alerts.items import Message

_GONE = ("chat not found", "user not found", "chat_id is empty", "group chat was deleted", "peer_id_invalid")
_SHUT = ("kicked", "blocked", "deactivated", "not a member", "have no rights", "not enough rights", "can't initiate")


def send(chat_id: str, message: Message, settings: Settings, *, context: ssl.SSLContext) -> Outcome:
    """Hands a message over to a chat."""
    if not settings.telegram_token:
        return Outcome(end="later", cause="configuration", detail="CONGTIN_TELEGRAM_TOKEN is not set")
    body = {
        "chat_id": chat_id if chat_id.startswith("@") else int(chat_id),
        "text": chat(message),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    url = f"{settings.telegram_url}/bot{settings.telegram_token}/sendMessage"
    headers = {"Content-Type": "application/json"}
    try:
        answer = posting.post(
            url, json.dumps(body).encode(), headers, limits=settings.limits, context=context, allowed=None
        )
    except posting.Failed as failed:
        return failed.outcome
    return _outcome(answer)


def _outcome(answer: posting.Answer) -> Outcome:
    """What an answer means. Its JSON has `ok`, and where that is false `error_code`, `description`, `parameters`."""
    said = _read(answer.body)
    code = answer.status
    if said.get("ok") is True or (200 <= code < 300 and not said):
        return Outcome(end="taken", detail=f"answered {code}")
    description = str(said.get("description", ""))[:200]
    detail, words = f"answered {code} {description}".strip(), description.lower()
    given = said.get("parameters")
    parameters: dict[str, Any] = given if isinstance(given, dict) else {}
    moved, pause = parameters.get("migrate_to_chat_id"), parameters.get("retry_after")
    if isinstance(moved, int):
        return Outcome(end="later", cause="moved", detail=detail, moved_to=f"telegram:{moved}")
    if code == 429:
        seconds = float(pause) if isinstance(pause, int | float) and pause >= 0 else None
        return Outcome(end="later", cause="rate-limited", detail=detail, retry_after=seconds)
    if code >= 500 or 300 <= code < 400:
        return Outcome(end="later", cause="server-error" if code >= 500 else "redirect", detail=detail)
    if code in {401, 404}:  # of a token that is none: nothing that a reader did
        return Outcome(end="later", cause="configuration", detail=detail)
    if code == 403 or any(sign in words for sign in _SHUT):
        return Outcome(end="closed", cause="blocked", detail=detail)
    if any(sign in words for sign in _GONE):
        return Outcome(end="closed", cause="not-found", detail=detail)
    if "too long" in words:
        return Outcome(end="refused", cause="too-big", detail=detail)
    return Outcome(end="refused", cause="rejected", detail=detail)


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
