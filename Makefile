# Two commands do everything: `make run` starts Denrei with demo traffic, `make test` runs every tier. Both install what is missing.
.PHONY: run test check build bench format set-up dev clean
JOBS ?= $(shell nproc)
BENCH ?= run deliver

set-up:
	@scripts/set-up

build: set-up
	@cmake --preset release >/dev/null
	@cmake --build build -j$(JOBS)

run: set-up
	@cmake --preset release >/dev/null
	@cmake --build build -j$(JOBS) --target denrei
	@scripts/run-demo

test: build
	@scripts/set-up test
	@scripts/run-tests

# What CI runs, under the sanitizers too.
check: test
	@cmake --preset asan >/dev/null && cmake --build build-asan -j$(JOBS)
	@scripts/run-tests build-asan unit actors http contract tidy

# What it costs to accept (run) and to deliver (deliver); BENCH=run for one of them.
bench:
	@scripts/set-up bench
	@$(MAKE) --no-print-directory build
	@for bench in $(BENCH); do python3 bench/$$bench.py $(ARGS) || exit 1; done

format:
	@command -v clang-format >/dev/null || { echo "apt-get install clang-format"; exit 1; }
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format -i

dev: set-up
	@cmake --preset dev >/dev/null && cmake --build build-dev -j$(JOBS)

clean:
	rm -rf build build-dev build-asan build-tsan
