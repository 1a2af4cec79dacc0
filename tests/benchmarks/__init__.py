"""The benchmarks: `make bench` runs Bellpull beside its competitors and writes what it saw."""
