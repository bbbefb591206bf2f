# Every target is one plain command that also works by hand (CONTRIBUTING.md gives the Windows form).
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test slow setup format browser shared docs bench golden oldest clean

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch .venv/ready

setup: .venv/ready

demo: .venv/ready
	$(BIN)/ranvier demo --out ranvier-demo

test: .venv/ready
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 -m "not browser and not shared and not slow"

# Tests that take more than a few seconds each: whole examples, simulations, searches on fine grids.
slow: .venv/ready
	$(BIN)/python -m pytest -n 2 -m "slow and not browser and not shared"

format: .venv/ready
	$(BIN)/python -m ruff format .
	$(BIN)/python -m ruff check --fix .

# Pages in a real browser: accessibility, phone width, no script. Needs Chromium on the machine.
browser: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[browser]"
	$(BIN)/python -m pytest -m browser

# Tests on other people's data, which stays beside the clone in ../shared; skipped with a reason without it.
shared: .venv/ready
	$(BIN)/python -m pytest -n 2 -m shared

docs: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: .venv/ready
	$(BIN)/python benchmarks/versus.py

# Regenerates peer values; needs R with the packages that the head of each script names.
golden:
	for script in tests/golden/*.R; do Rscript $$script; done

# The same fast tests on the oldest dependencies that pyproject.toml allows.
oldest:
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check uv
	.venv-oldest/bin/uv pip install --quiet --python .venv-oldest/bin/python --resolution lowest-direct --editable ".[dev]"
	.venv-oldest/bin/python -m pytest -n 2 -q -W default::DeprecationWarning -m "not browser and not shared and not slow"

clean:
	rm -rf .venv .venv-oldest docs/_build ranvier-demo
