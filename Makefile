# Two commands: `make demo` runs the whole product, `make test` proves it. Both set up by themselves.

PYTHON ?= $(shell ./deploy/python)
VENV := .venv
BIN := $(VENV)/bin
# Node from the system, or else from its PyPI wheel inside the virtual environment.
export PATH := $(PATH):$(CURDIR)/$(BIN)
# Two browsers on a busy machine may starve: what failed there runs once more, alone, and must pass.
alone = { echo; echo "Once more, alone:"; \
	$(BIN)/python -m pytest -v --last-failed --last-failed-no-failures none $(1); }
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo demo-turn test check lint types unit postgresql browser network network-report bench bench-admission bench-arrivals bench-rappels fuzz endurance floods rows screenshots sbom lock setup clean
.DEFAULT_GOAL := help

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: $(VENV)/demo ## the whole product on this machine, with an imaginary day (DEMO="--port N …")
	@$(BIN)/telecontrole demo $(DEMO)

demo-turn: $(VENV)/demo ## the same with a coturn relay beside: UDP, TCP and TLS
	./deploy/need 'command -v turnserver' coturn
	@$(BIN)/telecontrole demo --turn $(DEMO)

test: check unit postgresql browser network ## everything that must hold

check: $(VENV)/test ## lint, types, import floors, the browser client's types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	npm run --silent types

unit: $(VENV)/test ## all tests that need no browser
	./deploy/need 'ls /usr/lib/postgresql/*/bin/initdb' postgresql
	./deploy/need 'test -x /usr/bin/redis-server' redis-server
	./deploy/need 'command -v turnserver' coturn
	$(BIN)/python -m pytest -n 2 --dist loadfile --ignore=tests/browser --ignore=tests/network

# Whose subject is the store, or what is kept in it; those that look into SQLite's file say so.
ON_BOTH := access_journal agenda_store agent_api agent_decisions attestation_given broken_bodies \
	caisse_api caisse_feed console days doctor_side door handing_over import in_the_room inperson \
	keeping ledger ledger_groups listed notes outbox outcome planning postman record_of_presence \
	sealed_people second_factor space third_participants totp_login workers_service

postgresql: $(VENV)/test ## the server's tests of the store once more, over PostgreSQL
	./deploy/need 'ls /usr/lib/postgresql/*/bin/initdb' postgresql
	./deploy/need 'test -x /usr/bin/redis-server' redis-server
	TELECONTROLE_TEST_STORE=postgresql $(BIN)/python -m pytest -n 2 --dist loadfile \
		$(ON_BOTH:%=tests/server/test_%.py)

browser: $(VENV)/test ## two real Chromium pages meet, and one of Firefox
	./deploy/need 'test -x /usr/bin/chromium' chromium
	./deploy/need 'test -x /usr/bin/firefox-esr' firefox-esr
	./deploy/need 'command -v turnserver' coturn
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/browser || $(call alone,tests/browser)

network: $(VENV)/test ## two Chromium on networks that delay, drop, change and go away (needs root)
	./deploy/need 'test -x /usr/bin/chromium' chromium
	./deploy/need 'command -v turnserver' coturn
	./deploy/need 'command -v ip' iproute2
	$(BIN)/python -m pytest tests/network || $(call alone,tests/network)

network-report: $(VENV)/test ## the same beside a naive client, measured, into docs/reseaux.md (needs root)
	./deploy/need 'test -x /usr/bin/chromium' chromium
	./deploy/need 'command -v turnserver' coturn
	./deploy/need 'command -v ip' iproute2
	$(BIN)/python -m benchmarks.reseaux $(REPORT)

types: $(VENV)/demo ## print the browser's types, and who may ask what, from the Python ones
	$(BIN)/python -m signaling.typescript > web-client/protocol.d.ts
	$(BIN)/python -m server.web.typescript > web-client/api.d.ts
	$(BIN)/python -m server.web.roles > docs/roles.md

bench-admission: $(VENV)/test ## each step from admission to picture, warm and cold, as a table
	./deploy/need 'test -x /usr/bin/chromium' chromium
	$(BIN)/python -m pytest tests/browser/test_admission_steps.py -s -q

bench: $(VENV)/test ## five signaling servers side by side, into docs/performance.md
	$(BIN)/python -m benchmarks.signaling

bench-arrivals: $(VENV)/test ## what an assuré's way in by HTTP costs the processor, beside a bare aiohttp
	$(BIN)/python -m benchmarks.arrivals

bench-rappels: $(VENV)/test ## 5,000 reminders due at one minute, by SMTP to a relay that takes 200 ms each
	$(BIN)/python -m benchmarks.rappels

fuzz: $(VENV)/test ## what is made up (parsers, events, the API): twenty times as much as in `make test`
	TELECONTROLE_LONG=1 TELECONTROLE_EXAMPLES=20 $(BIN)/python -m pytest -q --timeout 3600 \
		tests/media tests/signaling tests/controle tests/server/test_fuzz_api.py \
		tests/server/test_openapi.py tests/server/test_web_limits.py \
		tests/server/test_fuzz_routes.py

endurance: $(VENV)/test ## 1,000 kills, 300 power losses, 200 tamperings of each kind, 100 calls with somebody in the middle
	TELECONTROLE_LONG=1 $(BIN)/python -m pytest -q -s --timeout 3600 \
		tests/server/test_tamper_register.py tests/server/test_power_loss.py \
		tests/server/test_thousand_kills.py tests/browser/test_spoken_code_attack.py

floods: $(VENV)/test ## 5,000 half-open sockets, floods, slow readers: what the others feel, as a table
	$(BIN)/python -m benchmarks.floods

rows: $(VENV)/test ## the rows of the feature table that are asked for, with their tests
	@$(BIN)/python tests/rows.py

screenshots: $(VENV)/test ## every screen, three sizes, light and dark, into screenshots/
	./deploy/need 'test -x /usr/bin/chromium' chromium
	$(BIN)/python tests/browser/screenshots.py

sbom: $(VENV)/test ## what the product is made of: two CycloneDX files, into build/sbom/
	mkdir -p build/sbom
	$(BIN)/python -W ignore -m cyclonedx_py requirements requirements.txt \
		--pyproject pyproject.toml --output-reproducible -o build/sbom/python.cdx.json
	npm sbom --silent --sbom-format cyclonedx --package-lock-only > build/sbom/client.cdx.json

lock: ## write the requirement files anew (versions and hashes, no addresses)
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip -q install pip-tools
	build/lock/bin/python deploy/lock.py

setup: $(VENV)/demo ## install what the demo needs

# --- set-up: each stamp says what was installed from which files --------------------------------

$(VENV)/made:
	./deploy/need '$(PYTHON) -c "import venv, ensurepip"' python3-venv
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/demo: $(VENV)/made requirements.txt pyproject.toml package-lock.json requirements-node.txt
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --require-hashes -r requirements-build.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	./deploy/need '$(BIN)/python -c "from weasyprint.text.ffi import harfbuzz_subset as found; assert found"' \
		libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core
	command -v npm >/dev/null || $(PIP) install --require-hashes -r requirements-node.txt
	npm ci --omit=dev --silent --no-progress
	@touch $@

$(VENV)/test: $(VENV)/demo requirements-test.txt
	$(PIP) install --require-hashes -r requirements-test.txt
	npm ci --silent --no-progress
	@touch $@

clean: ## everything that was installed or made
	rm -rf $(VENV) node_modules build var screenshots .mypy_cache .ruff_cache .pytest_cache .hypothesis
