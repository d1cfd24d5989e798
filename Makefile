# Everything that is done to Portcullis from a shell. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

swift ?= swift
check := --explicit-target-dependency-import-check error
release := .build/release/portcullis
# One file that needs nothing of the system: 5 MiB less memory and a few per cent less CPU than with shared libraries.
static := --static-swift-stdlib -Xswiftc -static-executable
# The linker on functions that look up names or load modules, which no path of ours calls.
harmless := statically linked applications requires|the use of .mktemp. is dangerous

# The larger corpus is no part of the repository: tests and demo use it where it lies beside the checkout, or beside the
# folder of a worktree. Empty if it does not.
beside = $(firstword $(realpath ../shared/$(1) ../../shared/$(1)))
export PORTCULLIS_CORPUS ?= $(call beside,corpus)
export PORTCULLIS_FACTS ?= $(call beside,facts)

# ---- What a machine needs beside Swift 6.3 ----

packages := libssl-dev libnghttp2-dev libyaml-dev libre2-dev
bench_packages := gcc nginx libnginx-mod-http-echo
differential_packages := libsimdjson-dev

# $(call install,PACKAGES): installs those that are missing, as root or through sudo; says what to type where neither works.
define install
missing=
for package in $(1); do
	dpkg-query -W -f '$${Status}' "$$package" 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"
done
if [ -n "$$missing" ]; then
	if [ "$$(id -u)" = 0 ]; then sudo=; elif sudo -n true 2>/dev/null; then sudo=sudo; else
		echo "These Debian packages are missing; please install them, then run make again:" >&2
		echo "    apt-get install$$missing" >&2
		exit 2
	fi
	echo "installing$$missing"
	$$sudo apt-get update -qq
	# RUNLEVEL=1: a package that brings a service, as nginx does, does not start it.
	$$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
		apt-get install -y -qq --no-install-recommends $$missing >/dev/null
fi
endef

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install the Debian packages that are missing (make build does it too)
	@$(call install,$(packages))
	command -v $(swift) >/dev/null || { echo "Swift 6.3 or later is needed: https://www.swift.org/install" >&2; exit 2; }

# ---- Build and run ----

.PHONY: build
build: setup ## the executable, optimised: .build/release/portcullis
	@$(swift) build -c release $(static) $(check) --product portcullis 2>&1 | grep -vE '$(harmless)'

.PHONY: demo
demo: build ## start the server, send it reviews as an API server does, show what it decides
	@recorded=()
	if [ -r "$$PORTCULLIS_CORPUS/admission/reviews.jsonl.gz" ]; then
		mkdir -p .build/demo
		# Every twelfth of the 1,193 recorded reviews: a hundred, from all groups.
		gunzip -c "$$PORTCULLIS_CORPUS/admission/reviews.jsonl.gz" | awk 'NR % 12 == 1' | head -n 100 >.build/demo/recorded.jsonl
		recorded=(--recorded .build/demo/recorded.jsonl)
	fi
	$(release) demo "$${recorded[@]}"

listen := 127.0.0.1:8443
admin := 127.0.0.1:8081

.PHONY: serve
serve: build ## the same server, kept up at https://localhost:8443
	@$(release) certs init --if-needed
	exec $(release) serve --policies policies --listen $(listen) --admin $(admin) \
		--tls-cert certs/tls.crt --tls-key certs/tls.key --drain-delay 0s

# ---- Tests ----

.PHONY: test
test: setup ## format, debug build, all tests, those of the policies, demo; ends with what was skipped and why
	@echo "== format"
	$(swift) format lint --strict --parallel --recursive Package.swift Sources Tests
	echo "== build"
	$(swift) build --build-tests $(check)
	echo "== test"
	mkdir -p .build
	# Not on the screen: the arguments of each case, which are whole requests. All of it is in .build/test.log.
	timeout 40m $(swift) test --skip-build --disable-xctest 2>&1 | tee .build/test.log | grep -avE '^[^ ]+ Test case '
	echo "== policies"
	.build/debug/portcullis test policies
	echo "== demo"
	$(MAKE) demo
	echo "== skipped"
	awk '/^➜ Test .* skipped/ {
		n++
		reason = $$0
		if (sub(/^.* skipped: /, "", reason) == 0) reason = "no reason given"
		by[reason]++
	}
	END {
		printf "%d test%s skipped%s\n", n, n == 1 ? "" : "s", n ? ":" : ""
		for (reason in by) printf "  %4d  %s\n", by[reason], reason
	}' .build/test.log
	grep -E '^✔ Test run with' .build/test.log

.PHONY: e2e
e2e: build ## against a real kube-apiserver: KUBEBUILDER_ASSETS names a folder with kube-apiserver, etcd and kubectl
	@Tests/EndToEnd/run.sh $(release)

.PHONY: bench
bench: setup ## server CPU per request beside nginx and a minimal C server, and CEL; writes .build/bench/table.md
	@$(call install,$(bench_packages))
	$(MAKE) build
	BENCHMARK=1 $(swift) build -c release --scratch-path .build-benchmark $(check) --product CELBenchmark
	Tests/Benchmark/bench.sh $(release)
	echo >>.build/bench/table.md
	.build-benchmark/release/CELBenchmark Tests/Benchmark/policies/expressions.yaml \
		Tests/Fixtures/reviews/storageaccount-create.json | tee -a .build/bench/table.md

.PHONY: differential
differential: setup ## our JSON parser against simdjson on a million mutated documents
	@$(call install,$(differential_packages))
	DIFFERENTIAL=1 $(swift) run -c release --scratch-path .build-differential $(check) JSONDifferential

CEL_TESTS ?= 25000

.PHONY: differential-cel
differential-cel: build ## our CEL against Google's C++ engine on CEL_TESTS (25,000) generated expressions
	@$(call install,python3-venv)
	[ -x .build-differential/python/bin/pip ] || python3 -m venv .build-differential/python
	.build-differential/python/bin/pip install --quiet --disable-pip-version-check cel-expr-python==0.1.3
	.build-differential/python/bin/python Tests/Differential/CEL/generate.py --count $(CEL_TESTS) >.build-differential/cel.jsonl
	$(release) cel conformance .build-differential/cel.jsonl

FUZZ_SECONDS ?= 60

.PHONY: fuzz
fuzz: setup ## every fuzzer for FUZZ_SECONDS (60); findings go to Tests/Fuzz/Corpus/<Name>
	@for folder in Tests/Fuzz/*/; do
		name=$$(basename "$$folder")
		[ "$$name" != Corpus ] || continue
		FUZZ=1 $(swift) build -c release --scratch-path .build-fuzz --sanitize fuzzer --product "Fuzz$$name"
		mkdir -p "Tests/Fuzz/Corpus/$$name" ".build-fuzz/corpus/$$name"
		options=()
		[ ! -r "Tests/Fuzz/Corpus/$$name.dictionary" ] || options=(-dict="Tests/Fuzz/Corpus/$$name.dictionary")
		# The runtime's own handler would end the process before libFuzzer has kept what did it.
		SWIFT_BACKTRACE=enable=no nice .build-fuzz/release/Fuzz$$name -max_total_time=$(FUZZ_SECONDS) -timeout=5 -print_final_stats=1 "$${options[@]}" \
			-artifact_prefix="Tests/Fuzz/Corpus/$$name/" ".build-fuzz/corpus/$$name" "Tests/Fuzz/Corpus/$$name"
	done

# All but portcullis's own tests, which run other processes.
sanitized := JSON|CEL|Kubernetes|Azure|Policy|HTTPWire|TLS|EventLoop|Observability|Server|Admission
sanitized := --disable-xctest --filter '^($(sanitized))Tests\.'

.PHONY: asan tsan
asan: setup ## the tests under AddressSanitizer, to find what touches memory that is not its own
	@LSAN_OPTIONS="suppressions=$(CURDIR)/Tests/LeakSanitizer.supp:print_suppressions=0" $(swift) test \
		--scratch-path .build-asan --sanitize address $(sanitized)
tsan: setup ## the tests under ThreadSanitizer, to find what two threads touch at once
	@TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/ThreadSanitizer.supp" $(swift) test --scratch-path .build-tsan \
		--sanitize thread $(sanitized)

.PHONY: azure-data
azure-data: ## make the tables in Sources/Azure/Data anew from PORTCULLIS_FACTS and PORTCULLIS_CORPUS
	@: "$${PORTCULLIS_FACTS:?names no folder: the tables are made from it}" "$${PORTCULLIS_CORPUS:?names no folder either}"
	python3 Sources/Azure/Data/generate.py "$$PORTCULLIS_FACTS" "$$PORTCULLIS_CORPUS/crds/aso-crds.tar.gz" Sources/Azure/Data

.PHONY: catalogue-index
catalogue-index: build ## write the table of policies/catalogue into policies/README.md
	@$(release) generate docs --index policies/catalogue >.build/catalogue.md
	awk '/^<!-- \/catalogue -->/ { skip = 0 }
	!skip { print }
	/^<!-- catalogue:/ { skip = 1; while ((getline line < ".build/catalogue.md") > 0) print line }' \
		policies/README.md >.build/README.md
	cp .build/README.md policies/README.md

.PHONY: corpus-table
corpus-table: setup ## write policies/bundles/corpus.md: what the bundles say to the corpus' reviews
	@: "$${PORTCULLIS_CORPUS:?names no folder: the reviews are in it}"
	PORTCULLIS_WRITE_TABLES=1 $(swift) test --filter BundleCorpusTests

.PHONY: clean
clean: ## remove what was built; certs/ stays
	@rm -rf .build .build-*
