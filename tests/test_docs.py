"""The documentation names what there is: every command, every option, every setting."""

from __future__ import annotations

import re

import pytest
from command import ROOT
from typer.main import get_command

import cli

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
    inner = {f"sources {name}": command for name, command in top.pop("sources").commands.items()}
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
