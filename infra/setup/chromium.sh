#!/bin/sh
# Installs Chromium for the console's tests if there is none and this is a build server.
# Usage: chromium.sh [--ask], from the top of the project; --ask: install it here too.
set -eu
. infra/setup/packages.sh

installed() {
  command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1
}

installed && exit 0
if [ "${CI:-}" ] || [ "${1:-}" = --ask ]; then
  echo "Installing Chromium for the console's tests ..."
  if apt_install chromium && installed; then
    exit 0
  fi
fi

cat >&2 <<'MESSAGE'
There is no Chromium here, so the tests of the console are skipped. To have them run:
    sudo apt-get install --no-install-recommends chromium   (Debian)
    sudo dnf install chromium                                (Fedora)
MESSAGE
if [ "${1:-}" = --ask ]; then
  exit 1
fi
