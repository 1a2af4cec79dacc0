# Sourced by the scripts beside it: installs packages of the system, and never asks a question.

# apt_install PACKAGE...: 1 if apt or root is not to be had, or apt failed (its output is shown).
apt_install() {
  command -v apt-get >/dev/null 2>&1 || return 1
  quietly as_root apt-get -qq update || return 1
  quietly as_root apt-get -qq install -y --no-install-recommends "$@"
}

# as_root COMMAND...: 1 if we are not root and sudo would ask for a password.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
  else
    return 1
  fi
}

# quietly COMMAND...: shows the output only if the command failed.
quietly() {
  if quiet_output=$("$@" </dev/null 2>&1); then
    return 0
  fi
  printf '%s\n' "$quiet_output" | tail -n 20 >&2
  return 1
}
