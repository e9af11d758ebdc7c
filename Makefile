# Every target does its own set-up: a virtual environment in .venv from the locked requirements.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
APT := $(shell [ "$$(id -u)" = 0 ] && echo apt-get || echo "sudo -n apt-get")

.PHONY: help run test lint format bench bench-extraction drill lock clean

help:  ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1\t/'

.venv/bin/python:
	@# Debian keeps venv's pip in a package of its own.
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(APT) -qq update && $(APT) -qq install -y python3-venv; }
	$(PYTHON) -m venv .venv

.venv/run.stamp: .venv/bin/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.venv/tools.stamp: .venv/bin/python
	@# Tests of OCR need these; where they may not be installed, pytest says at its end which tests did not run.
	@tesseract --list-langs 2>/dev/null | grep -qx vie \
		|| { $(APT) -qq update && DEBIAN_FRONTEND=noninteractive $(APT) -qq install -y tesseract-ocr tesseract-ocr-vie; } >/dev/null \
		|| echo "Tesseract with Vietnamese cannot be installed here: the tests of OCR do not run."
	@touch $@

run: .venv/run.stamp  ## crawl the sample portal and serve the search page on http://127.0.0.1:8000/
	$(BIN)/congtin demo

test: .venv/dev.stamp .venv/tools.stamp  ## run every test
	$(BIN)/python -m pytest -n auto --dist loadscope

lint: .venv/dev.stamp  ## format, lint, strict types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.stamp  ## put every file into the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/dev.stamp  ## measure the crawl beside bare Scrapy, a second crawl, and one page
	$(BIN)/python -m bench.crawl
	$(BIN)/python -m bench.page

.venv-bench/stamp: .venv/dev.stamp requirements-bench.lock
	@# uv, because pip gives up on two spellings of lxml's extra.
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-bench
	$(BIN)/uv pip install --quiet --python .venv-bench/bin/python --require-hashes -r requirements-bench.lock
	@touch $@

bench-extraction: .venv-bench/stamp  ## read pages beside other libraries (COPIES=folder of portals' copies, NAME.warc.gz)
	.venv-bench/bin/python -m bench.extraction $(or $(COPIES),$(error name a folder of copies: make bench-extraction COPIES=FOLDER))

drill: .venv/dev.stamp  ## kill crawls, fill their disk, lock and restart their database: half an hour or more (DRILL="--kills 20")
	$(BIN)/python -m drill $(DRILL)

lock: .venv/dev.stamp  ## write the locks anew from pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade \
		--group build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade \
		--group build --group dev --extra postgres pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade \
		--group build --group bench -c requirements.lock pyproject.toml -o requirements-bench.lock

clean:  ## take the environment and the caches away
	rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build *.egg-info
