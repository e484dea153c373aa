# Every command of the project. `make help` prints them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
-include .env
export

PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: help setup run verify server worker deploy test soak check format pictures lock clean

help:  ## Print this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 14

setup: .venv/.installed  ## Make .venv with the exact versions of requirements.lock

.venv/.installed: pyproject.toml requirements.lock text_classifier/training/kernel/lstm.c
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev]'
	@touch $@

run: setup  ## Retrain on news, then on imdb, and print where the reports stand
	@$(BIN)/python -m deployments.first_run

verify: setup  ## Derive anew every figure of a run (DATA_SET=imdb RUN=<folder of a model> QUICK=1) and say equal or what differs
	@$(BIN)/python -m deployments.verify $(if $(DATA_SET),--data-set $(DATA_SET)) $(if $(RUN),--run $(RUN)) $(if $(QUICK),--quick)

server: setup  ## Serve the dashboard on 127.0.0.1 until Ctrl-C, with every run kept under the data root
	@$(BIN)/python -m deployments.server

worker: setup  ## Run what is scheduled, triggered or started by hand, on this machine until Ctrl-C
	@$(BIN)/python -m deployments.worker

deploy: setup  ## Check deployments/prefect.yaml, deploy all of it, remove what left it, and say what changed
	@$(BIN)/python -m deployments.deploy

test: setup  ## Run every test (real data where TEXT_CLASSIFIER_TEST_IMDB and TEXT_CLASSIFIER_TEST_NEWS name it)
	$(BIN)/python -m pytest

soak: setup  ## Kill a training KILLS times (300) at random moments: it must end as if nobody had touched it, to the bit
	TEXT_CLASSIFIER_TEST_KILLS=$(or $(KILLS),300) $(BIN)/python -m pytest --timeout=7200 tests/unit/training/test_resuming.py -k killed

check: setup  ## Lint, check the formatting and the types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup  ## Format the code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pictures: setup  ## Make the README's pictures with the tests that drive the dashboard (needs Chromium)
	TEXT_CLASSIFIER_PICTURES_DIR=$(CURDIR)/docs/pictures $(BIN)/python -m pytest tests/e2e/test_in_browser.py

lock:  ## Resolve pyproject.toml anew into requirements.lock
	rm -rf .venv/lock
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/python -m pip install --quiet --disable-pip-version-check '.[dev,peers]'
	.venv/lock/bin/python -m pip list --format=freeze --disable-pip-version-check \
	  | grep -viE '^(pip|setuptools|text-classifier)==' | sed -E 's/\+[a-z0-9.]+$$//' > requirements.lock
	rm -rf .venv/lock

clean:  ## Remove what tools wrote here; the data root stays
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
