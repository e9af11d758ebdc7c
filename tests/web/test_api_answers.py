"""The HTTP API gives the shapes of the contract, and its errors are JSON."""

import pytest
from databases import KINDS
from small_archive import EDITED, HOSTILE

pytestmark = pytest.mark.parametrize("kind", KINDS, indirect=True)

HIT = {"id", "kind", "source", "platform", "title", "url", "published_at", "precision", "snippet", "document", "more"}


async def test_search(browser):
    answer = (await browser.get("/api/v1/search", params={"q": "khen thuong", "source": ["thanh-hoa/snv", "x"]})).json()
    assert {"query", "total", "took_ms", "total_is", "suggestion", "understood", "stale", "hits", "facets",
            "next_cursor"} <= set(answer)  # fmt: skip
    (hit,) = answer["hits"]
    assert set(hit) >= HIT
    assert hit["published_at"] == "2023-07-18T16:24:00+07:00"
    assert answer["facets"]["source"] == {"thanh-hoa/snv": 1}


async def test_search_with_filters_and_pages(browser):
    found = (await browser.get("/api/v1/search", params={"from": "2024-01-01", "to": "2024-12-31"})).json()
    assert [hit["id"] for hit in found["hits"]] == [HOSTILE]
    first = (await browser.get("/api/v1/search", params={"limit": 2, "sort": "newest"})).json()
    second = (await browser.get("/api/v1/search", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert len(first["hits"]) == 2
    assert len(second["hits"]) == 1


async def test_a_record_and_its_versions(browser):
    record = (await browser.get(f"/api/v1/records/{EDITED}")).json()
    assert (record["version"], record["versions"], record["state"]) == (2, 2, "live")
    assert record["capture"]["offset"] == 4711
    old = (await browser.get(f"/api/v1/records/{EDITED}", params={"version": 1})).json()
    assert "mười" in old["body_text"]
    history = (await browser.get(f"/api/v1/records/{EDITED}/history")).json()
    assert [said["version"] for said in history] == [1, 2]
    diff = (await browser.get(f"/api/v1/records/{EDITED}/diff", params={"from": 1, "to": 2})).json()
    assert ["-", " mười"] in diff["fields"]["body"]


async def test_events_and_status(browser):
    events = (await browser.get("/api/v1/events")).json()
    assert [event["kind"] for event in events] == ["article.new"] * 3
    later = await browser.get("/api/v1/events", params={"since": events[0]["cursor"], "limit": 1})
    assert [event["cursor"] for event in later.json()] == [events[1]["cursor"]]
    assert (await browser.get("/api/v1/events", params={"kind": "article.gone"})).json() == []
    status = {row["source"]: row["verdict"] for row in (await browser.get("/api/v1/status")).json()}
    assert status == {"thanh-hoa/snv": "healthy", "x/unnamed": "blocked", "lam-dong/ubnd": None}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/records/none", 404),
        (f"/api/v1/records/{EDITED}?version=9", 404),
        (f"/api/v1/records/{EDITED}?version=x", 400),
        ("/api/v1/records/none/history", 404),
        ("/api/v1/records/none/diff", 404),
        ("/api/v1/search?from=x", 400),
        ("/api/v1/search?sort=x", 400),
        ("/api/v1/search?cursor=x", 400),
        ("/api/v1/events?kind=x", 400),
        ("/api/v1/events?since=-1", 400),
        ("/api/v1/nowhere", 404),
        ("/api/", 404),
    ],
)
async def test_errors_are_json_with_a_sentence(browser, path, status):
    response = await browser.get(path)
    assert response.status_code == status
    assert set(response.json()) == {"error"}
    assert response.json()["error"]


async def test_openapi_names_every_route_and_parameter(browser):
    described = (await browser.get("/api/v1/openapi.json")).json()
    assert set(described["paths"]) == {
        "/api/v1/search", "/api/v1/records/{name}", "/api/v1/records/{name}/history", "/api/v1/records/{name}/diff",
        "/api/v1/events", "/api/v1/status", "/api/v1/procedures",
    }  # fmt: skip
    search = described["paths"]["/api/v1/search"]["get"]
    assert {one["name"] for one in search["parameters"]} == {
        "q", "kind", "source", "field", "from", "to", "sort", "limit", "cursor"
    }  # fmt: skip
    assert "422" not in search["responses"]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
async def test_no_other_descriptions_are_served(browser, path):
    assert (await browser.get(path)).status_code == 404
