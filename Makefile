# What a person types. Nothing is needed but git, make and Python 3.11 to 3.13; `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
BIN := .venv/bin
export UV_COMPILE_BYTECODE := 1
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
export DO_NOT_TRACK := 1

.PHONY: help demo test faults cluster-test bench check checkov format generate lock image sbom clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/demo ## one day of sales receipts from an API to a revenue mart, in under two minutes
	$(BIN)/conductor demo

# Whole runs, and tests for which there has to be a Kubernetes or its tools.
RUNS := tests/faults tests/flows
CLUSTERED := tests/cluster tests/unit/chart

test: .venv/dev ## the tests that this machine can run, of long sweeps a sample; what is skipped is listed with its reason
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests $(addprefix --ignore=,$(RUNS) $(CLUSTERED))
	$(BIN)/python -m pytest -n 2 --dist worksteal $(RUNS)
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(CLUSTERED)

faults: .venv/dev ## only whole runs, many of them killed or broken, with all cases of the sweeps that `make test` takes a sample of
	$(BIN)/python -m pytest -n 2 --dist worksteal --all-cases $(RUNS)

cluster-test: .venv/dev ## only the tests on the Kubernetes that KUBECONFIG points at, with all cases of their sweeps
	$(BIN)/python -m pytest -n 2 --dist loadgroup --all-cases $(CLUSTERED)

bench: .venv/dev ## measure against named peers; prints a table and writes build/bench.json
	$(BIN)/python -m bench

check: .venv/dev ## lint, format, types, contracts, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/conductor contract check
	$(BIN)/python -m conductor.cli.generate --check

checkov: .tools/checkov ## look for weak settings in what Helm makes of the chart
	@mkdir -p build/checkov
	@for values in default local ha; do \
	  file=helm/cloud-conductor/values-$$values.yaml; [ -e $$file ] || file=helm/cloud-conductor/values.yaml; \
	  helm template conductor helm/cloud-conductor --namespace conductor --kube-version 1.34.1 --values $$file >build/checkov/$$values.yaml; \
	done
	.tools/checkov/bin/checkov --directory build/checkov --config-file helm/checkov.yaml

format: .venv/dev ## format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

generate: .venv/dev ## write the reference pages, the snapshot and the dbt sources anew
	$(BIN)/python -m conductor.cli.generate

lock: $(UV) ## resolve all requirements once and write the locked files
	$(call compile,dev,--extra dev)
	$(call compile,demo,--extra demo -c requirements/dev.txt)
	$(call compile,run,-c requirements/dev.txt)
	$(call resolve,image,pyproject.toml --extra image -c requirements/dev.txt)
	$(call resolve,spark,requirements/spark.in -c requirements/dev.txt)
	$(call resolve,trial,requirements/trial.in -c requirements/dev.txt)
	$(call resolve,backends,requirements/backends.in -c requirements/dev.txt)
	$(call resolve,sbom,requirements/sbom.in)
	$(call resolve,checkov,requirements/checkov.in)
	$(call resolve,uv,requirements/uv.in)

compile = $(call resolve,$(1),pyproject.toml requirements/build.in $(2))
resolve = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	$(2) -o requirements/$(1).txt

# Whichever builder answers; MAVEN_URL, for the target spark alone, is the base address of a Maven repository.
TARGET ?= conductor
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
IMAGE ?= cloud-conductor$(filter-out -conductor,-$(TARGET)):$(VERSION)
BUILDER ?= $(shell for each in docker podman buildah; do $$each info >/dev/null 2>&1 && echo $$each && break; done)
BUILD_FLAGS ?=

image: ## build an image; TARGET=spark and TARGET=trial build the others
	@[ -n "$(BUILDER)" ] || { echo "docker, podman or buildah is needed, and none of them answers" >&2; exit 1; }
	$(BUILDER) build --target $(TARGET) --tag $(IMAGE) --build-arg VERSION=$(VERSION) $(if $(MAVEN_URL),--build-arg MAVEN_URL=$(MAVEN_URL)) \
	  --build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null || echo unknown)" $(BUILD_FLAGS) .

sbom: $(UV) ## list the parts of the images from their locks, as CycloneDX: build/sbom-*.cdx.json
	@mkdir -p build && [ -x .tools/sbom/bin/python ] || $(UV) venv -q .tools/sbom
	@$(UV) pip install -q --python .tools/sbom/bin/python --require-hashes -r requirements/sbom.txt
	@for each in image spark trial; do .tools/sbom/bin/cyclonedx-py requirements --output-reproducible --of JSON \
	  -o build/sbom-$$each.cdx.json requirements/$$each.txt && echo "build/sbom-$$each.cdx.json"; done

clean: ## remove the environment, the demo's home and all that was built
	rm -rf .venv .tools .conductor build dist

# An environment is a stamp file: it is made anew when its lock changes. The package itself is installed as a link to this folder.
.venv/demo: requirements/demo.txt pyproject.toml | $(UV) .venv/bin/python
	@[ -e .venv/dev ] || { echo "installing (about half a minute) ..."; \
	  $(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/demo.txt; }
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: requirements/dev.txt pyproject.toml | $(UV) .venv/bin/python
	@echo "installing what the tests need ..."
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

# An environment of its own: it pins what we have in other versions.
.tools/checkov: requirements/checkov.txt | $(UV)
	@echo "installing checkov ..."
	@$(UV) venv -q --clear --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $@
	@$(UV) pip install -q --python $@/bin/python --require-hashes -r requirements/checkov.txt
	@touch $@

.venv/bin/python: | $(UV)
	@$(UV) venv -q --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv

# uv is one program in one wheel, and a wheel is a zip: pip unpacks it if it is there; where a Debian Python comes without pip, pip's
# own wheel, from Debian's package, runs as it is.
.tools/bin/uv:
	@mkdir -p .tools
	@if $(PYTHON) -m pip --version >/dev/null 2>&1; then pip="$(PYTHON) -m pip"; \
	elif (cd .tools && apt-get download -qq python3-pip-whl >/dev/null 2>&1 && dpkg-deb -x python3-pip-whl_*.deb .); then \
	  pip="$(PYTHON) $$(echo .tools/usr/share/python-wheels/pip-*.whl)/pip"; \
	else echo "uv is missing and there is no pip to fetch it with: install uv (or python3-pip) and run make again" >&2; exit 1; fi; \
	$$pip install -q --disable-pip-version-check --no-warn-script-location --require-hashes --target .tools -r requirements/uv.txt
