"""The record: engine, tables, migrations."""
