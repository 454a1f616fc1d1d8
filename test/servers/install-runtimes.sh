#!/usr/bin/env bash
# install-runtimes.sh DIRECTORY: installs Bun, Deno and workerd with miniflare from the npm registry (about 360 MB), and links the first two
# there as `bun` and `deno`.
set -euo pipefail

directory=${1:?usage: install-runtimes.sh DIRECTORY}
mkdir -p "$directory"
# A package of its own: else npm would look for one further up.
[[ -e $directory/package.json ]] || echo '{"private":true}' >"$directory/package.json"
npm install --prefix "$directory" --no-audit --no-fund --no-save bun@1.4.5 deno@2.9.6 miniflare@4.20260426.0
for program in bun deno; do
  ln -sf "node_modules/.bin/$program" "$directory/$program"
  "$directory/$program" --version
done
