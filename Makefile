# The two commands of the README, and the checks that a change must pass. Each does its own set-up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# One thread for linear algebra in each process: more than one a core slows small matrices tenfold.
export OMP_NUM_THREADS ?= 1

.PHONY: demo test check benchmark lock clean

demo: $(VENV)/.base
	$(BIN)/nmosd-cohort demo --out nmosd_report

test: $(VENV)/.test
	$(BIN)/python -m pytest -q -n auto $(TEST_OPTIONS)

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/check_docs.py

benchmark: $(VENV)/.test
	$(BIN)/python -P benchmarks/start_up.py
	$(BIN)/python -P benchmarks/statistics.py
	$(BIN)/python -P benchmarks/coverage.py
	$(BIN)/python -P benchmarks/borrowing.py
	$(BIN)/python -P benchmarks/verdicts.py
	$(BIN)/python -m benchmarks.integrity

# Compiling what is installed is part of the set-up: uncompiled, the first start takes three times as long.
$(VENV)/.base: requirements/base.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q nmosd_cohort
	touch $@

$(VENV)/.test: requirements/test.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q nmosd_cohort
	touch $@ $(VENV)/.base

# Versions and hashes only; no host or URL. Needs uv, which nothing else here needs.
lock:
	uv pip compile pyproject.toml requirements/build.in --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --no-header -o requirements/base.lock
	uv pip compile pyproject.toml requirements/build.in --extra test --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --no-header -o requirements/test.lock

clean:
	rm -rf $(VENV) nmosd_report build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
