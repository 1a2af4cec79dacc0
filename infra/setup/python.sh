#!/bin/sh
# Makes the virtual environment with the first Python that is new enough and fills it.
# Usage: python.sh FOLDER, from the top of the project.
set -eu
venv=$1
. infra/setup/packages.sh

# A version manager's shim can be on PATH for a version that is not there: run each to know.
first_python() {
  for candidate in python3.13 python3.12 python3.11 python3 python; do
    if "$candidate" -c "import sys; assert sys.version_info >= (3, 11); $1" >/dev/null 2>&1; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

make_venv() {
  if ! python=$(first_python "import ensurepip, venv"); then
    if ! python=$(first_python ""); then
      echo "Bellpull needs Python 3.11 or newer, and there is none on PATH." >&2
      echo "Install one (apt-get install python3, brew install python) and try again." >&2
      exit 1
    fi
    # Debian keeps ensurepip in a package of its own.
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if ! apt_install "$package"; then
      echo "$python cannot make virtual environments here. On Debian or Ubuntu type:" >&2
      echo "    sudo apt-get install $package" >&2
      exit 1
    fi
  fi
  rm -rf "$venv"
  quietly "$python" -m venv "$venv"
}

if ! "$venv/bin/python" -c "import sys, pip; assert sys.version_info >= (3, 11)" >/dev/null 2>&1; then
  make_venv
fi
echo "Installing what is pinned in requirements-dev.txt into $venv (only when it changes) ..."
if ! quietly "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
  -r requirements-dev.txt; then
  echo "The installation failed: see above. 'make setup' tries again." >&2
  exit 1
fi

# The command line client runs from this folder: nothing of Bellpull is installed.
cat >"$venv/bin/bellpull" <<'SCRIPT'
#!/bin/sh
bin=$(dirname "$(readlink -f "$0")")
PYTHONPATH="$bin/../..${PYTHONPATH:+:$PYTHONPATH}" exec "$bin/python" -m bellpull "$@"
SCRIPT
chmod +x "$venv/bin/bellpull"
