#!/usr/bin/env bash
# Installs WebKitGTK with its small browser, and the screen in memory that the browser needs (about 200 MB on Debian), unless they are there.
# Prints the path of the browser. Three tries. Run as root.
set -euo pipefail
. "$(dirname "$0")/installing.sh"

find_webkit() { command -v Xvfb >/dev/null && ls /usr/lib/*/webkit2gtk-4.1/MiniBrowser 2>/dev/null; }
find_webkit >/dev/null || three_tries webkit apt_install libwebkit2gtk-4.1-0 xvfb >&2
find_webkit
