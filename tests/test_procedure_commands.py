"""`congtin procedures`, and show, history and diff of a procedure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import known_procedures
import pytest
from known_procedures import GUILD, HOUSE, MEDAL

from scraper.config import Config
from storage.database import Database

if TYPE_CHECKING:
    from pathlib import Path

    from command import Congtin

SHAPE = {
    "code", "name", "field", "levels", "kind", "decision", "agency", "carried_out_by", "applicants", "ways", "steps",
    "dossier", "time_limit", "fees", "result", "legal_basis", "conditions", "effective_from", "change", "evidence",
    "raw",
}  # fmt: skip
BESIDE = {"id", "state", "state_since", "places", "versions", "first_seen", "last_checked", "timeline"}


@pytest.fixture
def filled(congtin: Congtin, tmp_path: Path) -> Congtin:
    congtin.data.mkdir()
    url = f"sqlite:///{congtin.data / 'congtin.db'}"
    database = Database(Config(data=congtin.data, database_url=url, sources=congtin.data / "sources"))
    known_procedures.fill(database)
    database.close()
    return congtin


def test_procedures_are_listed_in_the_contracts_shape(filled: Congtin) -> None:
    told = filled.json("procedures")
    assert len(told) == 5
    for one in told:
        assert set(one) >= SHAPE | BESIDE
    medal = next(one for one in told if one["code"] == MEDAL)
    assert (medal["state"], medal["state_since"], medal["change"], medal["effective_from"]) == (
        "in-force", "2023-02-01", "new", "2023-02-01",
    )  # fmt: skip
    assert medal["decision"]["normal"] == "12/QĐ-UBND"
    assert medal["evidence"] == "thủ tục hành chính mới ban hành"
    assert [place["source"] for place in medal["places"]] == ["thanh-hoa/snv", "thanh-hoa/snv", "dichvucong"]
    assert (medal["time_limit"], medal["versions"]) == ("20 ngày làm việc", 3)
    assert [step["change"] for step in medal["timeline"]] == ["new"]
    assert medal["raw"]["Địa chỉ tiếp nhận"] == "28 Lê Lợi"


def test_a_list_is_had_in_parts(filled: Congtin) -> None:
    whole = filled.json("procedures")
    parts = [filled.json("procedures", "--limit", "2", "--offset", str(offset)) for offset in (0, 2, 4)]
    assert [one["id"] for part in parts for one in part] == [one["id"] for one in whole]
    assert filled.json("procedures", "--offset", "5", expect=5) == []


def test_filters_are_those_of_the_contract(filled: Congtin) -> None:
    words = (
        "--state",
        "in-force",
        "--level",
        "xã",
        "--field",
        "xay dung",
        "--change",
        "amended",
        "--since",
        "2/5/2024",
    )
    (found,) = filled.json("procedures", "giay phep", *words, "--as-of", "2024-05-03", "--source", "thanh-hoa/snv")
    assert (found["code"], found["state"], found["decision"]["normal"]) == (HOUSE, "in-force", "345/QĐ-UBND")
    assert filled.json("procedures", "--level", "tinh") == filled.json("procedures", "--level", "tỉnh")
    assert filled.json("procedures", "--as-of", "2024-05-03", "--change", "replaced", expect=5) == []


def test_the_table_says_as_of_when(filled: Congtin) -> None:
    shown = filled.run("procedures", "--as-of", "03/05/2024", "--limit", "2").stdout
    assert "5 found, as of 03/05/2024, 2 shown" in shown
    assert "345/QĐ-UBND" in shown
    filled.environment["COLUMNS"] = "80"
    narrow = filled.run("procedures", "bang khen").stdout
    assert "Thi đua - Khen thưởng · tỉnh" in narrow
    assert "01/02/2023" in narrow
    assert "nothing found, as of" in filled.run("procedures", "khongco", expect=5).stdout


@pytest.mark.parametrize("words", [("--state", "x"), ("--change", "x"), ("--level", "x"), ("--as-of", "x")])
def test_what_is_on_no_list_is_wrong_usage(congtin: Congtin, words: tuple[str, ...]) -> None:
    congtin.run("procedures", *words, expect=2)


def test_a_procedure_is_shown_by_its_code_and_by_its_id(filled: Congtin) -> None:
    told = filled.json("show", MEDAL)
    assert filled.json("show", told["id"]) == told
    assert (told["kind"], told["title"], told["source"]) == ("procedure", known_procedures.PAGE.name, "dichvucong")
    assert told["procedure"]["time_limit"] == "20 ngày làm việc"
    assert [one["url"] for one in told["attachments"]] == [known_procedures.SITE + "/mau-01.docx"]
    (step,) = told["procedure"]["timeline"]
    assert step["records"] == [step["told_by"][0]["record"]]  # the article on the decision is the decision itself
    before = filled.json("show", MEDAL, "--version", "2")
    assert (before["version"], before["procedure"]["time_limit"]) == (2, "25 ngày làm việc")
    assert filled.json("show", GUILD, "--as-of", "2024-05-31")["procedure"]["state"] == "in-force"
    assert filled.json("show", GUILD)["procedure"]["state"] == "abolished"
    assert filled.json("show", f"{MEDAL}.000.00.00.H56") == told
    shown = filled.run("show", MEDAL).stdout
    for words in (
        "in-force since 01/02/2023",
        "Trực tuyến",
        "Mẫu số 02",
        "Bước 2",
        "98/2023/NĐ-CP",
        "[page] dichvucong",
    ):
        assert words in shown
    filled.run("show", MEDAL, "--version", "9", expect=5)
    filled.run("show", "1.999999", expect=5)


def test_an_article_shows_its_procedures_and_numbers(filled: Congtin) -> None:
    record = filled.json("show", MEDAL)["procedure"]["timeline"][0]["told_by"][0]["record"]
    told = filled.json("show", record)
    assert told["procedure"] is None
    assert [(one["code"], one["change"]) for one in told["procedures"]] == [
        (MEDAL, "new"), (HOUSE, "new"), (GUILD, "new"),
    ]  # fmt: skip
    assert [(one["normal"], one["own"]) for one in told["numbers"]] == [("12/QĐ-UBND", True), ("98/2023/NĐ-CP", False)]
    named_by = [one["title"] for one in told["named_by"]]
    assert "Sở Nội vụ triển khai" in named_by
    assert "Thành lập hội" in named_by
    assert "Triển khai các thủ tục mới" not in named_by  # another province's 12/QĐ-UBND
    shown = filled.run("show", record).stdout
    assert f"[new] {GUILD}  Thành lập hội" in shown
    assert "[number] 12/QĐ-UBND" in shown


def test_history_and_diff_of_a_procedure(filled: Congtin) -> None:
    told = filled.json("history", MEDAL)
    assert [(one["version"], bool(one["step"])) for one in told] == [(None, True), (1, False), (2, False), (3, False)]
    assert {"version", "at", "title", "origin", "words_added", "words_removed", "capture"} <= set(told[0])
    assert told[0]["step"]["decision"]["normal"] == "12/QĐ-UBND"
    assert told[3]["previous"] == 2
    shown = filled.run("history", MEDAL).stdout
    assert "version 3" in shown
    assert "12/QĐ-UBND" in shown
    changed = filled.json("diff", MEDAL)
    assert (changed["from"], changed["to"], set(changed["fields"])) == (2, 3, {"time_limit", "raw"})
    assert changed["fields"]["time_limit"] == [["-", "25"], ["+", "20"], ["=", " ngày làm việc"]]
    assert "time_limit" in filled.run("diff", MEDAL).stdout
    assert filled.json("diff", MEDAL, "1", "2")["fields"]["ways"]
    filled.run("diff", MEDAL, "1", "9", expect=5)


def test_status_counts_procedures_and_not_their_pages_as_articles(filled: Congtin) -> None:
    (row,) = filled.json("status", "thanh-hoa/snv")
    assert (row["articles"], row["procedures"]) == (2, 5)


def test_search_finds_a_procedure_once_and_by_its_field(filled: Congtin) -> None:
    told = filled.json("search", "tang thuong bang khen")
    (hit,) = told["hits"]
    assert (hit["kind"], hit["code"], hit["source"]) == ("procedure", MEDAL, "dichvucong")
    assert told["facets"]["field"] == {"Thi đua - Khen thưởng": 1}
    assert told["facets"]["source"] == {"thanh-hoa/snv": 1, "dichvucong": 1}
    assert filled.json("search", "loi rieng cua trang")["hits"][0]["id"] == hit["id"]
    assert filled.json("search", "mau so 02")["total"] == 1
    assert filled.json("search", MEDAL, "--kind", "procedure")["hits"][0]["id"] == hit["id"]
    assert filled.json("search", "", "--field", "Xây dựng")["hits"][0]["code"] == HOUSE
    assert filled.json("search", "thanh lap hoi", "--source", "dichvucong", expect=5)["total"] == 0
