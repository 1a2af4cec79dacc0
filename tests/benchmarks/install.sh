#!/bin/sh
# Installs what the benchmark runs beside Bellpull, at pinned versions.
# Usage: install.sh sqs|peers FOLDER, from the top of the project, with its environment on PATH.
set -eu
what=$1
folder=$2
. infra/setup/packages.sh

case $what in
  sqs)
    if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null; then
      echo "The benchmark's SQS needs Node.js 20 or newer, and npm: see nodejs.org." >&2
      exit 1
    fi
    echo "Installing the benchmark's SQS into $folder ..."
    mkdir -p "$folder"
    cp tests/benchmarks/fauxqs/package.json tests/benchmarks/fauxqs/package-lock.json "$folder"
    quietly npm ci --prefix "$folder" --no-audit --no-fund
    ;;
  peers)
    echo "Installing the libraries that the benchmark compares with into $folder ..."
    quietly python -m venv "$folder"
    quietly "$folder/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
      -r tests/benchmarks/requirements.txt
    ;;
esac
