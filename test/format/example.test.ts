import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger } from "../../src/index.ts";
import { createTestClock } from "../../src/testing/index.ts";

const format = readFileSync(join(import.meta.dirname, "../../FORMAT.md"), "utf8");
const section = format.slice(format.indexOf("### Example\n"), format.indexOf("## Events\n"));

/** The text of the first block of code of this language in the section with the example. */
function block(language: string): string {
  return new RegExp(`\`\`\`${language}\\n(.*?)\\n\`\`\``, "s").exec(section)![1]!;
}

/** The bytes of a listing: pairs of hex digits, and text in single quotes, before a bar. */
function bytesOf(listing: string): string {
  const parts = listing.split("\n").flatMap((line) => line.split("|")[0]!.match(/'[^']*'|[0-9a-f]{2}(?= |$)/g) ?? []);
  return parts.map((part) => (part.startsWith("'") ? Buffer.from(part.slice(1, -1)).toString("hex") : part)).join("");
}

test("the journal that FORMAT.md shows is the one that the library writes", async () => {
  const store = memoryBackend();
  const clock = createTestClock(1_767_225_600_000);
  const ledger = await openLedger(store, { clock, ids: (kind) => (kind === "writer" ? "w1" : kind) });
  const run = await ledger.startRun({
    id: "example",
    experiment: "demo",
    name: "first",
    environment: false,
    flush: { intervalMs: 1e9 },
  });
  run.log({ loss: 0.5, acc: 1 / 3 });
  await clock.advance(250);
  run.log({ loss: 0.25, acc: Number.NaN }, { step: 7 });
  run.setTags({ stage: "dev" });
  await run.flush();
  run.log({ loss: -2 });
  await run.flush();
  const hex = async (key: string): Promise<string> => Buffer.from(await store.read(key)).toString("hex");
  expect(bytesOf(block("text"))).toBe(await hex("runs/example/journal/w1.000000"));
  expect(Buffer.from(block("json")).toString("hex")).toBe(await hex("runs/example/run.created.json"));
  await run.finish();
});
