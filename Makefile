# The two commands of the README, and the ones that regenerate its tables.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data

.PHONY: demo test table bench clean

# The environment, made anew when the requirements change.
$(VENV)/installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps crslab==0.1.2
	touch $@

demo: $(VENV)/installed
	$(BIN)/python run_crslab.py --config config/causal_demo.yaml --save_system

test: $(VENV)/installed
	$(BIN)/python -m pytest

table: $(VENV)/installed
	$(BIN)/python benchmarks/recommendation.py --data_path $(DATA)

bench: $(VENV)/installed
	$(BIN)/python benchmarks/speed.py --data_path $(DATA)

clean:
	rm -rf $(VENV) build *.egg-info
