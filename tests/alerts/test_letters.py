"""What messages say: as a mail, in a chat, as JSON, whatever a portal's title holds."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from told import ABOLISHED, ARTICLE, DIGEST, ONE, titled

from alerts import texts
from alerts.chats import LONGEST, brief, chat, length
from alerts.items import Passage
from alerts.letters import letter
from alerts.matching import Watched
from alerts.words import FOLDER, load
from scraper import text
from scraper.deadlines import Deadline
from scraper.items import VIETNAM, Moment
from storage.events import KINDS, SILENT
from storage.search import language
from storage.search.query import Document, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import EmailMessage

    from alerts.items import Message

VOID = {"br", "hr", "img", "meta", "link"}


def mailed(message: Message) -> EmailMessage:
    """A mail as its reader's program takes it apart."""
    mail = letter(message, to="reader@example.org", sender="Cổng tin <tin@example.org>", host="tin.example.org")
    data = mail.as_bytes()
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    return message_from_bytes(data, policy=default)  # type: ignore[return-value]


def plain(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


class Reader(HTMLParser):
    """Takes HTML apart, and sees whether its tags are balanced."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attributes if name == "href"]
        assert not [name for name, _ in attributes if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(str(markup))
    reader.close()
    assert reader.open == []
    return reader


def test_a_mail_says_what_happened_and_where() -> None:
    mail = mailed(ONE)
    assert mail["Subject"] == "Thủ tục bị bãi bỏ: Thủ tục xét tặng danh hiệu “Lao động tiên tiến”"
    assert mail["From"] == "Cổng tin <tin@example.org>"
    assert mail["To"] == "reader@example.org"
    for said in (plain(mail), read(html(mail)).text):
        for word in ("Sở Nội vụ tỉnh Thanh Hóa", "25/11/2026", "Quyết định 1234/QĐ-UBND.pdf", "Thời hạn giải quyết",
                     "Cổng thông tin tỉnh Thanh Hóa", "thi đua khen thưởng", "Ngừng nhận"):  # fmt: skip
            assert word in said
    assert "Thời hạn là [-20-] {+10+} ngày làm việc" in plain(mail)
    assert re.search(r"<del[^>]*>20</del> <ins[^>]*>10</ins>", html(mail))
    links = {ABOLISHED.page, ABOLISHED.url, ABOLISHED.documents[0][1], ONE.manage, ONE.unsubscribe}
    assert links <= set(read(html(mail)).links)
    assert all(link in plain(mail) for link in links)


def test_a_message_says_until_when_something_may_be_done() -> None:
    hour = Moment(at=datetime(2026, 12, 20, 17, 0, tzinfo=VIETNAM), precision="minute")
    day = Moment(at=datetime(2026, 12, 1, tzinfo=VIETNAM), precision="day")
    due = (
        Deadline(on=hour, what="applications", evidence="1. Thời gian nhận hồ sơ\n- Đến <17> giờ & không muộn hơn"),
        Deadline(on=day, what="comments", evidence="Góp ý " * 100),
    )
    one = replace(ONE, happenings=(replace(ARTICLE, due=due),))
    first = "Hạn nộp hồ sơ, đăng ký: 20/12/2026 17:00 – 1. Thời gian nhận hồ sơ - Đến <17> giờ & không muộn hơn"
    for said in (plain(mailed(one)), read(html(mailed(one))).text, read(chat(one)).text):
        assert first in said
        assert "Hạn góp ý: 01/12/2026 – Góp ý Góp ý" in said
        assert "Góp ý " * 50 not in said
    assert "Comments due: 2026-12-01 – Góp ý" in plain(mailed(replace(one, language="en")))
    assert texts.payload(one)["data"]["events"][0]["deadlines"][1]["on"] == "2026-12-01T00:00:00+07:00"


def test_headers_let_programs_thread_filter_and_end_it() -> None:
    mail = mailed(ONE)
    assert mail["Message-ID"] == "<message22222222a@tin.example.org>"
    assert mail["In-Reply-To"] == mail["References"] == "<thread.recordprocedure2@tin.example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "<watch22222222222.watch.tin.example.org>"
    assert mail["Content-Language"] == "vi"
    assert mail["Date"].datetime == ONE.at
    later = mailed(replace(ONE, id="another", happenings=(replace(ABOLISHED, kind="procedure.new"),)))
    assert later["References"] == mail["References"]
    assert later["Message-ID"] != mail["Message-ID"]


@pytest.mark.parametrize(
    ("address", "header", "post"),
    [
        (
            "https://tin.example.org/unsubscribe/t",
            "<https://tin.example.org/unsubscribe/t>",
            "List-Unsubscribe=One-Click",
        ),
        ("http://127.0.0.1:8000/unsubscribe/t", "<http://127.0.0.1:8000/unsubscribe/t>", None),
        ("", "<mailto:tin@example.org?subject=unsubscribe%20watch22222222222>", None),
        ("javascript:alert(1)", "<mailto:tin@example.org?subject=unsubscribe%20watch22222222222>", None),
        ("https://tỉnh.example.org/t", "<mailto:tin@example.org?subject=unsubscribe%20watch22222222222>", None),
    ],
)
def test_one_click_unsubscribe_is_offered_by_https_only(address: str, header: str, post: str | None) -> None:
    mail = mailed(replace(ONE, unsubscribe=address))
    assert mail["List-Unsubscribe"] == header
    assert mail["List-Unsubscribe-Post"] == post


def test_english_readers_are_told_in_english() -> None:
    mail = mailed(replace(ONE, language="en"))
    assert mail["Subject"].startswith("Procedure abolished: Thủ tục")
    assert "You get this because you watch:" in plain(mail)
    assert "Published 2026-11-25" in plain(mail)


def test_a_digest_is_grouped_by_source_and_kind_with_counts() -> None:
    mail = mailed(DIGEST)
    assert mail["Subject"] == "403 mục mới: thi đua khen thưởng"
    said = plain(mail)
    places = [
        said.index(word)
        for word in (
            "Sở Nội vụ tỉnh Thanh Hóa (2)", "Thủ tục bị bãi bỏ (1)", "Tin mới (1)", "Sở Xây dựng (1)",
            "và 400 mục khác: https://tin.example.org/?q=thi+dua", "412 trang cũ của Sở Y tế",
        )
    ]  # fmt: skip
    assert places == sorted(places)
    assert {"https://tin.example.org/?q=thi+dua"} <= set(read(html(mail)).links)
    whole = mailed(replace(DIGEST, total=3))
    assert whole["Subject"] == "Thủ tục bị bãi bỏ (1), Tin mới (2): thi đua khen thưởng"
    assert "mục khác" not in plain(whole)


def test_old_pages_alone_are_a_line() -> None:
    mail = mailed(replace(DIGEST, happenings=(), total=0, language="en"))
    assert mail["Subject"] == "Older pages came into the archive: thi đua khen thưởng"
    assert "412 older pages of Sở Y tế came into the archive" in plain(mail)


def test_a_repeat_says_that_it_may_be_one() -> None:
    again = replace(ONE, again=True)
    assert mailed(again)["Subject"].startswith("(có thể trùng) ")
    assert mailed(again)["Message-ID"] == mailed(ONE)["Message-ID"]
    assert chat(again).startswith("(có thể trùng) ")
    assert brief(again)[0].startswith("(có thể trùng) ")
    assert texts.payload(again)["data"]["again"]


def test_notices_and_tests_say_so() -> None:
    notice = replace(ONE, kind="notice", happenings=(), said="Kênh này hỏng.\nTạm dừng.")
    assert mailed(notice)["Subject"] == "Thông báo: Kênh này hỏng. Tạm dừng."
    assert "Kênh này hỏng.\nTạm dừng." in plain(mailed(notice))
    assert "Kênh này hỏng.\nTạm dừng." in chat(notice)
    trial = replace(ONE, kind="test", happenings=())
    assert mailed(trial)["Subject"] == "Thư thử: thi đua khen thưởng"
    assert "Đây là thư thử" in chat(trial)
    assert "Đây là thư thử" in brief(trial)[1]


def test_a_moment_that_moved_is_told_as_a_day() -> None:
    words = (("-", "2026-11-25T00:00:00+07:00"), ("+", " 2026-11-25T08:30:00+07:00"))
    moved = replace(ONE, happenings=(replace(ABOLISHED, changed=(Passage(field="published_at", words=words),)),))
    assert "Ngày đăng: [-25/11/2026-] {+25/11/2026 08:30+}" in plain(mailed(moved))


def test_the_day_of_effect_is_told_as_readers_write_it() -> None:
    changed = (Passage(field="effective_from", words=(("=", "2026-06-01"),)),)
    abolished = replace(ONE, happenings=(replace(ABOLISHED, changed=changed),))
    assert "Ngày có hiệu lực: 01/06/2026\n" in plain(mailed(abolished))
    assert "Ngày có hiệu lực</b>: 01/06/2026" in chat(abolished)


@pytest.mark.parametrize("spoken", ["vi", "en"])
def test_every_kind_and_field_that_is_told_has_a_word(spoken: str) -> None:
    words = load(spoken)
    for kind in set(KINDS) - SILENT:
        assert words.word("kind_of_event", kind) != kind
        assert kind in texts.KINDS
    assert load("vi")._words.keys() == load("en")._words.keys()


def test_there_is_no_text_that_no_message_says() -> None:
    room = FOLDER.parent
    sources = "".join(file.read_text("utf-8") for file in [*room.glob("*.py"), *room.glob("templates/*")])
    keys = {key.removesuffix("_one") for key in load("vi")._words if key.startswith("letter.")}
    assert {key for key in keys if f'"{key}"' not in sources and f"'{key}'" not in sources} == set()


CRLF = "Tin\r\nBcc: victim@example.org\r\n\r\n<b>body</b>"
MARKED = r"_*[]()~>#+-=|{}.! <b>đậm</b> & &amp; {{ ''.__class__ }} {% for %} <script>x()</script>"


def test_a_title_cannot_make_a_header() -> None:
    """H13."""
    for mail in (mailed(titled(CRLF)), mailed(replace(titled(CRLF), query=CRLF, kind="digest"))):
        assert mail["Bcc"] is None
        assert "\n" not in mail["Subject"]
    for message in (replace(ONE, id=CRLF), replace(ONE, thread=CRLF), replace(ONE, watch=CRLF)):
        mail = mailed(message)
        assert mail["Bcc"] is None
        assert mail.defects == []


def test_a_title_arrives_as_it_is() -> None:
    """H12, and H28: a title, like everything, is data of our own templates; none is taken from a user."""
    mail = mailed(titled(MARKED))
    assert MARKED in plain(mail)
    assert MARKED in read(html(mail)).text
    assert mail["Subject"].endswith(MARKED[-20:])
    reader = read(chat(titled(MARKED)))
    assert MARKED in reader.text
    assert reader.tags <= {"a", "b", "i", "u", "s"}
    assert MARKED in brief(titled(MARKED))[0]


def test_a_long_title_is_cut_at_a_word_with_a_link_to_the_rest() -> None:
    """H12."""
    message = titled("nghìn <chữ> " * 420)
    said = chat(message)
    assert length(said) <= LONGEST
    assert read(said).text.count("nghìn <chữ>") > 50
    assert "…" in read(said).text
    assert ABOLISHED.page in read(said).links


def test_a_chat_leaves_what_does_not_fit_to_a_link() -> None:
    many = replace(DIGEST, happenings=tuple(replace(ARTICLE, title=f"Tin {n} " + "rất dài " * 40) for n in range(300)))
    said = chat(many)
    assert length(said) <= LONGEST
    shown = read(said).text.count("• Tin mới")
    assert 5 < shown <= 25
    assert f"và {403 - shown} mục khác" in read(said).text
    assert many.search in read(said).links
    body = brief(many)[1]
    assert len(body) < 2_000
    assert many.search in body


@pytest.mark.parametrize(
    "call", ["@everyone", "@here", "<!channel>", "<!here|x>", "<@U012AB3CD>", "<@&123456789012345678>"]
)
def test_a_title_calls_nobody(call: str) -> None:
    """Slack and Discord would wake everyone in the channel."""
    for said in brief(titled(f"Tin {call} mới")):
        assert call not in said
    assert "tin@example.org" in brief(titled("Hỏi: tin@example.org"))[0]


def test_a_link_is_one_of_the_web() -> None:
    bad = replace(ONE, happenings=(replace(ABOLISHED, url="javascript:x()", page='https://a/" onclick="x()',
                                           documents=(("a", "data:text/html,x"),)),), search="file:///x")  # fmt: skip
    for markup in (html(mailed(bad)), chat(bad)):
        assert all(link.startswith("https://tin.example.org/") for link in read(markup).links)


def test_long_changes_are_cut_to_what_is_near_them() -> None:
    kept = "giữ nguyên " * 300
    words = (
        ("=", kept),
        ("-", " mười"),
        ("+", " năm"),
        ("=", " " + kept.rstrip()),
        ("+", " thêm" * 900),
        ("=", kept),
        ("-", "b"),
    )
    message = replace(ONE, happenings=(replace(ABOLISHED, changed=(Passage(field="body", words=words),)),))
    said = plain(mailed(message))
    assert "nguyên [-mười-] {+năm+}giữ" not in said
    assert "Nội dung: … " in said
    assert "nguyên [-mười-] {+năm+} giữ nguyên" in said
    assert "nguyên … giữ" in said
    assert len(said) < 3_000
    assert length(chat(message)) <= LONGEST


@given(st.lists(st.sampled_from(["Phong", "trào", "nước", "năm", "2027:", "=?utf-8?q?x?=", "30%", "đ"]), min_size=1))
def test_a_subject_keeps_every_space(words: list[str]) -> None:
    """Readers drop white space between encoded words: none may stand there."""
    title = " ".join(words)
    for message in (titled(title), replace(titled(title), language="en")):
        assert mailed(message)["Subject"] == texts.subject(message)


@pytest.mark.parametrize(
    "name",
    ["Cổng tin", "Tin, new", "Tin (mới)", "Cổng thông tin theo dõi thủ tục hành chính tỉnh Thanh Hóa và miền Trung"],
)
def test_a_sender_keeps_its_name(name: str) -> None:
    mail = letter(ONE, to="reader@example.org", sender=f'"{name}" <tin@example.org>', host="tin.example.org")
    # The modern parser shows a space between encoded words, which RFC 2047 has readers drop.
    shown = str(make_header(decode_header(message_from_bytes(mail.as_bytes())["From"])))
    assert parseaddr(shown) == (name, "tin@example.org")


ADDRESS = "https://snv.example.vn/bo-sung.pdf"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ((("+", f"{ADDRESS} Kế hoạch 2027 application/pdf"),), "{+Kế hoạch 2027+}"),
        (
            (("=", f"{ADDRESS} Kế hoạch"), ("-", " 2026 application/pdf"), ("+", " 2027 application/pdf")),
            "Kế hoạch [-2026-] {+2027+}",
        ),
        ((("-", f"{ADDRESS}?1"), ("+", ADDRESS), ("=", " Kế hoạch")), f"[-{ADDRESS}?1-] {{+{ADDRESS}+}} Kế hoạch"),
    ],
)
def test_attached_files_that_changed_are_told_by_their_names(words: Sequence[tuple[str, str]], shown: str) -> None:
    """By their addresses where nothing else of them did."""
    changed = (Passage(field="attachments", words=tuple(words)),)  # type: ignore[arg-type]  # signs of a diff
    message = replace(ONE, happenings=(replace(ABOLISHED, changed=changed),))
    assert f"Tệp đính kèm: {shown}\n" in plain(mailed(message))


ANY = st.text(max_size=300) | st.text(alphabet="<>&\"'\r\n\0\ud800\u202e𝄞 =?a", max_size=300)


@given(ANY, ANY, st.sampled_from(["event", "digest", "notice", "test"]))
def test_any_text_makes_a_sound_mail_and_chat(title: str, other: str, kind: str) -> None:
    one = replace(
        ABOLISHED, title=title, source_name=other, documents=((title, other), (other, title)), also=(other,), url=title,
        changed=(Passage(field=other, words=(("=", title), ("+", other), ("-", title))),),
    )  # fmt: skip
    message = replace(ONE, kind=kind, happenings=(one,), query=other, said=title, noted=((other, 2),))
    mail = mailed(message)
    assert mail["Subject"] == " ".join(texts.subject(message).split())
    assert len(texts.subject(message)) <= 160
    assert set(mail.keys()) == set(mailed(ONE).keys())
    read(html(mail))
    said = chat(message)
    assert length(said) <= LONGEST
    assert read(said).tags <= {"a", "b", "i", "u", "s"}
    if kind == "event":
        assert texts.shorter(text.clean(title), 1_000) in plain(mail)
    brief(message)


def test_a_watch_has_no_expression_that_could_run_away() -> None:
    """H22: there are no rules of regular expressions. What looks like one is words."""
    watched = Watched({"w": language.parse("(a+)+$ /(x*)*y/").tree})
    for said, expected in (("a" * 50_000 + "b", []), ("y, x: a", ["w"])):
        assert watched.matching(Document(body=tokens(said), published=ONE.at)) == expected


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_cut_text_is_no_longer_than_asked(words: str, most: int) -> None:
    assert len(texts.shorter(words, most)) <= most
