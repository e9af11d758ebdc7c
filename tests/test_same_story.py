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

    updated = [event for event in congtin.events("--kind", "record.updated") if "added" in event["changes"][0]]
    pairs = [(event["record"], event["changes"][0]["added"]) for event in updated]
    assert len(pairs) == PRINTED
    for pair in pairs:
        one, other = (congtin.json("show", name) for name in pair)
        assert (one["source"], other["source"]) == ("first", "second")
        for shown, elsewhere in ((one, other), (other, one)):
            (told,) = shown["group"]
            assert told == {field: elsewhere[field] for field in told}

    for record, other in pairs:
        words = " ".join(congtin.json("show", record)["body_text"].split()[:12])
        hits = [{hit["id"], *hit["more"]} for hit in congtin.json("search", f'"{words}"')["hits"]]
        assert [hit for hit in hits if record in hit] == [{record, other}]
