import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLedger } from "runledger";
import { conformance } from "runledger/conformance";
import { expect, test } from "vitest";
import { sqliteBackend } from "./sqlite-backend.ts";

async function place(): Promise<{ file: string; teardown: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "runledger-sqlite-"));
  return { file: join(folder, "ledger.db"), teardown: () => rm(folder, { recursive: true, force: true }) };
}

// Some cases write thousands of objects. A slow disk needs minutes if each write waits for it.
conformance(
  {
    name: "sqlite",
    async setup() {
      const { file, teardown } = await place();
      return { open: async () => sqliteBackend(file, { durable: false }), teardown };
    },
  },
  test,
);

test("a ledger in one file", async () => {
  const { file, teardown } = await place();
  try {
    const writer = sqliteBackend(file);
    const run = await (await openLedger(writer)).startRun({ experiment: "sqlite" });
    for (let step = 0; step < 100; step++) run.log({ loss: 1 / (step + 1) }, { step });
    await run.finish();
    await writer.close?.();

    const reader = sqliteBackend(file);
    const ledger = await openLedger(reader);
    expect(await ledger.getRun(run.id)).toMatchObject({ status: "finished", experiment: "sqlite" });
    const { values } = await ledger.history(run.id, "loss");
    expect([...values]).toEqual(Array.from({ length: 100 }, (_, step) => 1 / (step + 1)));
    await reader.close?.();
  } finally {
    await teardown();
  }
});
