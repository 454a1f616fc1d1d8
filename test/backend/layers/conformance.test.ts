import { test } from "vitest";
import type { Backend } from "../../../src/backend/backend.ts";
import { withChecks } from "../../../src/backend/layers/checks.ts";
import { withPrefix } from "../../../src/backend/layers/prefix.ts";
import { withReadCache } from "../../../src/backend/layers/read-cache.ts";
import { withRetry } from "../../../src/backend/layers/retry.ts";
import { harnesses as fs } from "../../../src/backends/fs/harness.ts";
import { harnesses as memory } from "../../../src/backends/memory/harness.ts";
import type { ConformanceHarness } from "../../../src/conformance/harness.ts";
import { conformance } from "../../../src/conformance/index.ts";

const layers: Record<string, (backend: Backend) => Backend> = {
  checks: withChecks,
  prefix: (backend) => withPrefix(backend, "some/place"),
  retry: (backend) => withRetry(backend),
  "read cache": (backend) => withReadCache(backend),
  "all of them": (backend) => withChecks(withReadCache(withRetry(withPrefix(backend, "some/place")))),
};

function layered(harness: ConformanceHarness, name: string, wrap: (backend: Backend) => Backend): ConformanceHarness {
  return {
    name: `${name} over ${harness.name}`,
    async setup() {
      const place = await harness.setup();
      return { open: async () => wrap(await place.open()), teardown: () => place.teardown() };
    },
  };
}

for (const [name, wrap] of Object.entries(layers)) {
  for (const harness of memory) conformance(layered(harness, name, wrap), test);
}
for (const harness of fs.slice(0, 1)) {
  conformance(layered(harness, "all of them", layers["all of them"] as (backend: Backend) => Backend), test);
}
