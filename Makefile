# Two commands to know: `make demo` and `make test`. Both install what is missing, and build.
.PHONY: demo test build setup benchmarks asan tsan format clean

# One compiler job a processor, fewer where memory is short (a job takes up to 1.5 GB).
JOBS ?= $(shell awk -v n="$$(nproc)" '/MemAvailable/ {m = int($$2 / 1572864); print (m < 1) ? 1 : (m < n) ? m : n}' /proc/meminfo)

demo: build/release/build.ninja
	cmake --build --preset release --parallel $(JOBS) --target sightline_program sightline_opencv sightline_torch
	build/release/sightline demo --output_path demo

test: build/release/build.ninja
	cmake --build --preset release --parallel $(JOBS)
	ctest --preset release --parallel $(JOBS)

build: build/release/build.ninja
	cmake --build --preset release --parallel $(JOBS)

build/%/build.ninja: CMakeLists.txt CMakePresets.json cmake/debian-packages.txt
	cmake/install-packages.sh
	cmake --preset $*

setup:
	cmake/install-packages.sh

benchmarks: build/release/build.ninja
	cmake --preset release -DSIGHTLINE_BUILD_BENCHMARKS=ON
	cmake --build --preset release --parallel $(JOBS)

asan tsan: %: build/%/build.ninja
	cmake --build --preset $@ --parallel $(JOBS)
	ctest --preset $@ --parallel $(JOBS)

format:
	git ls-files '*.h' '*.cpp' | xargs clang-format -i

clean:
	rm -rf build demo
