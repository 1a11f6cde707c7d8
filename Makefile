# What people run by hand. `make` alone says what there is.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS := -X main.version=$(VERSION) -X main.commit=$(COMMIT)
page    := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' -not -path '*/test*/*' -not -name '*.go' 2>/dev/null)
CYCLES  ?= 100
SEEDS   ?= 100000
SOAK_SEEDS ?= 1000000
COUNT   ?= 5

.DEFAULT_GOAL := help
.PHONY: help build run test test-quick lint fmt bench bench-quick soak drills dev clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

build: web/dist/index.html ## the page and bin/verbatim
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/verbatim .

run: ## install what is missing, build, and serve on http://127.0.0.1:8080
	@scripts/setup.sh run
	@$(MAKE) --no-print-directory build
	bin/verbatim serve

test: ## everything, with real Redis, Chromium, strace and kill -9 (about ten minutes on two cores)
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory build lint
	go test -race ./...
	npm --prefix web run check
	npm --prefix web test
	npm --prefix web run test:browser
	@echo "make test: all passed"

test-quick: ## Go tests without the race detector and the end-to-end suite
	go test $$(go list ./... | grep -v /e2e)

lint: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); [ -z "$$unformatted" ] || { echo "gofmt is needed (make fmt): $$unformatted"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

fmt: ## gofmt all Go files
	gofmt -w $$(git ls-files --cached --others --exclude-standard '*.go')

bench: ## Go benchmarks, COUNT=5 times for benchstat, and then everything beside bare fan-out: writes docs/performance.md (half an hour)
	go test -run '^$$' -bench . -benchmem -count $(COUNT) $$(go list ./... | grep -v /e2e)
	go run ./scripts/bench

bench-quick: ## the same comparison in two minutes, printed: is anything far off?
	@go run ./scripts/bench -quick

drills: ## the fault drills in their long form: SEEDS=100000 simulated worlds, the mutants, CYCLES=100 times kill -9, failed syncs, restarts under load
	go run ./scripts/mutants
	go test ./simulation -timeout 6h -v -count 1 -seeds $(SEEDS)
	VERBATIM_CYCLES=$(CYCLES) go test -timeout 6h -v -count 1 -run 'UnderLoad|Kill9|NobodyNotices' ./e2e

soak: ## all quotations of Debian's fortunes over 300 sockets into a server of its own, then everything compared; then SOAK_SEEDS=1000000 simulated worlds
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory build
	scripts/soak.sh
	go test ./simulation -timeout 240h -v -count 1 -seeds $(SOAK_SEEDS) -from $$(date +%s)

dev: ## the page by vite with reload; run bin/verbatim serve beside it
	npm --prefix web run dev

clean: ## remove what was built; data stays
	rm -rf bin web/dist/* web/node_modules e2e/wscat/node_modules

web/node_modules/.stamp: web/package-lock.json
	scripts/setup.sh run

web/dist/index.html: web/node_modules/.stamp $(page)
	npm --prefix web run build
	@touch $@
