"""`congtin doctor`: ill is what keeps congtin from working; lacking is what it does without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from command import Congtin


def states(told: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["state"] for check in told["checks"]}


def test_a_new_installation_is_well(congtin: Congtin) -> None:
    told = congtin.json("doctor")
    assert told["ok"]
    assert list(states(told)) == [
        "python",
        "data",
        "database",
        "index",
        "alerts",
        "sources",
        "contact",
        "ocr",
        "doc",
        "rar",
    ]
    assert states(told)["contact"] == "lacking"
    assert not (congtin.data / "index").exists()


def test_what_is_missing_is_named_with_what_is_lost_and_its_package(congtin: Congtin, tmp_path: Path) -> None:
    congtin.environment["PATH"] = str(tmp_path)
    lacking = {check["name"]: check for check in congtin.json("doctor")["checks"] if check["state"] == "lacking"}
    assert lacking["ocr"]["message"] == "OCR is not installed: scanned documents are kept, and have no text"
    assert "tesseract-ocr-vie" in lacking["ocr"]["remedy"]
    assert "antiword" in lacking["doc"]["remedy"]
    assert lacking["rar"]["message"] == "what is packed in RAR archives is listed and not read"


def test_what_is_ill_ends_with_3(congtin: Congtin) -> None:
    congtin.source("wrong", "name = 1")
    congtin.environment["CONGTIN_DATABASE_URL"] = "sqlite:////proc/nowhere/congtin.db"
    told = congtin.json("doctor", expect=3)
    assert not told["ok"]
    found = states(told)
    assert (found["database"], found["sources"]) == ("ill", "ill")
    assert "index" not in found
    assert "ill" in congtin.run("doctor", expect=3).stdout
