#!/bin/sh
# Makes the environment that packs the API: a Python 3.13, because the functions run on it and
# their bytecode is made here. Usage: python.sh FOLDER, from the top of the project.
# `python.sh --find` only prints the Python, or fails.
set -eu
. infra/setup/packages.sh

is_wanted() {
  "$1" -c "import sys, venv, ensurepip; assert sys.version_info[:2] == (3, 13)" >/dev/null 2>&1
}

# PYTHON313, then PATH, then what version managers keep without putting it on PATH.
find_python() {
  for candidate in "${PYTHON313:-}" python3.13 .venv/bin/python python3 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3.13 \
    "$(uv python find 3.13 2>/dev/null || true)"; do
    if [ -n "$candidate" ] && is_wanted "$candidate"; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  echo "Packing the API needs Python 3.13, which its functions run on, and there is none on PATH." >&2
  echo "Install one (uv python install 3.13, pyenv install 3.13, brew install python@3.13), or" >&2
  echo "name it: make package PYTHON313=/path/to/python3.13" >&2
  return 1
}

python=$(find_python)
if [ "$1" = --find ]; then
  printf '%s\n' "$python"
  exit 0
fi
echo "Installing what packs the API into $1 (only when it changes) ..."
rm -rf "$1"
quietly "$python" -m venv "$1"
if ! quietly "$1/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
  -r infra/package/requirements.txt; then
  echo "The installation failed: see above. 'make package' tries again." >&2
  exit 1
fi
