# What the install-*.sh share: source it.

# apt_install PACKAGE...
apt_install() {
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

# need PROGRAM PACKAGE...: installs the packages unless the program is there.
need() {
  command -v "$1" >/dev/null || apt_install "${@:2}"
}

# python_environment DIRECTORY: makes a new one there, in place of what it holds.
python_environment() {
  need python3 python3 python3-venv || return 1
  rm -rf "$1"
  if python3 -m venv "$1"; then return; fi
  # Debian's python3 comes without it.
  rm -rf "$1"
  apt_install python3-venv && python3 -m venv "$1"
}

# three_tries NAME COMMAND...: until the command succeeds.
three_tries() {
  local try
  for try in 1 2 3; do
    if "${@:2}"; then return; fi
    echo "$1 failed (try $try of 3)" >&2
    sleep $((try * 10))
  done
  return 1
}
