# `make demo` and `make test` are the README's two commands: each makes .venv if need be.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .venv-lowest

.PHONY: install demo test lowest check lint types contracts manual clean

# the last file has the version, which an editable install remembers
$(VENV)/.installed: pyproject.toml plugins/ray/pyproject.toml plugins/slurm/pyproject.toml regene_bench/base/version.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' \
		-e plugins/ray -e plugins/slurm
	touch $@

install: $(VENV)/.installed

demo: $(VENV)/.installed
	$(BIN)/regene-bench run digits

# A process a core, of one thread each: small networks do not fill two cores from one process.
# Bytecode is written, also where the caller's environment says not to: tests start some hundred
# processes, each of which would compile our modules again.
test: $(VENV)/.installed
	OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist worksteal

# The lowest versions that pyproject.toml allows, in an environment of their own, and today's of what
# they need in turn: the command line is where those two meet.
lowest:
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check packaging
	$(LOWEST)/bin/python tests/lowest_versions.py > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -c $(LOWEST)/constraints.txt \
		-e . pytest pytest-timeout pytest-xdist hypothesis pyyaml
	OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(LOWEST)/bin/python -m pytest -n auto \
		tests/cli tests/publish/test_hub.py tests/models/test_export.py

check: lint types contracts

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/mypy

contracts: $(VENV)/.installed
	$(BIN)/lint-imports

# the site lies in ./site then
manual: $(VENV)/.installed
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) $(LOWEST) dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis
