import { openLedger } from "runledger";
import { opfsBackend } from "runledger/backends/opfs";

// Logs points in a page, as `page-points.ts` asks.

const calls = {
  /** Returns how long it takes, in ms, to log points; and to start the run, log, store and finish it. */
  async measure(
    storage: "opfs-sync" | "opfs-async" | "indexeddb" | "memory",
    points: number,
  ): Promise<{ log: number; all: number }> {
    const backend = await opfsBackend({ storage: [storage] });
    const ledger = await openLedger(backend);
    const begin = performance.now();
    const run = await ledger.startRun();
    const logging = performance.now();
    for (let step = 0; step < points; step++) run.log({ loss: step / 3 }, { step });
    const log = performance.now() - logging;
    await run.flush();
    await run.finish();
    const all = performance.now() - begin;
    if ((await ledger.history(run.id, "loss")).values.length !== points) throw new Error("points are missing");
    await backend.close();
    return { log, all };
  },
};

Object.assign(globalThis, { calls });
