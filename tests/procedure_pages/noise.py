"""What surrounds and spoils the content: frames with misleading words, capitals, odd spaces, letters in pieces."""

import re
import unicodedata

_TEXT = re.compile(r"(<[^>]*>|&\w+;)")
_NAMED = {"ô": "&ocirc;", "à": "&agrave;", "â": "&acirc;", "ê": "&ecirc;", "ộ": "&#7897;", "ư": "&#432;", "đ": "&#273;"}
MENU = (
    *("Trang chủ", "Giới thiệu", "Thủ tục hành chính", "Lĩnh vực", "Danh mục TTHC bị bãi bỏ", "Văn bản mới ban hành"),
    *("Cơ quan thực hiện", "Tra cứu hồ sơ", "Biểu mẫu", "Hỏi đáp về thủ tục hành chính", "Phí, lệ phí", "Liên hệ"),
)
RELATED = (
    "Thủ tục cấp giấy phép xây dựng nhà ở riêng lẻ",
    "Danh mục thủ tục hành chính được sửa đổi, bổ sung lĩnh vực Tôn giáo",
    "Thủ tục đăng ký khai sinh",
    "Công bố thủ tục hành chính bị bãi bỏ trong lĩnh vực Văn thư - Lưu trữ",
    "Thủ tục tặng Giấy khen của Chủ tịch UBND cấp xã",
)


def framed(title, main, rng):
    """A whole page: head, menu, sidebars, counters and footer, on one side or the other of the main part."""
    items = rng.sample(MENU, 8)
    menu = "".join(f'<li><a href="/muc/{at}">{name}</a></li>' for at, name in enumerate(items))
    others = "".join(f'<li><a href="/thu-tuc/{at}">{name}</a></li>\n' for at, name in enumerate(rng.sample(RELATED, 4)))
    form = (
        '<div class="search"><label>Lĩnh vực</label><select><option>-- Tất cả --</option><option>Thuế</option></select>'
        '<label>Từ khóa</label><input type="text"><button>Tìm kiếm</button></div>\n'
        if rng.random() < 0.4
        else ""
    )
    side = (
        f'<div class="sidebar"><h3>Thủ tục khác</h3><ul>\n{others}</ul>\n'
        f'<div class="thong-ke"><p>Đang truy cập: {rng.randint(2, 900)}</p>'
        f"<p>Lượt truy cập: {rng.randint(10_000, 9_000_000)}</p></div></div>\n"
    )
    content = f'<div class="main-content" id="content">\n{form}{main}\n</div>\n'
    middle = side + content if rng.random() < 0.5 else content + side
    return (
        f'<!DOCTYPE html>\n<html lang="{rng.choice(("vi", "vi-VN", "en-US"))}">\n<head><meta charset="utf-8">'
        f"<title>{title} - Cổng thông tin điện tử</title></head>\n<body>\n"
        f'<div class="header"><a href="/">CỔNG THÔNG TIN ĐIỆN TỬ</a></div>\n<ul class="menu">{menu}</ul>\n{middle}'
        f'<div class="footer"><p>Cơ quan chủ quản: Ủy ban nhân dân tỉnh</p><p>Điện thoại: '
        f"02373.{rng.randint(100, 999)}.{rng.randint(100, 999)}</p></div>\n</body>\n</html>\n"
    )


def _on_text(page, change):
    return "".join(part if part[:1] in "<&" else change(part) for part in _TEXT.split(page) if part)


def spoiled(page, rng, habit):
    """The page as one of the content systems writes it; what it says stays the same."""
    head, body = page.split("<body>", 1)
    match habit:
        case "nfd":
            return unicodedata.normalize("NFD", page)
        case "nbsp":
            body = _on_text(
                body, lambda text: re.sub(r"(?<=\S) (?=\S)", lambda _: rng.choice((" ", " ", "\xa0")), text)
            )
        case "zero-width":
            body = _on_text(body, lambda text: re.sub(r" ", lambda _: rng.choice((" ", " ", " ", "\u200b ")), text))
        case "entities":
            body = _on_text(body, lambda text: "".join(_NAMED.get(letter, letter) for letter in text))
        case "word":
            body = re.sub(r"<p>", '<p class="MsoNormal" style="text-align:justify"><span lang="VI">', body)
            body = re.sub(r"</p>", "<o:p></o:p></span></p>", body)
        case "split":
            body = re.sub(r"<(b|strong)>([^<]+?) ([^<]+)</\1>", r"<\1>\2</\1> <\1>\3</\1>", body)
        case "lines":
            body = _on_text(body, lambda text: re.sub(r" ", lambda _: rng.choice((" ", " ", "\n    ")), text))
        case "plain":
            pass
    return f"{head}<body>{body}"


HABITS = ("plain", "plain", "nfd", "nbsp", "zero-width", "entities", "word", "lines", "split")
