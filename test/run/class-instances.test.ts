import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger, type LedgerError } from "../../src/index.ts";

class Logs {
  loss = 1;
}

async function failure(call: () => unknown): Promise<LedgerError> {
  try {
    await call();
  } catch (error) {
    return error as LedgerError;
  }
  throw new Error("nothing was refused");
}

test("an instance of a class is refused everywhere, with the way to copy its fields", async () => {
  const ledger = await openLedger(memoryBackend());
  const run = await ledger.startRun({ environment: false });
  const instance = new Logs() as never;
  const calls = [
    () => run.log(instance),
    () => run.log({ train: instance }),
    () => run.setParams(instance),
    () => run.setTags(instance),
    () => ledger.startRun({ tags: instance }),
    () => run.logTable("t", [instance]),
  ];
  for (const call of calls) {
    const { code, message } = await failure(call);
    expect(code).toBe("INVALID_ARGUMENT");
    expect(message).toContain("{ ...value }");
  }
  // It has no fields, so a copy of them would be empty.
  const { message } = await failure(() => run.setTags(new Map([["stage", "dev"]]) as never));
  expect(message).toContain("is a Map");
  expect(message).not.toContain("{ ...value }");
  run.log({ ...(instance as Logs) });
  await run.finish();
});
