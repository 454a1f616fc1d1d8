import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { s3Backend } from "../../src/backends/s3/index.ts";
import type { Backend, Clock } from "../../src/index.ts";
import { createTestClock, type Fault, type FaultMode, faultyBackend, seededIds } from "../../src/testing/index.ts";
import { FAKE_KEYS, FakeS3 } from "../servers/fake-s3.ts";
import { violations } from "./invariants.ts";
import { type Caller, newOracle, workload } from "./workload.ts";

interface Place {
  open(clock: Clock): Backend;
  remove(): Promise<void>;
}

const places: Record<string, () => Promise<Place>> = {
  memory: async () => {
    const backend = memoryBackend();
    return { open: () => backend, remove: async () => {} };
  },
  fs: async () => {
    const directory = await mkdtemp(join(tmpdir(), "runledger-faults-"));
    return { open: () => fsBackend(directory), remove: () => rm(directory, { recursive: true, force: true }) };
  },
  s3: async () => {
    const fake = new FakeS3();
    const open = (clock: Clock): Backend =>
      s3Backend({
        endpoint: "http://localhost:9000",
        bucket: "bucket",
        credentials: FAKE_KEYS,
        fetch: fake.fetch,
        clock: { sleep: clock.sleep },
      });
    return { open, remove: async () => {} };
  },
};

const modes: readonly FaultMode[] = [
  "crash-before",
  "crash-after",
  "error-before",
  "lost-ack",
  "late",
  "torn",
  "stale-list",
];
const callers: readonly Caller[] = ["gives up", "tries again"];

/** One run of the workload with faults; the number of operations it made, and what is wrong afterwards. */
async function scenario(
  newPlace: () => Promise<Place>,
  faults: readonly Fault[],
  caller: Caller,
): Promise<{ operations: number; struck: number; wrong: string[] }> {
  const clock = createTestClock();
  const place = await newPlace();
  try {
    const backend = faultyBackend(place.open(clock), faults);
    const oracle = newOracle();
    await workload(backend, caller, { clock, ids: (seed) => seededIds(seed, () => clock.now()) }, oracle);
    await backend.settle();
    const wrong = await violations(place.open(clock), clock, oracle);
    const struck = backend.operations.log.filter(({ fault }) => fault !== undefined).length;
    return { operations: backend.operations.count, struck, wrong };
  } finally {
    await place.remove();
  }
}

describe.each(Object.entries(places))("on %s", (_name, newPlace) => {
  test.each(modes)("%s at every operation costs nothing that was acknowledged", async (mode) => {
    let scenarios = 0;
    for (const caller of callers) {
      for (let at = 1; ; at++) {
        const { struck, wrong } = await scenario(newPlace, [{ mode, at }], caller);
        expect(wrong, `${mode} at operation ${at}, a caller that ${caller}`).toEqual([]);
        if (struck === 0) break;
        scenarios++;
      }
    }
    // Fewer would mean that the workload ends early without a fault.
    expect(scenarios).toBeGreaterThan(30);
  });
});

test("two faults at every pair of nearby operations cost nothing either", async () => {
  const pairs: [FaultMode, FaultMode][] = [
    ["lost-ack", "crash-after"],
    ["error-before", "lost-ack"],
    ["lost-ack", "lost-ack"],
    ["late", "torn"],
  ];
  for (const [first, second] of pairs) {
    for (let at = 1; ; at++) {
      let isOver = true;
      for (let gap = 1; gap <= 4; gap++) {
        const { struck, wrong } = await scenario(
          places["memory"] as () => Promise<Place>,
          [
            { mode: first, at },
            { mode: second, at: at + gap },
          ],
          "tries again",
        );
        expect(wrong, `${first} at ${at}, ${second} at ${at + gap}`).toEqual([]);
        if (struck > 0) isOver = false;
      }
      if (isOver) break;
    }
  }
});

test("where nothing can be appended, the same holds", async () => {
  const objects = async (): Promise<Place> => {
    const { objectsOnly } = await import("../journal/records.ts");
    const backend = objectsOnly();
    return { open: () => backend, remove: async () => {} };
  };
  for (const mode of modes) {
    for (const caller of callers) {
      for (let at = 1; ; at++) {
        const { struck, wrong } = await scenario(objects, [{ mode, at }], caller);
        expect(wrong, `${mode} at operation ${at}, a caller that ${caller}`).toEqual([]);
        if (struck === 0) break;
      }
    }
  }
});
