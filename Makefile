# Everything runs in .venv, which the first target that needs it lays out. `make` alone explains.

RUN := .venv/bin/python -m
READY := .venv/.ready
PRISM := .tools/prism/.ready
AXE := .tools/axe/.ready
ROUTER := .tools/router/.ready
RIVALS := $(ROUTER) .tools/portkey/.ready .tools/litellm/.ready
SOURCES := router plugins tests benchmarks deploy

# Two to four workers: each may start routers, which start worker processes of their own, so more would only
# queue for the cores. One file stays on one worker, so a router started for a file is started once.
PYTEST := $(RUN) pytest -n auto --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
SOAKED ?= 100000
CUT ?= 10000
RELOADS ?= 200
RESTARTS ?= 5
SPLICED ?= 10000
JOBS ?= 1000
TALKING ?= 200
QUOTA ?= 5000
NOTED ?= 10000
REV ?= HEAD

.PHONY: help setup prism axe demo test check format lint types contracts house schema docs matrix dashboards soak-faults soak-cuts soak-reloads soak-restarts soak-splices soak-jobs soak-voice soak-quota soak-ledger bench-dead-primary rivals bench bench-check bench-against bytecodes profile clean FORCE

help: ## Say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## Lay out .venv with the locked dependencies

$(READY): pyproject.toml uv.lock deploy/setup.sh
	@PYTHON="$(PYTHON)" sh deploy/setup.sh
	@touch $@

prism: $(PRISM) ## Install the tool that checks our requests against the providers' own documents

$(PRISM): tests/contract/prism/package.json tests/contract/prism/package-lock.json deploy/prism.sh
	@sh deploy/prism.sh

axe: $(AXE) ## Install the tool that judges whether people with disabilities can use the console

$(AXE): tests/e2e/axe/package.json tests/e2e/axe/package-lock.json deploy/axe.sh
	@sh deploy/axe.sh

demo: $(READY) ## Speak, transcribe and animate on this machine, with no key; writes out/
	@.venv/bin/media-router demo

test: $(READY) $(PRISM) $(AXE) ## Run every test; FLAGS="..." is passed on to pytest
	@sh deploy/tools.sh curl postgresql redis-server prometheus chromium systemd golang-go golang-github-masterminds-sprig-dev
	$(PYTEST) $(FLAGS)

check: lint types contracts house test ## All that must be green before a commit

format: $(READY) ## Rewrite the sources the way lint wants them
	$(RUN) ruff format $(SOURCES)
	$(RUN) ruff check --fix $(SOURCES)

lint: $(READY) ## Check formatting and lint
	$(RUN) ruff format --check $(SOURCES)
	$(RUN) ruff check $(SOURCES)

types: $(READY) ## Check types, strictly
	$(RUN) mypy

contracts: $(READY) ## Check who may import what
	.venv/bin/lint-imports

house: $(READY) ## Check the house rules: sizes, names, seams, registration
	$(RUN) pytest -q tests/house

schema: $(READY) ## Regenerate config/schema.json and docs/configuration.md
	.venv/bin/media-router schema > config/schema.json.new
	mv config/schema.json.new config/schema.json
	.venv/bin/media-router schema --markdown > docs/configuration.md.new
	mv docs/configuration.md.new docs/configuration.md

docs: $(READY) ## Build the documentation into out/site; a link that leads nowhere fails
	$(RUN) mkdocs build --strict

dashboards: $(READY) ## Regenerate deploy/grafana/dashboards
	$(RUN) deploy.grafana

matrix: $(READY) ## Regenerate docs/matrix.md: what each provider kind answers in each dialect
	$(RUN) tests.e2e.matrix > docs/matrix.md.new
	mv docs/matrix.md.new docs/matrix.md
	$(RUN) pytest -q tests/e2e/test_matrix.py

soak-faults: $(READY) ## 100,000 requests over targets that misbehave; not one may fail (SOAKED=n for fewer)
	$(RUN) benchmarks.soak_faults $(SOAKED)

soak-cuts: $(READY) ## 10,000 streams cut at a random byte; no client may take one for whole (CUT=n for fewer)
	@sh deploy/tools.sh curl
	$(RUN) benchmarks.soak_cuts $(CUT)

soak-splices: $(READY) ## 10,000 streams cut at a random byte and resumed; 99 % must be heard whole (SPLICED=n for fewer)
	@sh deploy/tools.sh curl
	$(RUN) benchmarks.soak_splices $(SPLICED)

soak-reloads: $(READY) ## 200 changes of the configuration under streaming callers; none may notice (RELOADS=n for fewer)
	$(RUN) benchmarks.soak_reloads $(RELOADS)

soak-restarts: $(READY) ## 5 rolling restarts of two routers under streaming callers; none may notice (RESTARTS=n for others)
	$(RUN) benchmarks.soak_restarts $(RESTARTS)

soak-jobs: $(READY) ## 1,000 films on each kind of database while the routers are killed; none lost, none paid twice (JOBS=n for fewer)
	@sh deploy/tools.sh postgresql
	$(RUN) benchmarks.soak_jobs $(JOBS)

soak-ledger: $(READY) ## 10,000 mixed requests after which the ledger equals the vendors' books, unit for unit (NOTED=n for fewer)
	$(RUN) benchmarks.soak_ledger $(NOTED)

soak-quota: $(READY) ## 5,000 texts of three routers against one quota, while the server that counts is killed; not one too many
	@sh deploy/tools.sh redis-server
	$(RUN) benchmarks.soak_quota $(QUOTA)

soak-voice: $(READY) ## 200 people talking at once, one core for the router; 99 of 100 frames under 20 ms late (TALKING=n for fewer)
	$(RUN) benchmarks.voice_load $(TALKING)

bench-dead-primary: $(READY) ## Compare first bytes beside a dead primary with those where it was removed; under x1.05
	$(RUN) benchmarks.dead_primary

rivals: $(READY) $(RIVALS) ## Lay out the gateways to measure, ours among them
	@sh deploy/tools.sh nginx

# Looked for each time, and only newer when another one was found.
.tools/interpreter: $(READY) FORCE
	@sh deploy/rivals.sh interpreter

.tools/cpython/.ready: deploy/cpython.sh | $(READY)
	@sh deploy/cpython.sh

$(ROUTER) .tools/litellm/.ready: .tools/interpreter
$(ROUTER): pyproject.toml uv.lock .tools/cpython/.ready

$(RIVALS): .tools/%/.ready: deploy/rivals.sh $(wildcard benchmarks/gateways/locks/*/*)
	@sh deploy/rivals.sh $*

bench: rivals ## Measure us beside nginx, LiteLLM and Portkey, for half an hour; BENCH="--only bulk --rounds 1" for less
	$(RUN) benchmarks.gateways $(BENCH)

bench-check: $(READY) ## Fail if the newest recorded run is worse than the one before by over 10 %
	$(RUN) benchmarks.gateways.check

bench-against: rivals ## Measure this tree beside another of its commits, whole speech in turn; REV=HEAD~5 BENCH="--only bulk"
	$(RUN) benchmarks.gateways.against $(REV) $(BENCH)

bytecodes: $(READY) ## Count the bytecodes that a request takes, which no noise disturbs, by stage and function
	$(RUN) benchmarks.gateways.bytecodes

profile: $(READY) $(ROUTER) ## Show where a request's CPU time goes: a flame graph in out/, and a table of stages
	$(RUN) benchmarks.gateways.profile

clean: ## Remove .venv, caches and outputs
	rm -rf .venv .tools out dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
