"""Calls handlers as Lambda does: run as `python -I -S lambda_runtime.py FOLDER`.

Reads [[handler, event], ...] as JSON from its input and prints the answers as one line of JSON,
the last. Nothing but FOLDER and the standard library can be imported.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

folder = sys.argv[1]
sys.path.insert(0, folder)
os.chdir(folder)
answers = []
for handler, event in json.load(sys.stdin):
    module, _, name = handler.rpartition(".")
    answers.append(getattr(importlib.import_module(module), name)(event, None))
print(json.dumps(answers))  # noqa: T201 - that is how it answers
