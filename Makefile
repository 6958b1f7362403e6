# make          what there is
# make report   the whole report, from nothing
# make test     everything that is checked

PROFILE ?= demo
CORES ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# The first Python that is new enough; name another with `make PYTHON=/path/to/python3.12 ...`.
PYTHON ?= $(or $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done),python3)
BIN := .venv/bin
# Hundreds of processes import the same files, and uv compiles none: whatever the user's settings, the first one keeps
# what it compiled. Without that, importing PyTorch and the like takes twice as long each time.
unexport PYTHONDONTWRITEBYTECODE
# Of pytest's plugins the one that is used: hypothesis is rewritten in every process, where it is a plugin.
PYTEST := PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 OMP_NUM_THREADS=1 $(BIN)/pytest -q -p xdist -n $(CORES) --dist loadfile

# The notebooks' working copies: those of another profile than the demo have a folder of its name.
LAB := runs/lab$(if $(filter-out demo,$(PROFILE)),/$(notdir $(PROFILE:.yaml=)))

.DEFAULT_GOAL := help
.PHONY: help env report test lint-js slow gpu lab docs clean

help:
	@echo "make report              data, training, notebooks, then report/build/demo/hw3_report.html and .pdf"
	@echo "make report PROFILE=hw3  the same on your own data; first: .venv/bin/hw3 doctor --profile hw3"
	@echo "make test                lint, types and tests"
	@echo "make lint-js             lint and types of the JavaScript; needs Node.js and npm, which nothing else does"
	@echo "make slow                full-size models, JupyterLab in a browser, kills, fuzzing: 35 minutes"
	@echo "make gpu                 on a machine with a GPU: its tests and benchmarks; the last line is JSON"
	@echo "make lab                 JupyterLab on copies of the notebooks, in runs/lab; index.ipynb says what is built"
	@echo "make docs                the functions' documentation as pages: docs/build/index.html"
	@echo "make env                 .venv from requirements.lock (the others call it; skipped when current)"
	@echo "make clean               remove what demo and smoke built, finished reports and caches; nothing else"
	@echo
	@echo "PROFILE=demo|smoke|hw3 or any of configs/*.yaml; CORES=$(CORES)"

env:
	@command -v $(PYTHON) >/dev/null || { echo "env: there is no $(PYTHON); Python 3.11 or newer is needed" >&2; exit 1; }
	@$(PYTHON) tools/environment.py

# The pipeline ends with make, also where make is killed with -9: HW3_MAKE is whom it watches.
report: env
	@HW3_MAKE=$$PPID $(BIN)/hw3 report --profile $(PROFILE) --cores $(CORES)

test: env
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . && echo "lint and format: fine"
	@mkdir -p .mypy_cache; $(BIN)/mypy > .mypy_cache/said 2>&1 & types=$$!; \
	$(PYTEST); tests=$$?; wait $$types; types=$$?; cat .mypy_cache/said; exit $$((tests | types))

lint-js: node_modules/.installed
	@npm run --silent check && echo "JavaScript: fine"

# No lock file: a lock names the registry that filled it. Every version in package.json is exact.
node_modules/.installed: package.json
	@npm install --no-package-lock --ignore-scripts --no-audit --no-fund --silent && touch $@

slow: env
	@$(PYTEST) -m slow

# Not by way of env: a machine that is lent for its GPU has its own torch.
gpu:
	@$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) benchmarks/gpu.py

lab: env
	@$(BIN)/python -m hw3lib.pipeline.working_copies $(LAB) $(PROFILE)
	@$(BIN)/jupyter lab $(LAB)/index.ipynb

docs: env
	@$(BIN)/pdoc --docformat restructuredtext --output-directory docs/build hw3lib demo_world
	@echo docs/build/index.html

clean:
	@rm -rf runs/demo runs/smoke data/demo data/smoke report/build docs/build .snakemake .pytest_cache .mypy_cache .ruff_cache
	@find hw3lib demo_world tests -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "removed the demo and smoke data and runs, report/build, docs/build and caches; .venv, other data and other runs stay"
