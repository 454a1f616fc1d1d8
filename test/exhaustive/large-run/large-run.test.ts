import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "../../processes/bundle.ts";
import { startChild } from "../../processes/child-process.ts";
import { isFull } from "../../rounds.ts";

/**
 * A run with 100,000 metrics, 1,000,000 `setTags`, 200,000 texts and 100 notes of 1 MB, in `npm run test:faults`. Otherwise 3 % of that: then
 * times say nothing, but nothing of what was superseded may be read either.
 */
const SCALE = isFull ? 1 : 0.03;

let child: Awaited<ReturnType<typeof bundle>>;
let place: string;
beforeAll(async () => {
  child = await bundle(new URL("large-run-child.ts", import.meta.url));
  place = await mkdtemp(join(tmpdir(), "runledger-large-"));
});
afterAll(async () => {
  await child.remove();
  await rm(place, { recursive: true, force: true, maxRetries: 10 });
});

interface Found {
  readonly id: string;
  readonly counts: { keys: number; tags: number; texts: number; notes: number };
  readonly finishMs: number;
  readonly rssBytes: number;
  readonly getRunMs: number;
  readonly read: string[];
}

test(
  `${isFull ? "a very large run" : "a large run"} closes, and is read without what was superseded`,
  { timeout: 290_000 },
  async () => {
    const ended = startChild([process.execPath, child.script, place, String(SCALE)]);
    const found = JSON.parse(await ended.line("{")) as Found;
    expect(await ended.ended).toMatchObject({ code: 0 });
    const { keys, tags, texts } = found.counts;
    expect(found).toMatchObject({
      status: "finished",
      damage: [],
      metrics: keys,
      texts,
      media: texts,
      lastText: `hello ${texts - 1}`,
      progress: `step ${tags - 1}`,
      note: 1024 * 1024,
    });
    // The document holds the run as it is: its last note twice, once of them with the writer's events.
    expect((await stat(join(place, "runs", found.id, "run.json"))).size).toBeLessThan(2.2 * 1024 * 1024);
    expect(found.read.some((key) => /\.(events|media|parquet)$/.test(key) || key.includes("/journal/"))).toBe(false);
    expect(found.rssBytes).toBeLessThan(isFull ? 1e9 : 5e8);
    console.info(`getRun of the very large run: ${Math.round(found.getRunMs)} ms`);
    if (isFull) expect(found.getRunMs).toBeLessThanOrEqual(1000);
  },
);
