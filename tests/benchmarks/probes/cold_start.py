"""A cold start: `cold_start ours|raw` prints the CPU of import and first POST /jobs."""

import time

BEGAN = time.process_time()


def main() -> None:
    """Import, answer, print; the interpreter's own start is not counted."""
    import sys

    if sys.argv[1] == "ours":
        from tests.benchmarks.probes.submitting import make_ours

        submit = make_ours()
    else:
        from tests.benchmarks.competitors.handwritten import app
        from tests.benchmarks.probes.requests import NEW_JOB, Context, make_event

        def submit() -> object:
            return app(make_event("POST", "/jobs", body=NEW_JOB), Context())

    answer = submit()
    spent = time.process_time() - BEGAN
    if answer["statusCode"] != 202:
        raise RuntimeError(f"not accepted: {answer}")
    sys.stdout.write(f'\n{{"cpu_seconds": {spent}}}\n')


if __name__ == "__main__":
    main()
