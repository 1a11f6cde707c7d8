# What people run by hand. `make` alone says what there is.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS := -X main.version=$(VERSION) -X main.commit=$(COMMIT)
page    := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' -not -path 'web/client/dist/*' -not -path '*/test*/*' -not -path '*/bench/*' -not -name '*.go' 2>/dev/null)
CYCLES  ?= 200
DURATION ?= 1h
SEEDS   ?= 100000
COUNT   ?= 5
TIMES   ?= 10
BUSY    ?= 2

.DEFAULT_GOAL := help
.PHONY: help build run test test-browsers repeat test-quick lint lint-all queries fmt bench bench-quick web-bench mutants simulate drills soak dev release release-check clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

build: web/dist/index.html ## the page and bin/verbatim
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/verbatim .

run: ## install what is missing, build, and serve on http://127.0.0.1:8080
	@scripts/setup.sh run
	@$(MAKE) --no-print-directory build
	bin/verbatim serve

test: ## everything, with real Redis, PostgreSQL, Chromium, reverse proxies, strace and kill -9; what it runs and what flaky means: docs/testing.md
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory build lint
	@go build -o bin/gate ./scripts/gate
	@[ "$$(id -u)" = 0 ] || echo "make test: not run, for want of root: the drills powercut, diskfull, datadir, networkloss and strangers (sudo go run ./scripts/drills -short powercut diskfull datadir networkloss strangers)"
	@bin/gate

test-browsers: ## the page's stories in Debian's Firefox too; what only Chromium can be asked for is named as skipped
	@scripts/setup.sh browsers
	@$(MAKE) --no-print-directory build
	@npm --prefix web run --silent test:firefox

repeat: ## a suite of `make test` many times beside two busy loops: make repeat SUITE=e2e TIMES=10 [RUN=regexp]; who failed, and how often
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory build
	@scripts/repeat.sh '$(SUITE)' $(TIMES) $(BUSY) '$(RUN)'

test-quick: ## Go tests without the race detector and the end-to-end suite
	go test $$(go list ./... | grep -v /e2e)

lint: web/node_modules/.stamp ## gofmt, go vet, staticcheck, go mod tidy, shellcheck; Biome for the page and the client
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); [ -z "$$unformatted" ] || { echo "gofmt is needed (make fmt): $$unformatted"; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go mod tidy -diff
	@command -v shellcheck >/dev/null || { echo "shellcheck is missing: run scripts/setup.sh"; exit 1; }
	shellcheck $$(git ls-files --cached --others --exclude-standard '*.sh') .ci/run packaging/postinst packaging/prerm packaging/postrm
	npm --prefix web run --silent lint

lint-all: lint bin/tools/golangci-lint bin/tools/sqlc ## lint, golangci-lint (.golangci.yml), and whether the queries' code is up to date (sqlc); both take minutes to build once, so `make test` leaves them out
	bin/tools/golangci-lint run ./...
	bin/tools/sqlc diff -f directory/sqlc.yaml
	bin/tools/sqlc compile -f directory/sqlc.sqlite.yaml

queries: bin/tools/sqlc ## directory/queries/*.go from the SQL beside it, which is checked as both databases' against the schema
	bin/tools/sqlc compile -f directory/sqlc.sqlite.yaml
	bin/tools/sqlc generate -f directory/sqlc.yaml

fmt: web/node_modules/.stamp ## gofmt all Go files; Biome for the page and the client
	gofmt -w $$(git ls-files --cached --others --exclude-standard '*.go')
	npm --prefix web run --silent format

bench: ## Go benchmarks, COUNT=5 times for benchstat, and then everything beside bare fan-out: writes docs/reports/performance.md (half an hour)
	go test -run '^$$' -bench . -benchmem -count $(COUNT) $$(go list ./... | grep -v /e2e)
	go run ./scripts/bench

bench-quick: ## the same comparison in two minutes, printed: is anything far off?
	@go run ./scripts/bench -quick

web-bench: ## what the page must show, measured in Chromium against the real server, in one table: bytes, times, memory, accessibility, keyboard (five minutes); exit 1 where a bar that holds on any machine is missed
	@scripts/setup.sh bench
	@$(MAKE) --no-print-directory build
	@npm --prefix web run --silent bench

drills: mutants ## the mutants, what of the page needs quiet, the short drills with the race detector, then all fault drills on the real binary (kill -9 CYCLES=200 times, power cuts, full disks, Redis …), as root; half an hour; prints tables, and writes the drills' to MARKDOWN=file
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory build
	@npm --prefix web run test:quiet
	go test -race -count 1 -timeout 30m ./scripts/drills
	@go run ./scripts/drills -cycles $(CYCLES) $(if $(MARKDOWN),-markdown $(MARKDOWN)) all

mutants: ## break the server on purpose, one promise at a time: a test must notice each; five minutes; prints a table
	@go run ./scripts/mutants

simulate: ## SEEDS=100000 simulated lives of each world, with crashes, power cuts and failing disks, on all processors
	go test ./simulation -timeout 0 -v -count 1 -seeds $(SEEDS)

soak: ## steady load for DURATION=1h: memory, goroutines and open files must stay flat; before it, all quotations of Debian's fortunes, compared
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory build
	scripts/soak.sh
	@go run ./scripts/drills -duration $(DURATION) soak

dev: ## the page by vite with reload; run bin/verbatim serve beside it
	npm --prefix web run dev

release: bin/tools/goreleaser bin/tools/cyclonedx-gomod ## into dist/: static programs for amd64 and arm64, archives, Debian packages, SBOMs, checksums; a snapshot where HEAD has no tag
	PATH="$(CURDIR)/bin/tools:$$PATH" COMMIT=$(COMMIT) bin/tools/goreleaser release --clean $$(git describe --exact-match --tags HEAD >/dev/null 2>&1 || echo --snapshot)

release-check: ## as root: the program of dist/ in an empty root directory, the package installed and removed, the checksums
	scripts/release-check.sh

clean: ## remove what was built; data stays
	rm -rf bin dist web/dist/* web/node_modules web/client/test/strangers/node_modules e2e/wscat/node_modules

# Tools with a module of their own, so that go.mod has none of what they bring. Each is built once for each version.
bin/tools/golangci-lint: tools/lint/go.sum
	cd tools/lint && go build -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

bin/tools/sqlc: tools/sqlc/go.sum
	cd tools/sqlc && go build -o ../../$@ github.com/sqlc-dev/sqlc/cmd/sqlc
	@touch $@

bin/tools/goreleaser: tools/release/go.sum
	cd tools/release && go build -o ../../$@ github.com/goreleaser/goreleaser/v2
	@touch $@

bin/tools/cyclonedx-gomod: tools/release/go.sum
	cd tools/release && go build -o ../../$@ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
	@touch $@

web/node_modules/.stamp: web/package-lock.json
	scripts/setup.sh run

web/dist/index.html: web/node_modules/.stamp $(page)
	npm --prefix web run build
	@touch $@
