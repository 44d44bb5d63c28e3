# Everything that can be done here, in ten words. Needs python3 (3.11 or newer) and make, nothing else.

# The first that is new enough. It is asked, not looked up: a version manager's stub may refuse.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN    := .venv/bin
STACK  ?= .stack
export STACK

.DEFAULT_GOAL := help
.PHONY: help up demo test check fmt bench prove manage clean venv

help:  ## this page
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' Makefile
	@echo
	@echo '  ARGS="..." goes to the program behind the word: make test ARGS="-k ledger"'
	@echo '  STACK=dir keeps the running stack elsewhere than in .stack'
	@echo '  DATABASE_URL, REDIS_URL name running servers; PG_BIN names PostgreSQL programs'

up: venv  ## the whole platform on this machine, until ctrl-C
	@$(BIN)/python -m stack.up $(ARGS)

demo: venv  ## a day in the life, then the proof that the books agree
	@$(BIN)/python -m stack.demo $(ARGS)

test: venv  ## all tests, on servers of their own
	@$(BIN)/python -m stack.test $(ARGS)

check: venv  ## what CI runs: format, lint, types, floor plan, migrations, tests
	@$(BIN)/python -m stack.check $(ARGS)

fmt: venv  ## put the code into its shape
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: venv  ## measure
	@$(BIN)/python -m bench $(ARGS)

prove: venv  ## ask the running stack whether the money is right
	@$(BIN)/python -m stack.manage prove $(ARGS)

manage: venv  ## a command of manage.py for the running stack
	@$(BIN)/python -m stack.manage $(ARGS)

clean:  ## forget everything that was made here
	rm -rf .venv $(STACK) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache

venv:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, as python3 or python3.11 on PATH."; exit 1; } >&2
	@$(PYTHON) stack/bootstrap.py
