"""What a month costs: `make cost` writes the table of docs/cost.md."""
