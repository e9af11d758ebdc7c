"""What the owner of a watch is told of its channels, in two languages. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scraper.items import VIETNAM

if TYPE_CHECKING:
    from datetime import datetime

_PAUSED = {
    "vi": "Kênh {shown} đã ngừng nhận thông báo của bạn: không gửi được từ {since} ({cause}). Các thông báo mới vẫn "
    "được giữ lại và sẽ được gửi khi kênh được bật lại.",
    "en": "The channel {shown} is paused: nothing could be handed over since {since} ({cause}). What is new is kept, "
    "and sent once the channel is resumed.",
}
_CAUSES = {
    "dns": ("không tìm thấy máy chủ", "no such host"),
    "connection": ("không kết nối được", "no connection"),
    "tls": ("chứng thư không hợp lệ", "its certificate is not valid"),
    "timeout": ("không trả lời kịp", "no answer in time"),
    "redirect": ("địa chỉ đã chuyển đi nơi khác", "the address redirects elsewhere"),
    "rate-limited": ("bị giới hạn tần suất", "too many messages for it"),
    "server-error": ("máy chủ nhận bị lỗi", "the receiving server fails"),
    "rejected": ("thông báo bị từ chối", "messages are rejected"),
    "not-found": ("địa chỉ không tồn tại", "there is no such address"),
    "gone": ("địa chỉ không còn nữa", "the address is gone"),
    "blocked": ("người nhận đã chặn", "the receiver blocked us"),
    "moved": ("nơi nhận đã chuyển đi", "the receiver has moved"),
    "too-big": ("thông báo quá lớn", "messages are too big for it"),
    "address": ("địa chỉ không được phép", "the address is not allowed"),
    "configuration": ("máy chủ gửi chưa được cấu hình", "sending is not set up"),
    "library": ("lỗi khi gửi", "sending failed"),
}


def paused(shown: str, cause: str, since: datetime, *, language: str) -> str:
    """That a channel is paused, since when it fails, and why (`alerts.items.Cause`)."""
    why = _CAUSES.get(cause, (cause, cause))[language != "vi"]
    return _PAUSED[language].format(shown=shown, since=f"{since.astimezone(VIETNAM):%H:%M %d/%m/%Y}", cause=why)
