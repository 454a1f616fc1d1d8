import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, openLedger } from "../../src/index.ts";
import { createTestLedger } from "../../src/testing/index.ts";

interface Golden {
  readonly objects: Record<string, string>;
  readonly run: string;
  readonly record: unknown;
}

const read = (name: string): Golden =>
  JSON.parse(readFileSync(fileURLToPath(new URL(name, import.meta.url)), "utf8")) as Golden;

/** What the files were made from: `v1.json` before runs were compacted, `v1-compacted.json` since. */
async function script(): Promise<{ backend: Backend; id: string }> {
  const { ledger, backend, clock } = await createTestLedger({ seed: 2026 });
  const run = await ledger.startRun({
    experiment: "golden",
    name: "first",
    params: { lr: 0.1, deep: { NaN: Number.NaN, big: 7n } },
    tags: { a: "ä" },
    environment: false,
  });
  run.log({ loss: 0.5, acc: 1 / 3 });
  run.log({ loss: Number.NaN, acc: -0 }, { step: 2 ** 40 });
  run.log({ loss: Infinity });
  await run.flush();
  await clock.advance(5000);
  run.setTags({ b: "2" });
  run.defineMetric("loss", { goal: "minimize" });
  run.log({ "val/loss": 5e-324 }, { step: Number.MIN_SAFE_INTEGER });
  await run.logArtifact("Model", "weights", { type: "model", aliases: ["best"], metadata: { f1: Infinity } });
  await run.finish();
  return { backend, id: run.id };
}

test.each(["v1.json", "v1-compacted.json"])("the ledger in %s reads as it did when it was written", async (name) => {
  const golden = read(name);
  const backend = memoryBackend();
  for (const [key, base64] of Object.entries(golden.objects))
    await backend.create(key, new Uint8Array(Buffer.from(base64, "base64")));
  const ledger = await openLedger(backend);
  const plain = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value, (_, item: unknown) =>
        typeof item === "number" && !Number.isFinite(item)
          ? String(item)
          : typeof item === "bigint"
            ? `${item}n`
            : item,
      ),
    );
  expect(plain(await ledger.getRun(golden.run))).toEqual(golden.record);
  const { values, steps } = await ledger.history(golden.run, "loss");
  expect([...values]).toEqual([0.5, Infinity, Number.NaN]);
  expect([...steps]).toEqual([0, 1, 2 ** 40]);
  expect(Object.is((await ledger.history(golden.run, "acc")).values[1], -0)).toBe(true);
  expect((await ledger.history(golden.run, "val/loss")).values[0]).toBe(5e-324);
  expect(new TextDecoder().decode(await (await ledger.openArtifact("Model:best")).read())).toBe("weights");
  if (name !== "v1.json") return;
  // The journals alone say the same.
  await backend.remove(`runs/${golden.run}/run.json`);
  expect(plain(await ledger.getRun(golden.run))).toEqual(golden.record);
});

test("the same script still writes the same bytes", async () => {
  const golden = read("v1-compacted.json");
  const { backend, id } = await script();
  expect(id).toBe(golden.run);
  const objects: Record<string, string> = {};
  for await (const { key } of backend.list("")) objects[key] = Buffer.from(await backend.read(key)).toString("base64");
  expect(objects).toEqual(golden.objects);
});
