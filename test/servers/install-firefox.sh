#!/usr/bin/env bash
# Installs Firefox (about 260 MB on Debian), unless it is there, and prints its path. Three tries. Run as root.
set -euo pipefail
. "$(dirname "$0")/installing.sh"

find_firefox() { command -v firefox-esr || command -v firefox; }
find_firefox >/dev/null || three_tries firefox-esr apt_install firefox-esr >&2
find_firefox
