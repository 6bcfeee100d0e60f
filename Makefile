# Every target works from a clean checkout and may be repeated: what is already installed
# is remembered by stamp files, so a second run starts at once.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Debian 12 brings a pip that knows neither dependency groups nor build constraints.
PIP_VERSION := 26.3
VENV := .venv
PIP_INSTALL := $(VENV)/bin/pip install -qq --disable-pip-version-check \
	--constraint constraints.txt --build-constraint constraints.txt
# Two servers (one per database) belong to each pytest worker, and tests wait for them: one worker
# more than processors, and more than four only wait.
WORKERS := $(shell echo $$(( $$(nproc) + 1 )))
PYTEST := $(VENV)/bin/pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal

# Arguments for `freehold serve` (make serve ARGS="--port 9000") or for pytest (make test ARGS=-x).
ARGS ?=

.PHONY: help serve test environments lint format bench screenshots docs lock clean

help:
	@echo "make serve   install Freehold into $(VENV) and start it (ARGS=\"--port 9000\")"
	@echo "make test    install everything the tests need and run them all"
	@echo "make lint    ruff and mypy"
	@echo "make format  let ruff rewrite what it can"
	@echo "make bench   run every measurement in bench/"
	@echo "make screenshots  write pictures of the pages into .cache/screenshots"
	@echo "make docs    write the generated pages of docs/"
	@echo "make lock    resolve all pinned versions anew"
	@echo "make clean   remove everything that make made, but no data"

serve: $(VENV)/.serve
	@exec $(VENV)/bin/freehold serve $(ARGS)

test: environments
	@$(PYTEST) $(ARGS)

environments: $(VENV)/.test
	@scripts/install-system git git-lfs postgresql npm chromium
	@$(VENV)/bin/python tests/compat/environments.py

lint: $(VENV)/.lint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: $(VENV)/.lint
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(VENV)/.test
	@for question in bench/[!_]*.py; do $(VENV)/bin/python "$$question"; done

screenshots: $(VENV)/.test
	@scripts/install-system chromium
	@PYTHONPATH=. $(VENV)/bin/python scripts/screenshots.py

docs: $(VENV)/.serve
	@$(VENV)/bin/python scripts/make_docs.py

lock:
	@scripts/install-system python
	@PIP_VERSION=$(PIP_VERSION) "$$(scripts/find-python)" scripts/lock.py

clean:
	rm -rf $(VENV) .cache dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests bench scripts -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.pip: Makefile
	@scripts/install-system python git
	@test -x $(VENV)/bin/pip || "$$(scripts/find-python)" -m venv $(VENV)
	@$(VENV)/bin/python -m pip install -qq --disable-pip-version-check pip==$(PIP_VERSION)
	@touch $@

$(VENV)/.serve: $(VENV)/.pip pyproject.toml constraints.txt
	@echo "Installing the server into $(VENV)"
	@$(PIP_INSTALL) --editable '.[server]'
	@touch $@

$(VENV)/.test: $(VENV)/.serve
	@echo "Installing what the tests need into $(VENV)"
	@$(PIP_INSTALL) --group test
	@touch $@

$(VENV)/.lint: $(VENV)/.serve
	@echo "Installing ruff and mypy into $(VENV)"
	@$(PIP_INSTALL) --group lint
	@touch $@
