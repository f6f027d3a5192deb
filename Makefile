# Everything that is needed is installed or built by these targets; what
# cannot be is named, with the way to get it.

SHELL := bash
GO ?= go
export GO
export CGO_ENABLED ?= 0

.DEFAULT_GOAL := help

## help: list the targets
.PHONY: help
help:
	@sed -n 's/^## \([a-z0-9-]*\): /  \1\t/p' $(MAKEFILE_LIST) | expand -t 14

## build: build bin/henge, one static file with the engines in it
.PHONY: build
build: modules
	$(GO) build -trimpath -ldflags='-s -w' -o bin/henge ./cmd/henge

## demo: run three jobs with a Redis and a worker of their own
.PHONY: demo
demo: build
	@host/localredis/install.sh || echo 'Going on without redis-server.'
	@bin/henge demo

## modules: build the engines that come with henge
.PHONY: modules
modules: toolchain
	@modules/build.sh

## engines: build the other engines and runners, for henge worker start --modules bin/modules
.PHONY: engines
engines: toolchain
	@modules/build.sh engines

## python: build the Python engine, which takes minutes, into bin/modules
.PHONY: python
python: toolchain
	@modules/build.sh python

## setup: install and build what the tests need
.PHONY: setup
setup: modules
	@host/localredis/install.sh
	@modules/javascript/test262.sh >/dev/null || echo 'Going on without test262.'
	@modules/build.sh native >/dev/null & native=$$!; \
	modules/build.sh engines && modules/build.sh tools && modules/build.sh samples && modules/build.sh examples && \
	wait $$native

## test: run all tests, those of the queue and of what runs at once with the race detector
# It makes a test up to ten times slower and all that it needs is compiled once more,
# so here it looks at rooms that share memory and are quick to build; make race has
# all of them. Four packages run at a time, one of them with the detector, since many
# wait for a Redis or a lease, and those that take longest begin.
raced := ./host/queue/... ./host/registry/... ./host/capability/http ./host/capability/redis ./host/sandbox/linear
at_once := Pool|Soak|Collect|Overshoot|OfAnotherThread|Fetch|Cancel|Close|Parallel|NoMappingLeaks
race := if command -v $${CC:-cc} >/dev/null; then export CGO_ENABLED=1 race=-race; \
	else echo 'There is no C compiler, so the race detector is left out.'; fi; set -x;

.PHONY: test test-raced test-others
test: setup
	@modules/build.sh check
	@$(MAKE) --no-print-directory -j2 test-raced test-others

test-raced:
	@$(race) $(GO) test -p 1 $$race -timeout 14m $(raced) && \
	$(GO) test $$race -run '$(at_once)' ./host/sandbox

test-others:
	$(GO) test -p 3 -timeout 14m ./host/worker ./host/sandbox ./cmd/henge $$($(GO) list ./... | grep -Fvx "$$($(GO) list $(raced))")
	$(GO) test -tags henge_portable ./host/sandbox/linear

## race: run all tests with the race detector, but for those that compile engines all the time
.PHONY: race
race: setup
	@$(race) $(GO) test $$race -timeout 30m $$($(GO) list ./... | \
		grep -Ev '/(cmd/henge|guest|examples/wasi|modules/.*|host/(hosttest|wasm|sandbox/spectest|sandbox/arguments).*)$$')

## test262: run all of the standard's own tests of JavaScript, of which make test runs some
.PHONY: test262
test262: engines
	@modules/javascript/test262.sh >/dev/null
	$(GO) test ./modules/javascript -run Language -test262.all -timeout 30m -v

## spec: run all of WebAssembly's own tests, before and after rewriting
.PHONY: spec
spec:
	$(GO) test ./host/sandbox/spectest -spec.all

## chaos: each fault while jobs flow, a thousand workers killed among them
.PHONY: chaos
chaos: build
	@host/localredis/install.sh
	bin/henge bench chaos

## retention: a million jobs, after which Redis keeps no more than before
.PHONY: retention
retention: setup
	$(GO) test ./host/worker -run MemoryInRedisIsFlat -retained 1000000 -timeout 30m -v

## swaps: modules come, change and go 200 times while jobs flow, hostile ones too
.PHONY: swaps
swaps: setup
	$(GO) test ./host/worker -run 'ComeAndGo|HostileModules' -swaps 200 -timeout 30m -v

## soak: ten minutes of random jobs at full load, looking for what grows
.PHONY: soak
soak: setup
	$(GO) test ./host/sandbox -run Soak -soak 10m -timeout 20m -v

## fuzz: ten minutes for each fuzz target of the rewriting and of messages
.PHONY: fuzz
fuzz:
	for target in Decode Meter Freeze; do $(GO) test ./host/wasm -run '^$$' -fuzz "^Fuzz$$target\$$" -fuzztime 10m || exit 1; done
	$(GO) test ./abi -run '^$$' -fuzz '^FuzzMessages$$' -fuzztime 10m
	$(GO) test ./host/hosttest -run '^$$' -fuzz '^FuzzParseCalls$$' -fuzztime 10m

## lint: look for what the tests do not: vet, staticcheck, and shellcheck for scripts
.PHONY: lint
lint:
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	@command -v shellcheck >/dev/null || { echo 'There is no shellcheck: install it, e.g. with apt-get install shellcheck.'; exit 1; }
	shellcheck -x modules/build.sh host/localredis/install.sh .ci/run

## bench: run the benchmarks
.PHONY: bench
bench: build setup
	$(GO) test -run '^$$' -bench . -benchmem ./...
	bin/henge bench sandbox --modules bin/modules --time 100ms --rounds 5

## peers: build the other queues that henge bench compare measures
.PHONY: peers
peers: toolchain
	cd cmd/henge-peers && $(GO) vet ./... && $(GO) build -trimpath -o ../../bin/henge-peers .

## clean: remove what was built here; caches in the user's folders stay
.PHONY: clean
clean:
	rm -rf bin
	find modules/built -type f ! -name '.*' -delete

.PHONY: toolchain
toolchain:
	@command -v $(GO) >/dev/null || { echo 'henge is built with Go 1.26 or later, and there is no go on the PATH: see https://go.dev/dl/' >&2; exit 1; }
