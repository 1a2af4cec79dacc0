#!/bin/sh
# Installs MariaDB's server if there is none: the tests start a private one on a free port.
# Usage: mariadb.sh, from the top of the project, with the virtual environment on PATH.
set -eu
. infra/setup/packages.sh

installed() {
  python -m infra.local.servers.mariadb >/dev/null 2>&1
}

install() {
  if command -v apt-get >/dev/null 2>&1; then
    apt_install mariadb-server-core
  elif command -v brew >/dev/null 2>&1; then
    quietly brew install --quiet mariadb
  elif command -v dnf >/dev/null 2>&1; then
    quietly as_root dnf install -y -q mariadb-server
  else
    return 1
  fi
}

installed && exit 0
echo "Installing MariaDB's server for the tests ..."
if install && installed; then
  exit 0
fi

cat >&2 <<'MESSAGE'
There is no MariaDB server here, and installing one did not work. By hand it is:
    sudo apt-get install --no-install-recommends mariadb-server-core   (Debian, Ubuntu)
    brew install mariadb                                               (macOS)
    sudo dnf install mariadb-server                                    (Fedora)
MESSAGE
if [ "${CI:-}" ]; then
  echo "On a build server that is an error." >&2
  exit 1
fi
echo "Until then the tests run on SQLite alone and skip the MariaDB half." >&2
