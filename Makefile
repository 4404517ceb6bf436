# The targets of the project. `make` without a target lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_OPTIONS ?=

# Some containers set it; then each process that tests start would compile the program again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
PARTS := cpu verification crl ncanode3 evidence records filters growth doors servers
.PHONY: help install run test sure fix format lint types imports bench lock clean

help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

# A stamp says which locked versions the environment holds, so that a second start is quick.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

install: $(VENV)/.installed ## create .venv and install the locked requirements

run: $(VENV)/.installed ## migrate the database and serve on HOST:PORT (127.0.0.1:8000)
	@$(BIN)/flask --app wsgi db upgrade
	@exec $(BIN)/python serve.py

test: $(VENV)/.installed-dev ## run the quick tests: some three minutes on two cores
	@echo "some three minutes on two cores; make sure runs all tests"
	$(BIN)/pytest --quick --numprocesses logical --dist worksteal $(PYTEST_OPTIONS)

# Budgets of time and memory, and servers with their clients, are tested one after the other.
# What fails is run once more, by itself: a busy machine may have disturbed it. What fails twice has failed.
TESTS = $(BIN)/pytest --cov --cov-append --cov-report= --cov-fail-under=0 $(PYTEST_OPTIONS)
AGAIN = { [ $$? = 1 ] && echo "== once more, by itself, what failed" && $(TESTS) --last-failed --last-failed-no-failures none --part
sure: format lint types imports ## check everything before a push, some 45 minutes; CI runs it
	$(BIN)/coverage erase
	$(TESTS) --part side-by-side --numprocesses logical || $(AGAIN) side-by-side; }
	$(TESTS) --part alone || $(AGAIN) alone; }
	$(BIN)/coverage report

fix: $(VENV)/.installed-dev ## format the code and fix what can be fixed automatically
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

format: $(VENV)/.installed-dev ## check that the code is formatted
	$(BIN)/ruff format --check

lint: $(VENV)/.installed-dev ## check ruff's rules
	$(BIN)/ruff check

types: $(VENV)/.installed-dev ## check types with mypy --strict
	$(BIN)/mypy
	$(BIN)/mypy tests bench

imports: $(VENV)/.installed-dev ## check the import contracts
	$(BIN)/lint-imports

bench: $(VENV)/.installed-dev ## measure speed against the floor (make bench evidence: that part alone; BENCH_ROWS=1000000)
	$(BIN)/python -m bench $(or $(BENCH),$(filter $(PARTS),$(MAKECMDGOALS)))

# Words behind `bench` name a part.
.PHONY: $(PARTS)
$(PARTS):
	@:

lock: $(VENV)/.installed-dev ## choose the newest versions for requirements*.txt
	$(BIN)/pip-compile $(LOCK) --strip-extras --output-file requirements.txt setup.cfg
	$(BIN)/pip-compile $(LOCK) --no-strip-extras --extra dev --constraint requirements.txt --output-file requirements-dev.txt setup.cfg
LOCK := --quiet --upgrade --generate-hashes --allow-unsafe --no-header --no-annotate \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

clean: ## remove the environment and all caches; var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage*
