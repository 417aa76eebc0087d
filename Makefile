# What a newcomer types. Each target does its own set-up; nothing is installed outside this folder
# (as root on a Debian-like machine, missing system packages are: python3-venv, maven for Elasticsearch, wrk for bench).

PYTHON ?= python3
UV_VERSION := 0.13.8
PIP_AUDIT_VERSION := 2.10.1
STRIPE_MOCK_VERSION := v0.203.0
VENV := .venv
BIN := $(VENV)/bin
UV := UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv
READY := $(VENV)/.ready
TESTS ?= tests
WORKERS ?= 2
EXAMPLES ?= 200
SEED ?= $(shell date +%s)
USERS ?= 50
MINUTES ?= 2
EVENTS ?= 20000
PROFILE ?= peak
SIZES ?= 20000 100000 1000000
SECONDS ?= 3

# Whoever forbids Python to keep what it compiled would have each process of ours compile a thousand modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: relevance fraud-suite help demo up down status test fuzz stripe-mock check bench load faults stampede black-friday lock docker audit schemas drill dictionary price-switch growth
help: ## What can be typed
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

demo: $(READY) ## Start everything, import a catalog, walk an order through it
	$(BIN)/doorbuster demo

up: $(READY) ## Start the servers and our processes, and leave them running
	$(BIN)/doorbuster up --detach

down: ## Stop what demo or up started
	@if [ -x $(BIN)/doorbuster ]; then $(BIN)/doorbuster down; fi

status: $(READY) ## What runs, where, and how it is
	@$(BIN)/doorbuster status

# By file: the tests of one share what it started. In our order (tests/fixtures/lean.py), and not most tests first.
test: check ## Check, then run every test on real servers
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=25 $(TESTS)

relevance: $(READY) ## How well a search ranks a rated catalog (where ../shared/data is); WORDS="'head set' tv" shows names
	@$(BIN)/python -m tests.relevance $(WORDS)

fraud-suite: $(READY) ## How many attacks the fraud checks catch and how many good orders they stop; WHY=1 tells by which rules, TUNING=1 plays that half alone
	@$(BIN)/python -m tests.fraud_suite $(if $(WHY),--why) $(if $(TUNING),--tuning)

fuzz: $(READY) ## Ask both running APIs whatever their OpenAPI documents allow, for long: make fuzz EXAMPLES=500 SEED=7
	FUZZ_EXAMPLES=$(EXAMPLES) FUZZ_SEED=$(SEED) $(BIN)/pytest -n 0 --durations 0 tests/fuzz

# Its checks need a tool of Stripe's in Go; `make test` skips them where it was never built.
.stripe-mock/stripe-mock:
	GOBIN=$(CURDIR)/.stripe-mock go install github.com/stripe/stripe-mock@$(STRIPE_MOCK_VERSION)

stripe-mock: $(READY) .stripe-mock/stripe-mock ## Check what we send to Stripe against its OpenAPI document (needs Go)
	$(BIN)/pytest -n 0 tests/contract/test_stripe_mock.py

check: $(READY) ## Lint and types
	$(BIN)/ruff check .
	$(BIN)/mypy

docker: .env ## The whole shop in containers (needs an engine with Compose)
	docker compose up --build --wait

# Secrets of one's own for compose.yaml; what is there already stays.
.env: .env.example
	@[ -e $@ ] || (umask 077 && $(PYTHON) -c 'import re, secrets, sys; \
	    sys.stdout.write(re.sub("[=_]$$", lambda end: end[0] + secrets.token_hex(32), sys.stdin.read(), flags=re.M))' <$< >$@)
	@touch $@

bench: ## Measure against the bare limits: JSON lines on stdout, a table on stderr; BENCH="place_order --rounds 3"
	@$(MAKE) --silent $(READY) >&2
	@$(BIN)/doorbuster bench $(BENCH)

growth: $(READY) ## One shop that grows, measured at each size and drawn into docs/growth.svg: make growth SIZES="20000 100000" SECONDS=3 GROWTH=--keep
	@$(BIN)/doorbuster growth measure --sizes $(SIZES) --seconds $(SECONDS) $(GROWTH); told=$$?; $(BIN)/doorbuster growth draw && exit $$told

load: $(READY) ## Let shoppers in, tell how it went, check the invariants: make load USERS=200 MINUTES=5
	@$(BIN)/doorbuster load --users $(USERS) --minutes $(MINUTES) $(LOAD)

faults: $(READY) ## Kill, stop and cut off what runs while orders flow, and look: make faults ONLY="6 redis" SEED=7
	@$(BIN)/doorbuster faults $(ONLY) --seed $(SEED)

# Of fewer perhaps nobody buys.
black-friday: USERS = 200
black-friday: $(READY) ## Rehearse it: make black-friday USERS=1000 MINUTES=10 PROFILE=peak COMPARE=report.json
	@$(BIN)/doorbuster black-friday --users $(USERS) --minutes $(MINUTES) --profile $(PROFILE) \
	    $(if $(COMPARE),--compare $(COMPARE)) $(BLACK_FRIDAY)

stampede: $(READY) ## 10,000 buyers for 100 units, while processes are killed and connections cut: make stampede SEED=7
	@$(BIN)/doorbuster faults 18 --crowd 10000 --seed $(SEED)

drill: $(READY) ## Destroy a shop of its own under load and restore it: make drill EVENTS=1000000
	@$(BIN)/doorbuster drill --events $(EVENTS)

# Not part of `test`: it asks a service for advisories, and says of each package that it can't tell where there is none.
audit: $(READY) ## Known holes in what the lock names; fails where the advisories can't be reached, too
	$(UV) tool run --quiet pip-audit==$(PIP_AUDIT_VERSION) --strict --progress-spinner off --no-deps --disable-pip -r requirements.lock

schemas: $(READY) ## Publish the schemas of the events, unless one broke what was published before (docs/events.md)
	@$(BIN)/doorbuster schemas

price-switch: $(READY) ## How fast a promotion stands in every price of the running shop: SWITCH="--ahead 120 --some"
	@$(BIN)/doorbuster price-switch $(SWITCH)

dictionary: $(READY) ## Write docs/data-dictionary.md anew, from the contracts of the indices that analysts ask
	@$(BIN)/doorbuster dictionary > docs/data-dictionary.md

lock: $(READY) ## Resolve the dependencies anew into requirements.lock, which names hashes and no host
	$(UV) lock --upgrade
	$(UV) export --quiet --all-groups --no-emit-project -o requirements.lock

# Synced again only when what it depends on has changed. uv builds the project itself, so that needs no download.
$(READY): requirements.lock pyproject.toml Makefile
	@PYTHON=$(PYTHON) sh .ci/venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(UV) pip sync --quiet --compile-bytecode --require-hashes requirements.lock
	$(UV) pip install --quiet --offline --no-deps --editable .
	@touch $@
