# Every target sets itself up on a fresh machine; only Python 3.11 or newer has to be there.
# `make help` lists the targets. Use another interpreter with `make test PYTHON=python3.12`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin/python
PIP := $(BIN) -m pip install -qq --disable-pip-version-check --constraint constraints.txt
# Threads that spin while they wait for a core that somebody else has cost up to ten times the run.
export OMP_WAIT_POLICY ?= PASSIVE

# Those with outputs, which running them fills in; some train for a minute.
PAGES := $(addprefix docs/,$(addsuffix .md,index concepts lesson first-model training in-context size-free matrix-program circuits \
	derivations own-problem own-model own-encoding own-ensemble own-algorithm own-prompt-model speedrun faq))

.DEFAULT_GOAL := help
.PHONY: help demo test test-types test-slow test-browser test-app test-sweep fuzz lint fmt bench efficiency docs site clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed-demo ## train a small model on this machine's CPU, score it, solve a matrix
	@$(BIN) -m eigenformer demo

# A process a core, each with one thread: the tests are many small ones. In the order of their files, as
# the slowest have few tests, and would come last and alone.
test: $(VENV)/.installed-dev ## run the tests (a few minutes)
	@OMP_NUM_THREADS=1 $(BIN) -m pytest -n auto --dist loadfile --no-loadscope-reorder

# Checks the annotations of every call, shapes included, which takes tests more than twice as long; an
# int may stand where a float is asked (PEP 484). `make test-types TESTS=tests` checks all of them so.
TESTS := tests/core tests/ensembles tests/problems tests/encodings tests/models tests/incontext
CHECKER := beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))
test-types: $(VENV)/.installed-dev ## run the tests of what computes with types and shapes checked
	@OMP_NUM_THREADS=1 $(BIN) -m pytest -q -n auto --dist loadfile "--jaxtyping-packages=eigenformer,$(CHECKER)" $(TESTS)

test-slow: $(VENV)/.installed-dev ## run the tests that take minutes each
	@$(BIN) -m pytest -m slow

test-browser: $(VENV)/.installed-browser ## open the report and the explorer in Chromium and look for what is wrong
	@$(BIN) -m pytest -m browser

test-app: $(VENV)/.installed-app ## drive the playground in Chromium, its three tabs
	@OMP_NUM_THREADS=1 $(BIN) -m pytest -m "app or not app" tests/app tests/app_browser

test-sweep: $(VENV)/.installed-sweep ## run the tests of sweeps with Ray and of tracking with trackio
	@$(BIN) -m pytest -m sweep

# The playground's parsers need nothing of its extra.
fuzz: $(VENV)/.installed-dev ## read hostile text, links, files and folders for ten minutes
	@OMP_NUM_THREADS=1 $(BIN) -m pytest -m fuzz -s tests/fuzz

lint: $(VENV)/.installed-dev ## check style, formatting and types
	@echo "ruff check"; $(BIN) -m ruff check .
	@echo "ruff format --check"; $(BIN) -m ruff format --check .
	@echo "mypy"; $(BIN) -m mypy

fmt: $(VENV)/.installed-dev ## format the code and mend what ruff can mend
	@$(BIN) -m ruff format .
	@$(BIN) -m ruff check --fix .

bench: $(VENV)/.installed-demo ## measure the speed of training, decoding and scoring
	@$(BIN) -m eigenformer bench speed

efficiency: $(VENV)/.installed-demo ## how many examples each recipe needs, from kept results
	@$(BIN) -m eigenformer bench efficiency

docs: $(VENV)/.installed-demo ## run the pages that are made by running them, and draw their figures
	@$(BIN) docs/make_lists.py
	@$(BIN) docs/make_constructions.py
	@$(BIN) docs/make_efficiency.py
	@$(BIN) docs/make_explained.py
	@$(BIN) docs/make_paper_map.py
	@$(BIN) docs/make_benchmarks.py
	@for page in $(PAGES); do $(BIN) docs/page.py $$page || exit 1; done  # what one registers is not the next one's
	@$(BIN) docs/make_notebooks.py
	@$(BIN) -m eigenformer export-page --to docs/explorer/index.html
	@$(BIN) -m eigenformer paper report charton2022 matrices --to docs/paper
	@$(BIN) -m eigenformer incontext report --to docs/incontext

site: $(VENV)/.installed-docs ## build the documentation into site/, and fail on a broken link
	@NO_MKDOCS_2_WARNING=1 $(BIN) -m mkdocs build --strict --quiet

clean: ## remove the virtual environment and every cache; runs/ stays
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist site
	@find src tests -type d -name __pycache__ -prune -exec rm -rf {} +
	@echo "removed $(VENV) and the caches"

# The stamp comes last, so an interrupted set-up starts over instead of passing for a finished one.
$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "eigenformer needs Python 3.11 or newer and $(PYTHON) was not found: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "eigenformer needs Python 3.11 or newer and $(PYTHON) is $$($(PYTHON) -V 2>&1): make PYTHON=/path/to/python3"; exit 1; }
	@echo "creating $(VENV) with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed-demo: pyproject.toml constraints.txt | $(VENV)/.created
	@echo "installing eigenformer and what it needs (once; a minute or more)"
	@$(PIP) -e ".[plot]"
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/.created
	@echo "installing eigenformer and what its tests need (once; a minute or more)"
	@$(PIP) -e ".[dev]"
	@touch $@

$(VENV)/.installed-docs: pyproject.toml constraints.txt | $(VENV)/.created
	@echo "installing eigenformer and what builds its documentation (once; a minute or more)"
	@$(PIP) -e ".[docs]"
	@touch $@

$(VENV)/.installed-browser: pyproject.toml constraints.txt | $(VENV)/.created
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
		{ echo "installing Chromium (Debian's package)"; apt-get update -qq && \
		apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
		{ echo "the browser tests need Chromium or Chrome on the PATH: install it"; exit 1; }
	@echo "installing eigenformer and what its browser tests need (once; a minute or more)"
	@$(PIP) -e ".[browser]"
	@touch $@

$(VENV)/.installed-app: $(VENV)/.installed-browser
	@echo "installing Gradio (once; a minute)"
	@$(PIP) -e ".[browser,app]"
	@touch $@

$(VENV)/.installed-sweep: pyproject.toml constraints.txt | $(VENV)/.created
	@echo "installing eigenformer, Ray and trackio (once; a few minutes)"
	@$(PIP) -e ".[dev,sweep,track]"
	@touch $@
