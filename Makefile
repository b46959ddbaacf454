# The two commands: `make run` shows it, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc)
# Clients and engines that tests want: unpacked, not installed (python3-winrm with what it needs).
UNPACKED := prometheus victoria-metrics python3-prometheus-client python3-decorator sblim-wbemcli \
  wsl libxml2-utils python3-winrm python3-xmltodict python3-six python3-requests python3-urllib3 \
  python3-idna python3-certifi python3-charset-normalizer
DESTDIR ?=
PREFIX ?= /usr

.PHONY: help build run test bench fuzz soak lab install format lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## compile all programs into build/bin/
	@scripts/install-deps.sh build
	@scripts/build release programs

run: ## the lab, live (ONCE=1: print once; HOST=1: watch this machine)
	@scripts/install-deps.sh build $(if $(HOST),run,lab)
	@lab/run

test: ## everything that proves it, but for long fuzzing
	@scripts/install-deps.sh build
	@scripts/beside 'scripts/install-deps.sh test lab web; scripts/unpack-tools.sh $(UNPACKED); \
	  lab/accelerator "$$(lab/build-rootfs)" > /dev/null; lab/build-libreswan > /dev/null' \
	  'scripts/build release programs'
	@tests/run

bench: ## speed, each figure beside the limit it runs against
	@scripts/install-deps.sh build bench web
	@bench/run

fuzz: ## every fuzz target for SECONDS_EACH seconds (600)
	@scripts/install-deps.sh build test
	@fuzz/run $(or $(SECONDS_EACH),600)

soak: ## the long versions of the tests
	@scripts/install-deps.sh build test lab web
	@scripts/unpack-tools.sh $(UNPACKED)
	@QM_SOAK=1 tests/run

lab: build ## run CMD='…' inside the lab's guest
	@scripts/install-deps.sh lab
	@lab/cmd

install: build ## programs, classes, systemd units, users (DESTDIR, PREFIX)
	@packaging/install '$(DESTDIR)' '$(PREFIX)'

format: ## rewrite the sources as .clang-format says
	@scripts/install-deps.sh test
	@git ls-files '*.cc' '*.h' '*.c' | xargs clang-format-19 -i

lint: ## clang-tidy, formatting, shell scripts
	@scripts/install-deps.sh build test
	@scripts/lint

clean: ## remove what was built (the lab's cache stays in ~/.cache/quickmode)
	@rm -rf build
