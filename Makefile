PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Tests start hundreds of interpreters, which compile all modules again where the environment keeps bytecode from disk.
export PYTHONDONTWRITEBYTECODE :=

# What a user installs with all extras but locust, for audits.
AUDITED := build/audited
# Licences that Paceline's own licence goes with.
LICENCES := MIT;BSD;Apache;Mozilla Public License 2.0;PSF

.PHONY: demo test test-pythons test-latest lock lint format bench chaos generated check-generated docs grafana-types pin-images installs man pictures dashboard-pictures licenses sbom audit clean
.DEFAULT_GOAL := test

$(INSTALLED): pyproject.toml dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(INSTALLED)  ## run the example suite until there is something to see
	$(BIN)/python examples/demo.py --stack

test: $(INSTALLED)  ## run all tests, with coverage
	$(BIN)/python -m coverage erase
	$(BIN)/python -m tools.run_tests --durations=25; tests=$$?; \
	$(BIN)/python -m coverage combine --quiet && $(BIN)/python -m coverage report && exit $$tests

test-pythons: $(INSTALLED)  ## run the tests without installed programs on each other Python that is installed
	$(BIN)/python -m tools.environments pythons

test-latest: $(INSTALLED)  ## run the same with the newest releases and the lowest versions of the libraries
	$(BIN)/python -m tools.environments newest lowest

lock: $(INSTALLED)  ## write dev.lock with the newest releases
	$(BIN)/python -m tools.environments --lock

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

chaos: $(INSTALLED)  ## make faults on purpose for at most 20 minutes, and write what they cost into docs/explanation
	$(BIN)/python -m tools.chaos --page docs/explanation/faults.md

generated: $(INSTALLED)  ## write all files that are generated: rules, alerts, dashboards, manifests, reference pages
	$(BIN)/python -m tools.generate

check-generated: $(INSTALLED)  ## compare the committed files with the generated ones, and write no file
	$(BIN)/python -m tools.generate --check

$(AUDITED): $(INSTALLED)
	rm -rf $@ && mkdir -p build
	$(BIN)/uv venv --quiet $@
	$(BIN)/uv pip install --quiet --python $@/bin/python '.[load,otlp,server]'

licenses: $(AUDITED) sbom  ## check the licences of all that is installed with Paceline, and write build/sbom.json
	$(BIN)/uv tool run pip-licenses --python $(AUDITED)/bin/python --partial-match --allow-only='$(LICENCES)'

sbom: $(AUDITED)  ## write an SBOM (CycloneDX) of all that is installed with Paceline to build/sbom.json
	$(BIN)/uv tool run --from cyclonedx-bom cyclonedx-py environment $(AUDITED)/bin/python --output-file build/sbom.json

audit: $(AUDITED)  ## look for known vulnerabilities in all that is installed with Paceline; needs a package index
	$(BIN)/uv tool run pip-audit --strict --path $(AUDITED)/lib/python*/site-packages

installs: $(INSTALLED)  ## install the wheel into an empty environment of each Python, and make a first report there
	$(BIN)/python -m tools.clean_installs

man: $(INSTALLED)  ## write the man pages of the command to build/man
	$(BIN)/uv tool run --with-editable . --from click-man click-man --target build/man paceline

pictures: $(INSTALLED)  ## draw the report of the README; GRAFANA=address takes pictures of its dashboards, too
	$(BIN)/python -m tools.pictures $(if $(GRAFANA),--grafana "$(GRAFANA)")

dashboard-pictures: $(INSTALLED)  ## draw dashboards with Grafana's component libraries; EVERY=1 draws each in each state; needs npm
	$(BIN)/python -m tools.dashboard_pictures $(if $(EVERY),--every)

grafana-types: $(INSTALLED)  ## check the dashboards against the types of Grafana 10 to 13; needs npm
	$(BIN)/python -m tools.grafana_types

pin-images: $(INSTALLED)  ## pin the images of Dockerfile and docker-compose.yml by digest; needs docker and the registries
	$(BIN)/python -m tools.image_digests

docs: $(INSTALLED)  ## build the documentation with search in build/site, and fail on a broken link
	$(BIN)/python -m tools.site

clean:
	rm -rf $(VENV) .venv-neighbours* build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis
