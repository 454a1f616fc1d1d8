import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ID_PATTERN } from "../../src/journal/run-id.ts";
import { encodeTime, randomIds } from "../../src/ledger/random-ids.ts";
import { createTestClock } from "../../src/testing/index.ts";

afterEach(() => void vi.restoreAllMocks());

describe.each([
  ["where there is node:crypto", { randomBytes }],
  ["elsewhere", undefined],
])("%s", (_, crypto) => {
  test("ids differ and use all letters, and ids of runs sort by time", async () => {
    vi.spyOn(process, "getBuiltinModule").mockReturnValue(crypto as never);
    const clock = createTestClock();
    const ids = randomIds(clock);
    const writers = Array.from({ length: 2000 }, () => ids("writer"));
    const runs: string[] = [];
    for (let i = 0; i < 2000; i++) {
      runs.push(ids("run"));
      if (i % 3 === 0) await clock.advance(5);
    }
    for (const id of [...writers, ...runs]) expect(id).toMatch(ID_PATTERN);
    expect(new Set([...writers, ...runs]).size).toBe(4000);
    expect(runs.toSorted()).toEqual(runs);
    expect(runs[0]!.startsWith(encodeTime(createTestClock().now()))).toBe(true);
    // Of 32 letters each stands some 60 times at a place: one that never does means that bits are lost.
    for (let place = 0; place < 26; place++) expect(new Set(writers.map((id) => id[place])).size).toBe(32);
  });
});
