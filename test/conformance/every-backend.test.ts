import { existsSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { withChecks } from "../../src/backend/layers/checks.ts";
import { withPrefix } from "../../src/backend/layers/prefix.ts";
import { withReadCache } from "../../src/backend/layers/read-cache.ts";
import { withRetry } from "../../src/backend/layers/retry.ts";
import { harnesses as memory } from "../../src/backends/memory/harness.ts";
import { type ConformanceHarness, conformance } from "../../src/conformance/index.ts";
import { harnesses as fs } from "../../src/backends/fs/harness.ts";
import { harnessOf, referenceBackend } from "../mutants/reference.ts";
import { isFull } from "../rounds.ts";

const BACKENDS = new URL("../../src/backends/", import.meta.url);
const LAYERS = new URL("../../src/backend/layers/", import.meta.url);

const names = readdirSync(BACKENDS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

for (const name of names) {
  const file = new URL(`${name}/harness.ts`, BACKENDS);
  test(`the ${name} backend has a harness`, () => {
    expect(existsSync(file), `src/backends/${name}/harness.ts must export harnesses`).toBe(true);
  });
  if (!existsSync(file)) continue;
  const { harnesses } = (await import(file.href)) as { harnesses: readonly ConformanceHarness[] };
  test(`the harness of ${name} offers a place`, () => expect(harnesses.length).toBeGreaterThan(0));
  // The others differ in an option.
  for (const harness of isFull ? harnesses : harnesses.slice(0, 1)) {
    const { runsIn } = harness;
    const elsewhere =
      runsIn !== undefined && !runsIn.includes("node") ? ` (skipped: runs in ${runsIn.join(", ")} only)` : "";
    describe.skipIf(elsewhere !== "")(`on ${harness.name}${elsewhere}`, () => {
      conformance(harness, test);
    });
  }
}

type Layer = (inner: Backend) => Backend;

/** The layers, by the file under `src/backend/layers` that exports them. */
const layers: Record<string, Layer> = {
  "checks.ts": (inner) => withChecks(inner),
  "prefix.ts": (inner) => withPrefix(inner, "some/place"),
  "read-cache.ts": (inner) => withReadCache(inner),
  "retry.ts": (inner) => withRetry(inner),
};

test("every layer is tried", async () => {
  const exported = new Set<string>();
  for (const file of readdirSync(LAYERS)) {
    const module = (await import(new URL(file, LAYERS).href)) as Record<string, unknown>;
    if (Object.keys(module).some((name) => /^with[A-Z]/.test(name))) exported.add(file);
  }
  expect([...exported].toSorted()).toEqual(Object.keys(layers).toSorted());
});

function over(place: ConformanceHarness, name: string, wrap: Layer): ConformanceHarness {
  return {
    name: `${name} over ${place.name}`,
    async setup() {
      const { open, teardown } = await place.setup();
      return { open: async () => wrap(await open()), teardown };
    },
  };
}

/**
 * A prefix shortens the longest key by its own length, so it is tried over a backend that accepts longer keys than it
 * must.
 */
function overLongKeys(name: string, wrap: Layer): ConformanceHarness {
  return harnessOf(`${name} over the reference`, (store) => wrap(referenceBackend(store)));
}

const stacked: Layer = (inner) => withChecks(withPrefix(withReadCache(withRetry(inner)), "a"));
const layered = [overLongKeys("all layers", stacked)];
if (isFull) {
  for (const [name, wrap] of Object.entries(layers)) {
    layered.push(overLongKeys(name, wrap));
    for (const place of memory) layered.push(over(place, name, wrap));
  }
  layered.push(over(fs[0]!, "all layers", stacked));
}
for (const harness of layered) {
  describe(`on ${harness.name}`, () => {
    conformance(harness, test);
  });
}
