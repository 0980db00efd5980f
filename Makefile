# Each target sets up what it needs and does nothing twice.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help site test lint serve bench faults fuzz mutants lock audit clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

site: $(VENV)/.run  ## measure what is missing and build site/
	$(BIN)/isogloss build

test: $(VENV)/.dev  ## run every test, in a real browser too; 95 % of the lines must have run
	@sh tests/install-chromium.sh
	@sh tests/install-embedding-server.sh
	$(PYTEST) -m "not browser" --cov=generator --cov-report=term
	$(PYTEST) -m browser

lint: $(VENV)/.dev  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

serve: site  ## build, then serve site/ on this machine
	$(BIN)/isogloss serve

bench: $(VENV)/.dev  ## measure speed and memory into benchmarks/
	$(BIN)/python -m benchmarks

faults: $(VENV)/.dev  ## strike a run at every place of a disk operation; takes hours
	$(BIN)/python tests/fault_campaign.py

fuzz: $(VENV)/.dev  ## look for inputs that break loaders and pages, ten minutes each
	$(PIP) --editable '.[fuzz]'
	for target in tables parquet npz toml results render tampered; do $(BIN)/python tests/fuzz $$target 10 || exit 1; done

mutants: $(VENV)/.dev  ## break the measures in every small way and see the tests notice; takes hours
	$(PIP) mutmut==3.8.1
	$(BIN)/mutmut run --max-children 2
	$(BIN)/mutmut results

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --no-emit-package isogloss --constraint constraints.txt
lock: $(VENV)/.dev  ## pin every dependency with its hashes
	echo torch | $(LOCK) --output-file torch.lock -
	$(LOCK) --all-extras --output-file requirements.lock pyproject.toml \
	  $$(sed -nE 's/^((torch|triton|nvidia|cuda)[a-z0-9-]*)==.*/--no-emit-package \1/p' torch.lock)

audit: $(VENV)/.dev  ## look for known vulnerabilities of what is locked
	@$(BIN)/pip-audit --strict --disable-pip --requirement requirements.lock --requirement torch.lock \
	  || { echo "make audit: something is vulnerable or could not be checked; see above" >&2; exit 1; }

clean:  ## remove what the other targets made, but not results/
	rm -rf $(VENV) .venv-server site mutants .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) --editable '.[dev]'
	touch $@
