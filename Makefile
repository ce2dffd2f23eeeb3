# make demo: set everything up, stylise a sample picture and the sample clip.  make check: style, types, layers.
# make test: the suite.  make test-slow: the tests that need longer.  make test-index: those that download the
# published network from the package index.  .ci/run runs all of these.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PYTEST = $(BIN)/pytest -n 2 --dist loadfile

.PHONY: demo test test-slow test-index check format clean

demo: $(VENV)/installed
	$(BIN)/nstpipe demo

test: $(VENV)/developing
	$(PYTEST) -m 'not slow and not index'

test-slow: $(VENV)/developing
	$(PYTEST) -m slow

test-index: $(VENV)/developing
	$(BIN)/pytest -m index

check: $(VENV)/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/developing
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[report]'
	touch $@

$(VENV)/developing: $(VENV)/installed
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) demo.mp4 demo.png .demo.mp4.nstpipe .demo.png.nstpipe
