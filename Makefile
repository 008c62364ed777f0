# Two commands: `make demo` and `make test`. Both do all set-up on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin
DEMO := --index var/demo

ROUNDS ?= 200
SEED ?= 1
FIRST ?= 0

.PHONY: help install demo test house torture lint format lock clean bench bench-sync bench-index bench-search llm bench-llm bench-attacks bench-checks bench-serving trace openai-like open-webui slack-load
.DEFAULT_GOAL := help

help:
	@echo "make demo   install, index the sample documents, answer three questions, offline"
	@echo "make test   install, then format, lint, types, import rules and all tests"
	@echo "make house   how readable the code and the documents are, held against budgets"
	@echo "make torture   kill writers of an index at random moments, and check it (ROUNDS=200 SEED=1)"
	@echo "make slack-load   fifty questions at once in Slack, of a model that takes ten seconds: how fast each is acknowledged"
	@echo "make format / lint / lock / clean"
	@echo "make bench   quality on a folder of benchmarks: benchmarks/RESULTS.md (BENCH=folder of sets, PEER=its python)"
	@echo "make llm   fetch a very small language model and llama.cpp, 126 MB: what tests and make bench-llm ask"
	@echo "make openai-like   fetch LlamaIndex's OpenAILike, 290 MB, and ask the API by it"
	@echo "make open-webui   fetch Open WebUI, 750 MB, and ask the API by it and in its page"
	@echo "make bench-llm / bench-attacks   what that model's answers come to, and whether it obeys documents (BENCH=folder of sets)"
	@echo "make bench-checks   whether false sentences are found, and what checking costs (needs the indexes of make bench)"
	@echo "make bench-serving   what the front door of the HTTP API costs and bears: some 16 minutes, on an idle machine"
	@echo "make trace   the path of one question through our code: files, functions, frames"
	@echo "make bench-sync / bench-index / bench-search   figures of size: benchmarks/SIZE.md (BENCH=folder of sets, PEER=its python)"

# torch first, by itself: as a dependency of another package, pip may take the CUDA build, which is gigabytes.
.venv/installed: pyproject.toml constraints.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Footnote needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

install: .venv/installed

demo: install
	@$(BIN)/footnote index samples $(DEMO)
	@for question in \
	  "How long can fathers and other second parents stay off on full pay?" \
	  "How much Chinese rare earth can a foreign product contain before a licence is needed?" \
	  "Whom do I ask for the code to the safe with the spare on-call phone?" \
	  "Who won the 2022 World Cup?"; do \
	  echo; echo "> $$question"; $(BIN)/footnote ask "$$question" $(DEMO) --quiet || exit 1; \
	done
	@echo; echo "No language model is connected, so sentences of the documents answer. Your turn:"; \
	echo "  $(BIN)/footnote ask \"What does the on-call allowance come to per week?\" $(DEMO)"; \
	echo "  $(BIN)/footnote serve $(DEMO)        the chat page"; \
	echo "  $(BIN)/footnote index YOUR_DOCUMENTS    then ask without --index"; \
	echo "  README.md, \"Connect a language model\", for answers in whole sentences"

test: install lint
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

house: install
	$(BIN)/python benchmarks/house.py

slack-load: install
	SLACK_LOAD=1 $(BIN)/python -m pytest tests/api/slack/events/test_event_store.py -k ten_seconds -s

torture: install
	PYTHONPATH=.:tests $(BIN)/python -m torture.rounds --rounds $(ROUNDS) --seed $(SEED) --first $(FIRST)

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

BENCH ?= ../shared/bench
PEER ?=

bench: install
	PYTHONPATH=. $(BIN)/python benchmarks/bench.py $(BENCH) $(if $(PEER),--peer $(PEER))

bench-sync: install
	PYTHONPATH=.:tests $(BIN)/python benchmarks/sync_scale.py unchanged --processes
	PYTHONPATH=.:tests $(BIN)/python benchmarks/sync_scale.py memory
	PYTHONPATH=.:tests $(BIN)/python benchmarks/sync_scale.py stages $(BENCH)/apidocs/docs

bench-index: install
	$(BIN)/python benchmarks/index_sets.py $(BENCH) $(if $(PEER),--peer $(PEER))

bench-search: install
	PYTHONPATH=. $(BIN)/python benchmarks/search_scale.py warm $(BENCH)
	PYTHONPATH=. $(BIN)/python benchmarks/search_scale.py recall $(BENCH)
	PYTHONPATH=. $(BIN)/python benchmarks/search_scale.py words

var/llama/installed: benchmarks/llama.txt
	$(PYTHON) -m venv var/llama
	var/llama/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r $<
	@touch $@

llm: install var/llama/installed
	$(BIN)/footnote models pull SmolLM2-135M-Instruct-Q4_1

# LlamaIndex's client of OpenAI-compatible servers wants an older openai than Footnote has.
var/openai-like/installed:
	$(PYTHON) -m venv var/openai-like
	var/openai-like/bin/python -m pip install --quiet --disable-pip-version-check llama-index-llms-openai-like==0.8.1
	@touch $@

openai-like: install var/openai-like/installed
	$(BIN)/python -m pytest tests/e2e/test_openai_like.py

# As its slim image is made, by the list it brings: all that it requires, with torch, is some gigabytes.
var/open-webui/installed:
	$(PYTHON) -m venv var/open-webui
	var/open-webui/bin/python -m pip install --quiet --disable-pip-version-check --no-deps open-webui==0.12.4
	var/open-webui/bin/python -m pip install --quiet --disable-pip-version-check --no-warn-conflicts -r var/open-webui/lib/python*/site-packages/requirements-slim.txt
	@touch $@

open-webui: install var/open-webui/installed
	$(BIN)/python -m pytest tests/e2e/test_open_webui.py

bench-llm: llm
	PYTHONPATH=.:tests $(BIN)/python benchmarks/small_llm.py $(BENCH)

bench-attacks: llm
	PYTHONPATH=.:tests $(BIN)/python benchmarks/small_llm_attacks.py $(BENCH)

bench-checks: install
	PYTHONPATH=. $(BIN)/python benchmarks/check_support.py $(BENCH)

bench-serving: install
	PYTHONPATH=.:tests $(BIN)/python benchmarks/serving.py

trace: install
	PYTHONPATH=. $(BIN)/python benchmarks/trace_question.py

# What a fresh machine resolves to. Run in a clean .venv after changing pyproject.toml's ranges.
lock: install
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu//' > constraints.txt

clean:
	rm -rf .venv var build *.egg-info .mypy_cache .ruff_cache .pytest_cache
