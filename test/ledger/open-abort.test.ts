import { memoryBackend } from "runledger/backends/memory";
import { openLedger } from "runledger";
import { expect, test } from "vitest";
import { intercept } from "../../src/testing/intercept.ts";

test("opening a ledger of a store that answers no more ends with its signal", async () => {
  const hanging = intercept(memoryBackend(), {
    call: async ({ signal }) =>
      await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error))),
    list: (_, proceed) => proceed(),
  });
  const controller = new AbortController();
  const opening = openLedger(hanging, { signal: controller.signal });
  const reason = new Error("enough");
  controller.abort(reason);
  await expect(opening).rejects.toBe(reason);
});

test("an aborted signal refuses; a later abort has no effect; only a signal is a signal", async () => {
  const controller = new AbortController();
  const ledger = await openLedger(memoryBackend(), { signal: controller.signal });
  controller.abort();
  await (await ledger.startRun()).finish();
  await expect(openLedger(memoryBackend(), { signal: controller.signal })).rejects.toBe(controller.signal.reason);
  const wrong = { signal: 5 } as never;
  await expect(openLedger(memoryBackend(), wrong)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "signal" });
});
