"""`python -m infra.cost` prints the table of docs/cost.md, `--write` puts it there."""

from __future__ import annotations

import sys
from pathlib import Path

from infra.cost.month import Size, bill, read_prices

PAGE = Path(__file__).parents[2] / "docs/cost.md"
BEGIN, END = "<!-- begin: make cost -->\n", "<!-- end: make cost -->\n"

_DEV = {
    "endpoints": 7,
    "instance_class": "db.t4g.micro",
    "instances": 1,
    "storage_gb": 20,
    "worker_vcpu": 0.5,
    "worker_gb": 1.0,
    "workers_at_least": 0,
    "spot_share": 1.0,
    "alarms": 22,
}
_PROD = {
    **_DEV,
    "endpoints": 14,
    "instance_class": "db.m7g.large",
    "instances": 2,
    "storage_gb": 100,
    "worker_vcpu": 1.0,
    "worker_gb": 2.0,
    "workers_at_least": 2,
    "spot_share": 0.0,
}
SIZES = [
    Size(name="dev, idle", jobs=0, **_DEV),  # type: ignore[arg-type]  # each is of its field's type
    Size(name="prod, idle", jobs=0, **_PROD),  # type: ignore[arg-type]
    Size(name="prod, 1M jobs", jobs=1_000_000, **_PROD),  # type: ignore[arg-type]
    Size(
        name="prod, 100M jobs",
        jobs=100_000_000,
        **{**_PROD, "instance_class": "db.r7g.2xlarge", "spot_share": 0.7},  # type: ignore[arg-type]
    ),
]


def make_table() -> str:
    """The bills as a table of Markdown, a column for each size."""
    book = read_prices()
    bills = [bill(size, book) for size in SIZES]
    rows = [["$ a month", *(size.name for size in SIZES)]]
    rows += [[part, *(f"{each[part]:,.0f}" for each in bills)] for part in bills[0]]
    rows += [["**all**", *(f"**{sum(each.values()):,.0f}**" for each in bills)]]
    rows += [["for a million jobs", *map(_per_million, SIZES, bills)]]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---|" + "---:|" * len(SIZES))
    said = f"Prices of {book['date']}, {book['region']}: `infra/cost/prices.json`.\n"
    return "\n".join(lines) + "\n\n" + said


def _per_million(size: Size, parts: dict[str, float]) -> str:
    return f"{sum(parts.values()) / size.jobs * 1e6:,.1f}" if size.jobs else "-"


def main(arguments: list[str]) -> int:
    """Print the table, or write it into the page."""
    table = make_table()
    if arguments == ["--write"]:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}{table}{END}{after}", encoding="utf-8")
    else:
        sys.stdout.write(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
