# make up    runs the main job: a Kubernetes API, a simulated AWS and every controller on this machine
# make test  checks and tests everything
# make venv  makes .venv with the console script `ackpy`

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: up test venv check crds docs bench soak lock clean

up: $(READY)
	@$(BIN)/ackpy up

venv: $(READY)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What shares nothing runs on all cores; what starts clusters and processes runs alone.
ALONE := tests/cli tests/crd/test_api_server.py tests/kube tests/l2 tests/l3 tests/sandbox

test: check
	$(BIN)/pytest --numprocesses=auto $(addprefix --ignore=,$(ALONE))
	$(BIN)/pytest $(ALONE)

# The committed CRDs, from the definitions and botocore's models.
crds: $(READY)
	$(BIN)/ackpy crds --output crds

# The generated reference of each kind.
docs: $(READY)
	$(BIN)/ackpy docs --output docs/reference

bench: $(READY)
	$(BIN)/python -m benchmarks

# An hour of churn; it fails where something grows or is left.
soak: $(READY)
	$(BIN)/python -m benchmarks.soak > benchmarks/soak.md

# Pin every dependency anew (needs uv).
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--extra sandbox --extra tracing --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv
