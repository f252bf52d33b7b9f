# What a person does here. Nothing but Go is needed for demo, test, bench and fuzz.
.DEFAULT_GOAL := help
.PHONY: help demo test race lint fmt bench peers fuzz oracles requirements

ORACLES = ca-certificates curl libxml2-utils nfdump nfdump-sflow softflowd pmacct tshark qemu-user-static openssh-client \
	openssh-server openssh-sftp-server lftp putty-tools rsync age ssh-audit python3-requests iproute2 sshfs $(if $(shell command -v npm),,nodejs npm)
AS_ROOT = $(if $(filter-out 0,$(shell id -u)),sudo)
FUZZTIME ?= 30s
DECODERTIME ?= 5m
LINT = bin/golangci-lint
NPM = tools/npm/node_modules/.bin
export REDOCLY_TELEMETRY = off
export REDOCLY_SUPPRESS_UPDATE_NOTICE = true

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## start an appliance, judge it, and leave the reports in out/demo
	go run ./cmd/flowgate demo --dir out/demo

test: ## vet and test everything
	go vet ./...
	go test ./...

race: ## test everything under the race detector, with smaller samples
	go test -race -short -timeout 20m ./...

lint: $(LINT) $(NPM)/redocly ## lint the Go code and the OpenAPI documents (needs npm)
	$(LINT) run ./...
	mkdir -p out
	go run ./cmd/flowgate spec print -o out/flowgate-3.1.yaml
	go run ./cmd/flowgate spec print --openapi 3.0 -o out/flowgate-3.0.yaml
	$(NPM)/redocly lint --config .redocly.yaml out/flowgate-3.1.yaml out/flowgate-3.0.yaml control
	$(NPM)/spectral lint --ruleset .spectral.yaml --fail-severity warn out/flowgate-3.1.yaml out/flowgate-3.0.yaml mockserver/control/openapi.yaml

fmt: ## format the Go code
	cd tools && go build -o ../bin/gofumpt mvdan.cc/gofumpt
	bin/gofumpt -w .

bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

peers: tools/peers/node_modules ## measure the mock beside other mock servers (needs npm and Java 17)
	go build -o bin/flowgate ./cmd/flowgate
	cd tools && go build -o ../bin/peers ./peers
	bin/peers

fuzz: ## run each fuzz target for FUZZTIME (30s), the decoders of flow datagrams for DECODERTIME (5m)
	@set -e; for package in $$(go list ./...); do \
		time=$(FUZZTIME); case $$package in */flowgen/wire) time=$(DECODERTIME);; esac; \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target $$time"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $$time $$package; \
		done; \
	done

oracles: ## install the programs that tests compare with (Debian)
	$(AS_ROOT) apt-get update -q || echo "the package lists are those of the machine"
	$(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(ORACLES)

requirements: ## write docs/requirements.md anew
	go run ./cmd/flowgate spec requirements -o docs/requirements.md

$(LINT): tools/go.mod tools/go.sum
	cd tools && go build -o ../$(LINT) github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(NPM)/redocly: tools/npm/package-lock.json
	npm ci --prefix tools/npm --ignore-scripts --no-audit --no-fund
	touch $@

tools/peers/node_modules: tools/peers/package-lock.json
	npm ci --prefix tools/peers --ignore-scripts --no-audit --no-fund
	touch $@
