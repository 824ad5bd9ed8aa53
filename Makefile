# The two commands of the README, and the ones that regenerate its tables.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data

.PHONY: demo test test-llm-server experiments experiments-quick bench bench-llm clean

# The environment, made anew when the requirements change.
$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"error: $(PYTHON) is Python {}.{}, and 3.11 or newer is needed; name one with PYTHON=".format(*sys.version_info))'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps crslab==0.1.2
	touch $@

demo: $(VENV)/installed
	$(BIN)/python run_crslab.py --config config/llm_demo.yaml --save_system

test: $(VENV)/installed
	$(BIN)/python -m pytest -n logical --dist loadfile

# The server's own environment: it needs another release of transformers than CRSLab.
SERVER_VENV ?= .venv-server

$(SERVER_VENV)/installed: tests/llm/server-requirements.txt
	$(PYTHON) -m venv $(SERVER_VENV)
	$(SERVER_VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	echo '*' > $(SERVER_VENV)/.gitignore
	touch $@

test-llm-server: $(VENV)/installed $(SERVER_VENV)/installed
	CRSLAB_CAUSAL_LLM_SERVER=$(abspath $(SERVER_VENV)/bin/python) $(BIN)/python -m pytest tests/llm/test_independent_server.py

# All tables and figures; hours on two cores, to be stopped and continued at will.
experiments: $(VENV)/installed
	$(BIN)/python -m crslab_causal.experiments --data_path $(DATA) --readme README.md

experiments-quick: $(VENV)/installed
	$(BIN)/python -m crslab_causal.experiments --data_path $(DATA) --quick

bench: $(VENV)/installed
	$(BIN)/python benchmarks/speed.py --data_path $(DATA)

bench-llm: $(VENV)/installed
	$(BIN)/python benchmarks/llm_load.py

clean:
	rm -rf $(VENV) build *.egg-info
