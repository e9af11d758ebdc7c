"""The documentation names what there is: every command, every option, every setting."""

from __future__ import annotations

import re

import pytest
from command import ROOT
from typer.main import get_command

import cli
from sample.bad_lists import LISTS
from sample.faulty import FAULTS

README = (ROOT / "README.md").read_text("utf-8")
DOCS = README + "".join(file.read_text("utf-8") for file in sorted((ROOT / "docs").glob("*.md")))
CODE = "".join(
    file.read_text("utf-8")
    for place in ("*.py", "commands/**/*.py", "scraper/**/*.py", "spiders/**/*.py", "storage/**/*.py", "web/**/*.py")
    for file in sorted(ROOT.glob(place))
)
INNER = {"CONGTIN_CONFIG"}  # a setting of Scrapy, and no variable


def commands() -> dict[str, set[str]]:
    """Every command with the options that are its own."""
    top = get_command(cli.app).commands
    inner = {
        f"{group} {name}": command
        for group in ("sources", "watch")
        for name, command in top.pop(group).commands.items()
    }
    return {
        name: {option for one in command.params for option in one.opts if option.startswith("--")} - {"--json"}
        for name, command in {**top, **inner}.items()
    }


def named(option: str) -> bool:
    return re.search(rf"{re.escape(option)}(?![a-z-])", DOCS) is not None


@pytest.mark.parametrize("command", sorted(commands()))
def test_the_readmes_table_names_the_command(command: str) -> None:
    table = README.partition("## Commands")[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("|")]
    assert any(all(re.search(rf"\b{word}\b", row) for word in command.split()) for row in rows)


@pytest.mark.parametrize("command", sorted(commands()))
def test_the_documentation_names_the_commands_options(command: str) -> None:
    assert [option for option in sorted(commands()[command]) if not named(option)] == []


def test_every_setting_is_in_the_table_of_settings() -> None:
    table = (ROOT / "docs" / "running.md").read_text("utf-8").partition("## Settings")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `(CONGTIN_[A-Z_]+)`", table, re.MULTILINE))
    read = {f"CONGTIN_{name}" for name in re.findall(r'setting\("([A-Z_]+)"', CODE)}
    assert told == (read | set(re.findall(r"CONGTIN_[A-Z]+(?:_[A-Z]+)*\b", CODE))) - INNER


CATALOGUE = {"faults.md": {"A": 40, "B": 25, "C": 27, "D": 19, "E": 18, "F": 16}, "monitoring.md": {"H": 28}}
"""How many cases of faults each part has, by the page that lists them."""
ROW = re.compile(r"^\| ([A-Z]\d+) \| [^|]+ \| (?:[^|]+ \| )?([^|]+) \|$", re.MULTILINE)


def cases(page: str) -> list[tuple[str, list[str]]]:
    """The rows of a page's table of all cases: the id, and what proves it."""
    table = (ROOT / "docs" / page).read_text("utf-8").partition("## All cases")[2]
    return [(case, proofs.replace("`", "").split(", ")) for case, proofs in ROW.findall(table)]


@pytest.mark.parametrize("page", CATALOGUE)
def test_every_case_of_the_catalogue_has_a_row_and_a_proof(page: str) -> None:
    assert [case for case, _ in cases(page)] == [
        f"{part}{number}" for part, count in CATALOGUE[page].items() for number in range(1, count + 1)
    ]
    assert all(proofs for _, proofs in cases(page))
    told = f"All {sum(CATALOGUE[page].values())} cases have a test."
    assert told in (ROOT / "docs" / page).read_text("utf-8")


@pytest.mark.parametrize(
    ("case", "proof"), [(case, proof) for page in CATALOGUE for case, proofs in cases(page) for proof in proofs]
)
def test_what_proves_a_case_is_there(case: str, proof: str) -> None:
    """A row of the sample portal's faults; or a test, which has the case among its examples if it names cases."""
    if proof == "row":
        assert case in {fault.id.partition("-")[0] for fault in (*FAULTS, *LISTS)}
        return
    file, _, name = proof.partition("::")
    text = (ROOT / "tests" / file).read_text("utf-8")
    found = re.search(rf"^(?:async )?def {name}\(([^)]*)\)", text, re.MULTILINE)
    assert found, f"{file} has no {name}"
    if re.search(r"\bcase: str\b", found[1]):
        assert f'"{case}"' in text


def test_the_table_beside_stock_scrapy_has_all_that_the_sample_portal_does() -> None:
    faults = (ROOT / "docs" / "faults.md").read_text("utf-8")
    table = faults.partition("## Beside stock Scrapy")[2].partition("\n## ")[0]
    shown = re.findall(r"^\| ([A-Z]\d+[\w-]*) \|", table, re.MULTILINE)
    assert [fault.id for fault in FAULTS] == [name for name in shown if not name.startswith("A35-")]
