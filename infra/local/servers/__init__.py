"""Private servers on free ports, for the local stack, the tests and the benchmarks."""
