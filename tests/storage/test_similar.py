"""Which records are put to one story, on both databases, and which only look alike."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any

import making
import pytest
import retelling
from hypothesis import given
from hypothesis import strategies as st
from making import NOON, article, later, save
from sqlalchemy import delete, func, select, update

from scraper import sketch
from scraper.items import Moment
from storage import batch, events, records, resemblance, similar
from storage.models import Article, Event, StoryKey

if TYPE_CHECKING:
    from retelling import Told
    from sqlalchemy.orm import Session

NEWS = retelling.paragraphs(
    """
Sáng ngày 9/3/2025, tại hội trường huyện Thọ Xuân, Sở Nội vụ tổ chức hội nghị triển khai công tác văn thư, lưu
trữ với sự tham gia của 120 đại biểu đến từ các xã, thị trấn trong huyện.

Phát biểu khai mạc, đồng chí Lê Văn Hùng, Phó Giám đốc Sở, nhấn mạnh yêu cầu số hóa toàn bộ hồ sơ hộ tịch trước
khi sắp xếp lại đơn vị hành chính, bảo đảm không gián đoạn việc giải quyết thủ tục cho người dân.

Các đại biểu đã nghe giới thiệu phần mềm quản lý văn bản mới, trao đổi về kinh phí chỉnh lý tài liệu tồn đọng và
cách phân công cán bộ kiêm nhiệm ở những xã chưa có kho lưu trữ đạt chuẩn.

Kết luận hội nghị, Sở Nội vụ giao Trung tâm Lưu trữ lịch sử phối hợp với các địa phương kiểm tra thực tế, tổng
hợp khó khăn, báo cáo Ủy ban nhân dân tỉnh xem xét trong quý tới.
"""
)
OTHER = retelling.paragraphs(
    """
Đội tuyển bóng chuyền nữ của tỉnh vừa giành huy chương vàng tại giải trẻ toàn quốc sau trận chung kết kéo dài
năm hiệp đầy kịch tính trước đội chủ nhà trên sân vận động thành phố.

Huấn luyện viên trưởng cho biết các cầu thủ đã tập luyện liên tục ba tháng trong điều kiện thiếu thốn, và thành
tích này là phần thưởng xứng đáng cho nỗ lực bền bỉ của toàn đội cùng gia đình.
"""
)


def told(path: str, *paragraphs: str, **fields: Any) -> Any:
    fields = {"title": f"Tin {path}"} | fields
    return article(path, body_text="\n".join(paragraphs), **fields)


def stories(session: Session) -> dict[str, str]:
    """The path of each record's page, and that of the one that stands for its story."""
    session.flush()
    rows = session.execute(select(Article.id, Article.canonical_url, Article.story)).all()
    paths = {name: address.removeprefix(making.SITE) for name, address, _ in rows}
    return {paths[name]: paths[story] for name, _, story in rows}


def grouped(session: Session, *, since: int = 0) -> list[tuple[str, dict[str, Any]]]:
    session.flush()
    found = events.since(session, since, kinds=["record.updated"])
    return [(event.url.removeprefix(making.SITE), event.changes[0]) for event in found]


def last(session: Session) -> int:
    return session.scalar(select(func.max(Event.cursor))) or 0


def test_another_portal_prints_it_with_its_own_heading(session: Session) -> None:
    save(session, told("/tin/1", *NEWS), source="snv")
    save(
        session,
        told("/xa/1", *NEWS[:3], "Nguồn: Sở Nội vụ", title="Hội nghị về lưu trữ"),
        source="tho-xuan",
        at=later(5),
    )
    save(session, told("/xa/2", *OTHER), source="tho-xuan", at=later(6))
    assert stories(session) == {"/tin/1": "/tin/1", "/xa/1": "/tin/1", "/xa/2": "/xa/2"}
    first, second = session.scalars(
        select(Article.id).where(Article.canonical_url.endswith("/1")).order_by(Article.first_seen)
    )
    assert grouped(session) == [("/tin/1", {"field": "group", "added": second})]
    (other,) = records.show(session, first)["group"]
    assert (other["id"], other["source"], other["title"]) == (second, "tho-xuan", "Hội nghị về lưu trữ")
    assert [one["id"] for one in records.show(session, second)["group"]] == [first]
    assert similar.stories(session, [first, second]) == {first: first, second: first}
    assert similar.elsewhere(session, [first]) == {first: [first, second]}


def test_a_copy_is_one_at_any_time_and_more_than_a_copy_only_for_a_month(session: Session) -> None:
    save(session, told("/1", *NEWS, published=making.day(2024, 3, 9)))
    save(session, told("/2", *NEWS, title="Như trên", published=making.day(2025, 3, 9)), source="x")
    save(session, told("/3", *NEWS[1:], title="Vẫn kịp", published=making.day(2024, 4, 8)), source="y")
    save(session, told("/4", *NEWS[:3], title="Phần đầu", published=making.day(2024, 4, 20)), source="x")
    assert stories(session) == {"/1": "/1", "/2": "/1", "/3": "/1", "/4": "/4"}


@pytest.mark.parametrize(
    ("old", "new"),
    [("9/3/2025", "8/3/2024"), ("120 đại biểu", "95 đại biểu"), ("Lê Văn Hùng", "Trần Thị Bích")],
    ids=["year", "number", "name"],
)
def test_a_notice_with_other_facts_is_another_notice(session: Session, old: str, new: str) -> None:
    save(session, told("/1", NEWS[0] + NEWS[1][:80]))
    save(session, told("/2", (NEWS[0] + NEWS[1][:80]).replace(old, new)), source="x")
    assert stories(session) == {"/1": "/1", "/2": "/2"}


def test_too_little_text_tells_no_story(session: Session) -> None:
    save(session, told("/1", "Xem tệp đính kèm.", title="Thông báo"))
    save(session, told("/2", "Xem tệp đính kèm.", title="Thông báo"), source="x")
    save(session, told("/3", title="Thông báo"), source="y")
    assert stories(session) == {"/1": "/1", "/2": "/2", "/3": "/3"}
    assert session.scalar(select(func.count()).select_from(StoryKey)) == 0


def test_a_changed_text_is_placed_anew(session: Session) -> None:
    for number, source in enumerate("abc", 1):
        save(session, told(f"/{number}", *NEWS, title=f"Tin {source}"), source=source, at=later(number))
    assert stories(session) == {"/1": "/1", "/2": "/1", "/3": "/1"}
    cursor = last(session)
    save(session, told("/2", *OTHER), source="b", at=later(10))
    assert stories(session) == {"/1": "/1", "/2": "/2", "/3": "/1"}
    assert [(path, set(change)) for path, change in grouped(session, since=cursor)] == [("/1", {"field", "removed"})]
    save(session, told("/2", *NEWS[:3]), source="b", at=later(11))
    assert stories(session) == {"/1": "/1", "/2": "/1", "/3": "/1"}


def test_an_edit_of_the_first_record_keeps_the_story_and_its_keys_follow(session: Session) -> None:
    save(session, told("/1", *NEWS), source="a", at=later(1))
    save(session, told("/2", *NEWS, title="Khác"), source="b", at=later(2))
    cursor = last(session)
    save(session, told("/1", *NEWS[1:], OTHER[0]), source="a", at=later(3))
    assert stories(session) == {"/1": "/1", "/2": "/1"}
    assert not grouped(session, since=cursor)
    keys = set(session.scalars(select(StoryKey.key)))
    assert keys == set(sketch.of("\n".join([*NEWS[1:], OTHER[0]])).keys[: sketch.FEW])


def test_the_next_record_stands_for_a_story_that_the_first_has_left(session: Session) -> None:
    save(session, told("/1", *NEWS), source="a", at=later(1))
    save(session, told("/2", *NEWS[:3], title="Khác"), source="b", at=later(2))
    save(session, told("/3", *NEWS[:3], title="Khác nữa"), source="c", at=later(3))
    save(session, told("/1", *OTHER), source="a", at=later(4))
    assert stories(session) == {"/1": "/1", "/2": "/2", "/3": "/2"}
    assert [path for path, change in grouped(session) if "to" in change] == ["/2", "/3"]
    save(session, told("/4", *NEWS[:3], title="Muộn"), source="d", at=later(5))
    save(session, told("/5", *OTHER, title="Thể thao"), source="d", at=later(6))
    assert stories(session) == {"/1": "/1", "/2": "/2", "/3": "/2", "/4": "/2", "/5": "/1"}


def test_the_first_and_the_next_change_together(session: Session) -> None:
    for number, source in enumerate("abc", 1):
        save(session, told(f"/{number}", *NEWS, title=f"Tin {source}"), source=source, at=later(number))
    assert stories(session) == {"/1": "/1", "/2": "/1", "/3": "/1"}
    batch.begin(session)
    save(session, told("/1", *OTHER), source="a", at=later(4))
    save(session, told("/2", *NEWS[:3], title="Tin b"), source="b", at=later(4))
    batch.end(session)
    assert stories(session) == {"/1": "/1", "/2": "/2", "/3": "/2"}


def test_likeness_is_not_handed_on(session: Session) -> None:
    save(session, told("/1", *NEWS), source="a", at=later(1))
    save(session, told("/2", *NEWS[2:], *OTHER), source="b", at=later(2))
    save(session, told("/3", *OTHER), source="c", at=later(3))
    assert stories(session)["/3"] != "/1"


def test_a_gone_record_keeps_its_story(session: Session) -> None:
    save(session, told("/1", *NEWS), source="a")
    save(session, told("/2", *NEWS, title="Khác"), source="b", at=later(1))
    session.execute(update(Article).where(Article.canonical_url == making.SITE + "/1").values(state="gone"))
    save(session, told("/3", *NEWS, title="Khác nữa"), source="c", at=later(2))
    assert stories(session) == {"/1": "/1", "/2": "/1", "/3": "/1"}


def test_what_stands_on_every_page_of_a_portal_leads_nowhere(session: Session) -> None:
    footer = NEWS[3]
    for number in range(similar.MOST + 15):
        body = " ".join(f"từ{number}x{word}" for word in range(25))
        save(session, told(f"/{number}", body, footer), source="a", at=later(number))
    assert set(Counter(stories(session).values()).values()) == {1}
    most = session.scalars(select(func.count()).select_from(StoryKey).group_by(StoryKey.key)).all()
    assert max(most) == similar.MOST


def test_a_batch_comes_to_what_its_articles_come_to_one_by_one(session: Session) -> None:
    batch.begin(session)
    save(session, told("/1", *NEWS), source="a")
    save(session, told("/2", *NEWS[:3], title="Khác"), source="b")
    save(session, told("/3", *OTHER), source="c")
    save(session, told("/4", *OTHER, title="Thể thao"), source="d")
    batch.end(session)
    assert stories(session) == {"/1": "/1", "/2": "/1", "/3": "/3", "/4": "/3"}


def test_records_archived_before_are_compared_later_once(session: Session) -> None:
    save(session, told("/1", *NEWS), source="a", at=later(1))
    save(session, told("/2", *NEWS, title="Khác"), source="b", at=later(2))
    session.execute(update(Article).values(story=None))
    session.execute(delete(StoryKey))
    cursor = last(session)
    assert similar.catch_up(session) is False
    assert stories(session) == {"/1": "/1", "/2": "/1"}
    assert [(path, set(change)) for path, change in grouped(session, since=cursor)] == [
        ("/1", {"field", "added"}), ("/2", {"field", "to"}),
    ]  # fmt: skip
    cursor = last(session)
    similar.catch_up(session)
    assert last(session) == cursor


def test_a_record_that_changes_before_it_was_compared_is_placed(session: Session) -> None:
    save(session, told("/1", *NEWS), source="a", at=later(1))
    session.execute(update(Article).values(story=None))
    session.execute(delete(StoryKey))
    save(session, told("/1", *OTHER), source="a", at=later(2))
    save(session, told("/2", *OTHER, title="Thể thao"), source="b", at=later(3))
    assert stories(session) == {"/1": "/1", "/2": "/1"}


def pairs(families: dict[Any, Any]) -> set[frozenset[Any]]:
    """The pairs of things that have the same family."""
    members: dict[Any, list[Any]] = {}
    for one, family in families.items():
        members.setdefault(family, []).append(one)
    return {frozenset(pair) for several in members.values() for pair in combinations(several, 2)}


def placed(session: Session, articles: list[Told]) -> set[frozenset[Any]]:
    """The pairs that are found among articles when they come in one by one, each from a portal of its own."""
    for number, one in enumerate(articles):
        published = Moment(at=one.published.astimezone(NOON.tzinfo), precision="minute")
        said = article(f"/{number}", title=one.title, body_text=one.body, published=published)
        save(session, said, source=f"s{number}", at=one.published)
    found = stories(session)
    return pairs({number: found[f"/{number}"] for number in range(len(articles))})


@pytest.mark.parametrize(("kind", "seed"), [("sqlite", 1), ("postgresql", 2)], indirect=["kind"])
def test_pairs_that_are_found_and_pairs_that_only_look_alike(session: Session, seed: int) -> None:
    articles = retelling.everything(seed)
    wanted = pairs({number: one.story for number, one in enumerate(articles)})
    found = placed(session, articles)
    right = len(wanted & found)
    precision, recall = right / len(found), right / len(wanted)
    assert len(wanted) > 250
    assert precision >= 0.95, sorted(map(sorted, found - wanted))
    assert recall >= 0.9


SYLLABLES = ["xã", "Xã", "07", "7", "2024", "2025", "Lê", "hội", "nghị", "\n", "đ/c", "kỹ", "kĩ"]
WORDS = st.lists(st.sampled_from(SYLLABLES), max_size=80)


@given(st.text(max_size=30), st.text(max_size=400), WORDS.map(" ".join), st.none() | st.floats(-50, 50))
def test_any_two_texts_can_be_compared(title: str, odd: str, body: str, days: float | None) -> None:
    one, other = resemblance.read(f"Tin {title}", odd + body), resemblance.read(body, body + odd)
    resemblance.compare(one, other, days=days)
    drawn = sketch.of(odd + body)
    assert drawn.size == len(one.tokens)
    assert len(drawn.keys) <= sketch.MANY
    assert all(-(1 << 63) <= key < 1 << 63 for key in drawn.keys)
    if drawn.size >= sketch.LEAST_WORDS:
        assert resemblance.compare(one, one, days=days) == "copy"
