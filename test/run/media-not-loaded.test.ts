import { expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type LedgerError, openLedger } from "../../src/index.ts";

const code = (expected: string): object => expect.objectContaining({ code: expected });

// In a file of its own: what is loaded once stays loaded.
test("what cannot be loaded costs the values that waited for it, and is counted; later ones try again", async () => {
  vi.doMock("../../src/run/store-media.ts", () => {
    throw new Error("offline");
  });
  try {
    const errors: LedgerError[] = [];
    const ledger = await openLedger(memoryBackend(), { onError: (error) => void errors.push(error) });
    const run = await ledger.startRun();
    void run.logText("a", "1");
    const b = run.logHistogram("b", new Float64Array(2 ** 22));
    await expect(b).rejects.toThrow(code("IO"));
    await run.flush();
    expect(errors).toEqual([code("IO")]);
    expect(run.stats).toMatchObject({ points: 2, dropped: 2 });
    vi.doUnmock("../../src/run/store-media.ts");
    void run.logText("c", "3");
    // What was given up takes no room any more.
    void run.logHistogram("d", new Float64Array(2 ** 22 + 2 ** 21));
    await run.finish();
    expect((await ledger.media(run.id)).map(({ key }) => key)).toEqual(["c", "d"]);
    expect(run.stats.dropped).toBe(2);
  } finally {
    vi.doUnmock("../../src/run/store-media.ts");
  }
});
