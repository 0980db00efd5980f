# Each target sets up what it needs and does nothing twice.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help site test lint serve bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

site: $(VENV)/.run  ## measure what is missing and build site/
	$(BIN)/isogloss build

test: $(VENV)/.dev  ## run every test, in a real browser too
	@sh tests/install-chromium.sh
	@sh tests/install-embedding-server.sh
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile

lint: $(VENV)/.dev  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

serve: site  ## build, then serve site/ on this machine
	$(BIN)/isogloss serve

bench: $(VENV)/.dev  ## measure speed and memory into benchmarks/
	$(BIN)/python -m benchmarks

clean:  ## remove what the other targets made, but not results/
	rm -rf $(VENV) .venv-server site .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) --editable '.[dev]'
	touch $@
