#!/usr/bin/env bash
# install-runtimes.sh DIRECTORY: installs Node 20 to 26, Bun, Deno and workerd with miniflare from the npm registry (about 800 MB), and links
# the programs there as `node-20` to `node-26`, `bun` and `deno`.
set -euo pipefail

directory=${1:?usage: install-runtimes.sh DIRECTORY}
mkdir -p "$directory"
# A package of its own: else npm would look for one further up.
[[ -e $directory/package.json ]] || echo '{"private":true}' >"$directory/package.json"
node=npm:node-$(node -p 'process.platform + "-" + process.arch')
npm install --prefix "$directory" --no-audit --no-fund --no-save bun@1.4.5 deno@2.9.6 miniflare@4.20260426.0 \
  "node-20@$node@20.20.2" "node-22@$node@22.23.3" "node-24@$node@24.21.0" "node-26@$node@26.10.0"
for program in bun deno; do ln -sf "node_modules/.bin/$program" "$directory/$program"; done
for version in 20 22 24 26; do ln -sf "node_modules/node-$version/bin/node" "$directory/node-$version"; done
for program in bun deno node-20 node-22 node-24 node-26; do "$directory/$program" --version; done
