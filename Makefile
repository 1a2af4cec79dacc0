# Runs with GNU Make 3.81, the one on macOS: nothing newer than that, please.
.DEFAULT_GOAL := help
.SUFFIXES:

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
REQUIREMENTS := requirements.txt worker/requirements.txt requirements-dev.txt
# At most four at once: each test process has a database server and an SQS of its own. What waits
# longest begins first (tests/conftest.py).
PYTEST_ARGS ?= -n auto --dist loadgroup --no-loadscope-reorder

# The benchmark's SQS, and the libraries that it compares with.
NODE_MODULES := build/node/.installed
PEERS := build/peers/.installed

# What packs the API, with a Python of its own.
PACKAGER := build/package/.installed
# What looks for holes in what is deployed: large, and asked for by hand.
AUDITORS := build/audit/.installed

export PATH := $(CURDIR)/$(BIN):$(PATH)

##@ Use

.PHONY: demo
demo: $(INSTALLED) ## Start everything and watch a load balancer being made (CI=1: then stop)
	@exec $(BIN)/python -m infra.local demo

.PHONY: up
up: $(INSTALLED) ## Start SQS, the API and a worker; Ctrl-C stops them
	@exec $(BIN)/python -m infra.local up

.PHONY: worker
worker: $(INSTALLED) ## Start one worker with the settings of the environment
	@exec $(BIN)/celery -A worker worker -l info

.PHONY: migrate
migrate: $(INSTALLED) ## Bring the database of DATABASE_URL up to date
	@exec $(BIN)/python -m worker migrate

##@ Develop

.PHONY: setup
setup: $(INSTALLED) ## Make .venv and install what is pinned (the other targets do it too)
	@:

.PHONY: test
test: $(INSTALLED) mariadb chromium ## Run the tests (PYTEST_ARGS="-k name" for some of them)
	@$(BIN)/python -m pytest -q $(PYTEST_ARGS)

.PHONY: chaos
chaos: $(INSTALLED) mariadb ## Break everything while jobs run (JOBS=20000 SEED=7 WORKERS=5)
	@JOBS="$(JOBS)" SEED="$(SEED)" WORKERS="$(WORKERS)" exec $(BIN)/python -m tests.chaos

.PHONY: bench
bench: $(INSTALLED) mariadb $(NODE_MODULES) $(PEERS) ## Run beside the competitors (QUICK=1: three minutes)
	@exec $(BIN)/python -m tests.benchmarks $(if $(QUICK),--quick) $(BENCH_ARGS)

.PHONY: check
check: lint test ## Check everything: what `make lint` checks, then the tests

.PHONY: lint
lint: $(INSTALLED) ## Check format, style, types and the direction of imports
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@told=$$($(BIN)/lint-imports 2>&1) || { printf '%s\n' "$$told"; exit 1; }
	@if [ -n "$$(find infra -name '*.tf' | head -n 1)" ] && command -v terraform >/dev/null; then \
		terraform fmt -check -recursive infra; \
	fi
	@told=$$($(BIN)/python -m pip check 2>&1) || { printf '%s\n' "$$told"; exit 1; }

.PHONY: format
format: $(INSTALLED) ## Write the files in the project's format
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix-only .

.PHONY: clean
clean: ## Remove what was made here: .venv, .local with its database, caches
	@rm -rf $(VENV) .local .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: mariadb
mariadb: $(INSTALLED) ## Install MariaDB's server if this machine has none (for the tests)
	@sh infra/setup/mariadb.sh

.PHONY: chromium
chromium: ## Look for Chromium, which the console's tests drive; on a build server install it
	@sh infra/setup/chromium.sh

.PHONY: screenshots
screenshots: $(INSTALLED) mariadb ## Draw the README's pictures of the console anew (JOBS=100000)
	@exec $(BIN)/python -m tests.screenshots $(JOBS)

##@ Deploy

.PHONY: package
package: $(PACKAGER) ## Pack the API's functions for Lambda (ENV=dev)
	@$(dir $(PACKAGER))bin/python -m infra.package "$(ENV)"

# Credentials come from boto3's usual chain (AWS_PROFILE); YES=1 answers Terraform's question.
.PHONY: bootstrap
bootstrap: $(INSTALLED) ## Make what an AWS account needs once: state bucket, image repository (ENV=dev)
	@exec $(BIN)/python -m infra.deploy bootstrap "$(ENV)"

.PHONY: plan
plan: $(INSTALLED) package ## Show what a deploy would change (ENV=dev)
	@exec $(BIN)/python -m infra.deploy plan "$(ENV)"

.PHONY: deploy
deploy: $(INSTALLED) package ## Build, migrate and deploy to AWS; asks before it changes anything (ENV=dev)
	@exec $(BIN)/python -m infra.deploy deploy "$(ENV)"

.PHONY: run
run: $(INSTALLED) ## Run a worker's command in the deployed network (ENV=dev COMMAND="tokens list")
	@exec $(BIN)/python -m infra.deploy run "$(ENV)" -- $(COMMAND)

.PHONY: destroy
destroy: $(INSTALLED) package ## Take a deployed environment away, after asking (ENV=dev)
	@exec $(BIN)/python -m infra.deploy destroy "$(ENV)"

.PHONY: cost
cost: $(INSTALLED) ## Compute the table of docs/cost.md anew from infra/cost/prices.json
	@exec $(BIN)/python -m infra.cost --write

.PHONY: audit
audit: $(INSTALLED) $(AUDITORS) ## Run checkov over infra/ and hadolint over worker/Dockerfile
	@$(dir $(AUDITORS))bin/checkov --config-file infra/.checkov.yaml --directory infra
	@$(dir $(AUDITORS))bin/hadolint worker/Dockerfile

##@ Help

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(INSTALLED): $(REQUIREMENTS) infra/setup/python.sh
	@sh infra/setup/python.sh $(VENV)
	@touch $@

$(NODE_MODULES): tests/benchmarks/fauxqs/package.json tests/benchmarks/fauxqs/package-lock.json
	@sh tests/benchmarks/install.sh sqs build/node
	@touch $@

$(PEERS): tests/benchmarks/requirements.txt
	@sh tests/benchmarks/install.sh peers build/peers
	@touch $@

$(PACKAGER): infra/package/requirements.txt requirements.txt infra/package/python.sh
	@PYTHON313="$(PYTHON313)" sh infra/package/python.sh $(patsubst %/,%,$(dir $@))
	@touch $@

$(AUDITORS): $(INSTALLED) infra/audit.txt
	@echo "Installing checkov and hadolint into build/audit ..."
	@$(BIN)/python -m venv build/audit
	@build/audit/bin/python -m pip install --quiet --disable-pip-version-check -r infra/audit.txt
	@touch $@
