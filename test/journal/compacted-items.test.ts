import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { byteStream } from "../../src/backend/body.ts";
import { readSummaries } from "../../src/journal/compacted-items.ts";
import { encodePages } from "../../src/journal/compacted-pages.ts";

const NAME = "metrics-a.summaries";

async function summariesOf(...items: readonly string[]): ReturnType<typeof readSummaries> {
  const backend = memoryBackend();
  await backend.create(`runs/r/${NAME}`, byteStream(encodePages("r", NAME, ['"writer"', ...items])));
  const { size } = (await backend.stat(`runs/r/${NAME}`))!;
  return await readSummaries(backend, "r", { name: NAME, size });
}

test("summaries hold NaN and infinities as objects", async () => {
  const infinity = '{"$rl":"f64","v":"Infinity"}';
  const found = await summariesOf(`["a",1,${infinity},0,${infinity},3,4,${infinity},3,4,${infinity},3,4]`);
  expect(found.get("writer")?.metrics.get("a")).toMatchObject({ sum: Infinity, last: { value: Infinity, step: 3 } });
});

test.each([
  '["a",1,1e999,0,1,0,0]',
  '["a",1,0,0,-1e999,0,0]',
  '["a",1,0,"text",1e999,0,0,"text/plain"]',
  '["a",1,0,0,1,0]',
  "[5]",
])("summaries that hold %s are damaged", async (item) => {
  await expect(summariesOf(item)).rejects.toMatchObject({ code: "CORRUPT" });
});
