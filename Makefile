# `make run`: the whole loop on this machine.  `make test`: the tests.  `make bench`: the benchmarks.
# `make lab`: the tests of network and portal alone, as root: a hub and phones in namespaces of the kernel.
# `make radio-test`: the package on a machine that boots, with phones that join its Wi-Fi.
# `make fuzz SECONDS=600`: changed samples at every decoder of what crosses the wire.
# `make deb DEBIAN=13 ARCH=arm64`: the package for a box, into var/deb.
# `make screenshots`: every page and state, on three screens, light and dark, into var/screenshots.
PYTHON ?= python3
# The tests wait a lot, for browsers, servers and disks, so two processes share them, file by file.
SHARE ?= -n 2 --dist loadfile
SETUP = @$(PYTHON) deploy/laptop/bootstrap.py
BIN = .venv/bin

.PHONY: run test test-long lab radio-test arm64-test bench fuzz deb screenshots check

run:
	$(SETUP) publisher collector
	@$(BIN)/python deploy/laptop/run.py

check:
	$(SETUP) publisher collector dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check
	$(BIN)/python -m pytest -m "not long" $(SHARE) $(ARGS)

test-long:
	$(SETUP) publisher collector dev
	$(BIN)/python -m pytest $(ARGS)

lab:
	$(SETUP) publisher collector dev
	$(BIN)/python -m pytest tests/lab $(SHARE) $(ARGS)

# Boots the package with a simulated radio; as root, with QEMU and mmdebstrap (tests/guest/__init__.py).
radio-test:
	$(SETUP) publisher collector dev
	$(BIN)/python -m pytest -p no:randomly tests/guest $(ARGS)

# Runs the package for a Pi; as root, with mmdebstrap, arch-test and qemu-user-static (tests/deploy/test_deb_arm64.py).
arm64-test:
	$(SETUP) publisher collector dev
	$(BIN)/python -m pytest -p no:randomly tests/deploy/test_deb_arm64.py $(ARGS)

bench:
	$(SETUP) publisher collector dev
	$(BIN)/python benchmarks/run.py $(ARGS)

fuzz:
	$(SETUP) publisher collector dev
	$(BIN)/python -m benchmarks.fuzz_wire $(or $(SECONDS),60) $(ARGS)

deb:
	$(SETUP) publisher collector dev
	@$(BIN)/python deploy/deb/build.py --debian $(or $(DEBIAN),13) --arch $(or $(ARCH),arm64) --into var/deb $(ARGS)

screenshots:
	$(SETUP) publisher collector dev
	@$(BIN)/python -m tests.browser.screenshots $(ARGS)
