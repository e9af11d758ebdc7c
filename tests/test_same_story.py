"""Two portals, of which one prints the other's articles with headings of its own: crawled, shown, told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample import articles as sample

if TYPE_CHECKING:
    from command import Congtin, Serve

PRINTED = 3


def test_a_second_portal_prints_the_first_ones_articles(congtin: Congtin, serve: Serve, address: str) -> None:
    congtin.environment["CONGTIN_DATABASE_URL"] = address
    written = [sample.write_article(7, sample.write_head(7, index, old_from=100)) for index in (0, 3, 5)]
    first, second = serve(name="first", articles=10), serve(name="second", articles=10, seed=2)
    for number, article in enumerate(written):
        body = list(article.paragraphs)
        first.control(do="publish", title=article.head.title, body="\n".join(body))
        body[number % len(body)] = "Theo Cổng thông tin điện tử Sở Nội vụ."
        second.control(do="publish", title=f"Tin ngành nội vụ số {number}", body="\n".join(body))
    reports = [congtin.json("crawl", name)[0] for name in ("first", "second")]
    assert [(report["verdict"], report["new"]) for report in reports] == [("healthy", 10 + PRINTED)] * 2

    told = congtin.events()
    shown = [congtin.json("show", event["record"]) for event in told if event["kind"] == "article.new"]
    grouped = {one["id"]: one for one in shown if one["group"]}
    assert sorted(one["source"] for one in grouped.values()) == ["first"] * PRINTED + ["second"] * PRINTED
    for one in grouped.values():
        (other,) = one["group"]
        assert other["source"] != one["source"]
        assert [back["id"] for back in grouped[other["id"]]["group"]] == [one["id"]]
        assert {field: grouped[other["id"]][field] for field in other} == other
    added = [event for event in told if event["kind"] == "record.updated" and event["changes"][0]["field"] == "group"]
    assert {event["record"] for event in added} == {one["id"] for one in grouped.values() if one["source"] == "first"}
