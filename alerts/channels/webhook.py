"""Webhooks by Standard Webhooks 1.0: a stable id, a time, and a signature over both and the body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets as randomness
from typing import TYPE_CHECKING

from alerts import posting, texts
from alerts.items import Outcome

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from datetime import datetime

    from alerts.channels.settings import Settings
    from alerts.items import Cause, Message

_PREFIX = "whsec_"
_NOT_NOW = {408, 425, 429}


def new_secret() -> str:
    """A secret to sign with: 256 bits, in the form that receivers' libraries take."""
    return _PREFIX + base64.b64encode(randomness.token_bytes(32)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """What proves that a body is ours, of Standard Webhooks' version 1. Raises ValueError for what is no secret."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("a webhook's secret is whsec_ and base64")
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def send(
    url: str, message: Message, settings: Settings, *, secrets: Sequence[str], now: datetime, context: ssl.SSLContext
) -> Outcome:
    """Hands a message over, signed with each of the secrets (two while one takes the other's place)."""
    body = json.dumps(texts.payload(message), ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = int(now.timestamp())
    try:
        signatures = [signature(secret, message.id, timestamp, body) for secret in secrets]
    except ValueError as error:
        return Outcome(end="later", cause="configuration", detail=str(error))
    if not signatures:
        return Outcome(end="later", cause="configuration", detail="the webhook has no secret to sign with")
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "webhook-id": message.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
    try:
        answer = posting.post(
            url, body, headers, limits=settings.limits, context=context, allowed=settings.allow_networks
        )
    except posting.Failed as failed:
        return failed.outcome
    return _outcome(answer, now)


def _outcome(answer: posting.Answer, now: datetime) -> Outcome:
    """What an answer means (Standard Webhooks 1.0, "Deliverability and reliability")."""
    status, detail = answer.status, f"answered {answer.status}"
    if 200 <= status < 300:
        return Outcome(end="taken", detail=detail)
    if 300 <= status < 400:
        return Outcome(end="later", cause="redirect", detail=f"{detail}: redirects are not followed")
    if status == 410:
        return Outcome(end="closed", cause="gone", detail=detail)
    pause = posting.retry_after(answer.headers, now)
    if status in _NOT_NOW or status >= 500:
        cause: Cause = "rate-limited" if status == 429 else "timeout" if status == 408 else "server-error"
        return Outcome(end="later", cause=cause, detail=detail, retry_after=pause)
    # What a receiver refuses today it may take once it is mended: only a message too big for it never.
    if status == 413:
        return Outcome(end="refused", cause="too-big", detail=detail)
    return Outcome(end="later", cause="not-found" if status == 404 else "rejected", detail=detail, retry_after=pause)
