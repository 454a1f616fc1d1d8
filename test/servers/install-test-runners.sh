#!/usr/bin/env bash
# install-test-runners.sh DIRECTORY: installs Jest, Vitest with its environments, and TypeScript 5.6 to 7.0 from the npm registry (about
# 350 MB).
set -euo pipefail

directory=${1:?usage: install-test-runners.sh DIRECTORY}
mkdir -p "$directory"
# A package of its own: else npm would look for one further up.
[[ -e $directory/package.json ]] || echo '{"private":true}' >"$directory/package.json"
npm install --prefix "$directory" --no-audit --no-fund --no-save --ignore-scripts \
  jest@30.5.2 jest-environment-jsdom@30.5.2 vitest@4.1.12 jsdom@29.1.1 happy-dom@21.0.4 \
  typescript-5.6@npm:typescript@5.6.3 typescript-5.7@npm:typescript@5.7.3 typescript-5.8@npm:typescript@5.8.3 \
  typescript-5.9@npm:typescript@5.9.3 typescript-6.0@npm:typescript@6.0.3 typescript-7.0@npm:typescript@7.0.2
