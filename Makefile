PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint format bench generated check-generated clean
.DEFAULT_GOAL := test

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev --editable '.[otlp,server]'
	touch $@

demo: $(INSTALLED)  ## run the example suite until there is something to see
	$(BIN)/python examples/demo.py --stack

test: $(INSTALLED)  ## run all tests, with coverage
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n auto
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --fail-under=90

lint: $(INSTALLED)  ## linters, types, order of imports, generated files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(MAKE) --no-print-directory check-generated

format: $(INSTALLED)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: bench-overhead bench-memory bench-scaling bench-exporter  ## every figure that the README states

bench-%: $(INSTALLED)
	$(BIN)/python benchmarks/$*.py

bench-judgement: $(INSTALLED)  ## how often the judgement is wrong, and how long it takes; DATA=file for another file
	$(BIN)/python benchmarks/judgement.py $(if $(DATA),--data "$(DATA)")

generated: $(INSTALLED)  ## write all files that are generated: rules, alerts, dashboards, manifests, reference pages
	$(BIN)/python -m tools.generate

check-generated: $(INSTALLED)  ## compare the committed files with the generated ones, and write no file
	$(BIN)/python -m tools.generate --check

clean:
	rm -rf $(VENV) build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis
