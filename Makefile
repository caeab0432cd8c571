# SPDX-License-Identifier: Apache-2.0
# `make` or `make help` lists the targets. `make demo` and `make test` set a fresh machine up by themselves.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# One debug scratch folder for everything, so that demo, test and interop compile each object once.
swift_flags := --traits Secp256k1 --scratch-path .build --explicit-target-dependency-import-check error
# Instrumented objects differ from all others, so they have a folder of their own.
coverage_flags := --traits Secp256k1 --scratch-path .build-coverage
# Whose tests speak over sockets, with time limits as they are in use.
socket_tests := KERIHTTPTests|HTTPServingTests|IdentityGRPCTests|IdentityHTTPTests|NodeLocalTests|WorkloadClientTests
# The crash handler keeps the pipes of exit tests open; the tests look at the exit status only.
export SWIFT_BACKTRACE := enable=no
unexport KELMARK_CORE_ONLY

.PHONY: help setup build demo test examples interop fuzz soak drill bench mutate lint generate format docs coverage clean

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Installs missing Debian packages by apt (demo and test do this themselves)
	@scripts/setup

build: setup ## Builds everything (debug)
	swift build $(swift_flags) --build-tests

demo: setup ## The stories of one proof and of two workloads, told on throw-away stacks (sets the machine up first)
	swift build $(swift_flags) --product kelmark
	.build/debug/kelmark demo
	scripts/demo-workloads

test: setup ## All tests (sets the machine up first)
	swift build $(swift_flags) --build-tests
	@# Apart: what blocks threads, or floods sockets, must not starve what waits for a time limit.
	swift test $(swift_flags) --skip-build --skip 'EndToEndTests|$(socket_tests)'
	swift test $(swift_flags) --skip-build --filter '$(socket_tests)'
	swift test $(swift_flags) --skip-build --filter EndToEndTests
	scripts/check-guides
	scripts/cli-reference --check
	scripts/check-deploy
	scripts/duplicity-drill
	scripts/fuzz --seconds 20
	scripts/interop --smoke

examples: setup ## Builds what uses our libraries from outside, as an application does
	swift build --package-path Examples/WorkloadClient --scratch-path .build-examples

interop: setup ## Plays with live peers: keripy 1.1.17 and 1.2.13 both ways; workloads with py-spiffe, PyJWT, Envoy, Authlib, OpenSSL
	swift build $(swift_flags) --product kelmark
	swift build $(swift_flags) --product kelmark-peer
	scripts/interop
	@echo "drill: a run whose peer is killed must fail"
	@if scripts/interop --smoke --kill-drill; then echo "interop: the drill did not fail"; exit 1; fi
	@echo "drill: failed as it must"
	@echo "drill: no story over the network may pass when keripy does not run"
	scripts/interop --stop-drill

fuzz: setup ## Fuzzes every way in for 5 minutes each
	scripts/fuzz --seconds 300

soak: setup ## Troubles stores, witnesses, issuer and agent: nothing acknowledged lost, nobody with another's identity
	swift build $(swift_flags) --product kelmark-soak
	swift build $(swift_flags) --product kelmark
	scripts/soak

drill: setup ## A controller contradicts itself; an issuer's keys are turned over and killed under live workloads
	swift build $(swift_flags) --product kelmark
	scripts/duplicity-drill --within 2
	scripts/identity-drill authority
	scripts/identity-drill tombstone
	@echo "drill: runs whose peers are killed, or that revoke in haste, must fail"
	@for fault in "authority --clients 16 --kill-drill" "authority --clients 16 --haste" "tombstone --kill-drill"; do \
	    if scripts/identity-drill $$fault 2>/dev/null; then echo "identity-drill $$fault: did not fail"; exit 1; fi; done
	@echo "drill: failed as they must"

bench: setup ## Benchmarks beside bare libsodium and keripy, and of issuer and agent (release build first)
	scripts/bench

mutate: setup ## Disables each validation rule in turn; the tests must turn red each time
	scripts/mutate

lint: ## Formatting, layers, licence lines, names and paths
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Fuzz Benchmarks Examples
	scripts/check-layers
	scripts/check-files

generate: ## Writes the gRPC code from its definitions (needs protoc)
	scripts/generate-api

format: ## Formats the Swift sources in place
	swift format --in-place --recursive --parallel Package.swift Sources Tests Fuzz Benchmarks Examples

coverage: setup ## Line coverage of Foundations and Protocols; fails under 90 %
	KELMARK_CORE_ONLY=1 swift test $(coverage_flags) --enable-code-coverage
	scripts/coverage "$$(KELMARK_CORE_ONLY=1 swift test $(coverage_flags) --show-codecov-path)" --floor 90

docs: setup ## Builds the documentation of every library; warnings are errors
	scripts/docs

clean: ## Removes build folders
	rm -rf .build .build-*
