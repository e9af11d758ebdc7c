"""Messages to be sent: an abolished procedure, an article, a digest of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from alerts.items import Happening, Message, Passage
from scraper.items import VIETNAM

ABOLISHED = Happening(
    event="eventabolished22",
    kind="procedure.abolished",
    at=datetime(2026, 11, 25, 9, 2, tzinfo=VIETNAM),
    source="thanh-hoa/snv",
    source_name="Sở Nội vụ tỉnh Thanh Hóa",
    record="recordprocedure2",
    version=3,
    title="Thủ tục xét tặng danh hiệu “Lao động tiên tiến”",
    url="https://snv.example.vn/portal/Pages/Bai-bo.aspx",
    page="https://tin.example.org/record/recordprocedure2",
    published_at=datetime(2026, 11, 25, tzinfo=VIETNAM),
    precision="day",
    changed=(
        Passage(
            field="time_limit",
            words=(("=", "Thời hạn là"), ("-", " 20"), ("+", " 10"), ("=", " ngày làm việc")),
        ),
    ),
    documents=(("Quyết định 1234/QĐ-UBND.pdf", "https://snv.example.vn/1234.pdf"),),
    also=("Cổng thông tin tỉnh Thanh Hóa",),
)
ARTICLE = replace(
    ABOLISHED, event="eventarticle2222", kind="article.new", record="recordarticle222", version=1,
    title="Hội nghị thi đua", page="https://tin.example.org/record/recordarticle222", changed=(), documents=(), also=(),
    published_at=datetime(2026, 11, 25, 8, 30, tzinfo=VIETNAM), precision="minute",
)  # fmt: skip
ELSEWHERE = replace(
    ARTICLE, event="eventelsewhere22", source="thanh-hoa/sxd", source_name="Sở Xây dựng", title="Thông báo tuyển dụng"
)
ONE = Message(
    id="message22222222a",
    kind="event",
    watch="watch22222222222",
    query="thi đua khen thưởng",
    language="vi",
    at=datetime(2026, 11, 25, 9, 5, tzinfo=VIETNAM),
    thread="recordprocedure2",
    happenings=(ABOLISHED,),
    total=1,
    search="https://tin.example.org/?q=thi+dua",
    manage="https://tin.example.org/watches/watch22222222222",
    unsubscribe="https://tin.example.org/unsubscribe/t0ken",
)
DIGEST = replace(
    ONE, id="message22222222b", kind="digest", thread="watch22222222222", happenings=(ARTICLE, ABOLISHED, ELSEWHERE),
    total=403, noted=(("Sở Y tế", 412),),
)  # fmt: skip
"""Three events shown of 403, and old pages that came into the archive."""


def titled(title: str, message: Message = ONE) -> Message:
    """A message of one event with this title."""
    return replace(message, happenings=(replace(message.happenings[0], title=title),))
