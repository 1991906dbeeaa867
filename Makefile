# Each of these works as the first command on a machine with Python 3.11 or newer.
PY = .venv/bin/python
ARGS =
RECORDINGS =

.PHONY: help demo run test bench lint format ci base dev

help:
	@echo "make demo               everything on simulated markets, no key, no network"
	@echo "make demo RECORDINGS=D  the same on one recorded set of real markets"
	@echo "make run                everything on live public markets"
	@echo "make test               all tests (ARGS='-k funding' for some)"
	@echo "make bench              the benchmarks, as a table"
	@echo "make lint               style, types, floors, migrations"
	@echo "make ci                 what the build server runs"

base:
	@sh .ci/setup base

dev:
	@sh .ci/setup dev

demo: base
	@$(PY) manage.py up --demo $(if $(RECORDINGS),--recordings "$(RECORDINGS)") $(ARGS)

run: base
	@$(PY) manage.py up $(ARGS)

test: dev
	@$(PY) -m pytest $(ARGS)

bench: dev
	@$(PY) -m tests.bench $(ARGS)

lint: dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy .
	@.venv/bin/lint-imports
	@$(PY) manage.py makemigrations --check --dry-run

format: dev
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

ci:
	@bash .ci/run
