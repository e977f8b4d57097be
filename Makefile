# Everything a newcomer or CI needs; each target sets up what it depends on by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint check format bench quality torture lock screenshots docs

$(READY): pyproject.toml requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "cockpit needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/python -m compileall -q cockpit  # pip does it for what it copies: the first start is as fast as the others
	@touch $(READY)

demo: $(READY)  ## a scratch repository, six workstreams, scripted agents
	@$(BIN)/cockpit demo

test: $(READY)  ## the whole suite
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist worksteal

lint: $(READY)  ## ruff and mypy, strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test  ## what CI runs

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## ratios, measured in one run
	$(BIN)/python -m tests.bench

quality: $(READY)  ## precision and recall of each rule over the corpora of tests/quality
	$(BIN)/python -m tests.quality.evaluate

KILLS ?= 500
torture: $(READY)  ## kills random processes of running plans, KILLS times, and proves that nothing was lost
	$(BIN)/python -m tests.e2e.torture --kills $(KILLS)

screenshots: $(READY)  ## the pictures of the README, made from a real run
	$(BIN)/python -m tests.screenshots

docs: $(READY)  ## the generated pages of docs/
	$(BIN)/python -m tests.docs

lock: $(READY)  ## newest versions inside the ranges of pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --no-emit-index-url --no-header --group dev pyproject.toml -o requirements-dev.lock
