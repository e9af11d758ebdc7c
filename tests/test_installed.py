"""The application as it is installed, and as its documents say it is."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

from command import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SETUP = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
OURS = {name.partition(".")[0] for name in [*SETUP["packages"], *SETUP["py-modules"]]}


def test_no_dependency_owns_one_of_our_names() -> None:
    owners = packages_distributions()
    assert {name: owners[name] for name in OURS if set(owners.get(name, ["congtin"])) != {"congtin"}} == {}


def test_every_package_of_the_tree_is_installed() -> None:
    folders = {file.parent.relative_to(ROOT).as_posix() for file in ROOT.glob("*/**/__init__.py")}
    packages = {
        folder.replace("/", ".")
        for folder in folders
        if not folder.startswith((".venv", "tests", "bench", "drill", "build"))
    }
    assert packages <= set(SETUP["packages"])


def test_it_runs_from_outside_the_checkout(tmp_path: Path) -> None:
    target = tmp_path / "installed"
    copied = tmp_path / "source"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(copied)], check=True)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    install += ["--no-build-isolation", "--target", str(target), str(copied)]
    subprocess.run(install, check=True, capture_output=True)
    environment = {"PYTHONPATH": str(target), "CONGTIN_DATA": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
    code = "import cli, sys; sys.argv = ['congtin', 'sources', 'check']; print(cli.__file__, flush=True); cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith(str(target)), done.stdout + done.stderr
    assert done.stdout.split()[1:] == ["ok", "dichvucong", "ok", "sample", "ok", "thanh-hoa/snv"]
    assert list(target.glob("web/templates/*.html"))
    assert list(target.glob("web/static/*.css"))
    assert list(target.glob("storage/search/data/*.toml"))


def test_every_setting_stands_in_the_docs() -> None:
    named = set(re.findall(r'setting\("(\w+)"', (ROOT / "scraper/config.py").read_text("utf-8"))) | {"DEBUG"}
    told = (ROOT / "docs/running.md").read_text("utf-8")
    assert named
    assert [name for name in named if f"`CONGTIN_{name}`" not in told] == []


def test_every_key_of_a_source_and_a_platform_stands_in_the_docs() -> None:
    from scraper import sources

    told = (ROOT / "docs/adding-a-portal.md").read_text("utf-8")
    keys = {*sources._SourceFile.model_fields, *sources.Platform.model_fields} - {"id", "was"}
    assert [key for key in keys if key not in told] == []
    assert [key for key in sources.Selectors.model_fields if key not in told] == []


def test_links_of_the_documents_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
