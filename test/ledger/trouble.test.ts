import { expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, LedgerError, openLedger } from "../../src/index.ts";

/** A backend whose appends fail with one error after another. */
function failing(errors: LedgerError[]): Backend {
  const inner = memoryBackend();
  return new Proxy(inner, {
    get: (backend, member) => {
      const value: unknown = Reflect.get(backend, member);
      if (member === "append") return () => Promise.reject(errors.shift() ?? new LedgerError("IO", "still broken"));
      return typeof value === "function" ? value.bind(backend) : value;
    },
  });
}

const troubles = (): LedgerError[] => [
  new LedgerError("IO", "the disk hums"),
  new LedgerError("IO", "the disk hums again"),
  new LedgerError("PERMISSION_DENIED", "the disk is shut"),
];

test("without onError it warns of mistakes in different options", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    const run = await (await openLedger(memoryBackend())).startRun();
    const inside = (run as unknown as Record<symbol, { report(error: LedgerError): void }>)[
      Symbol.for("runledger.RunInside")
    ]!;
    for (const field of ["monitor", "model", "monitor"])
      inside.report(new LedgerError("INVALID_ARGUMENT", `${field} is wrong`, { field }));
    await run.finish();
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining("monitor is wrong (INVALID_ARGUMENT)")],
      [expect.stringContaining("model is wrong (INVALID_ARGUMENT)")],
    ]);
  } finally {
    warn.mockRestore();
  }
});

test("without onError it warns once for each code, operation and field", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    const run = await (await openLedger(failing(troubles()))).startRun();
    for (let i = 0; i < 5; i++) {
      run.log({ a: i });
      await run.flush().catch(() => {});
    }
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining("the disk hums (IO)")],
      [expect.stringContaining("the disk is shut (PERMISSION_DENIED)")],
    ]);
    // Another ledger is another place.
    const other = await (await openLedger(failing(troubles()))).startRun();
    other.log({ a: 1 });
    await other.flush().catch(() => {});
    expect(warn).toHaveBeenCalledTimes(3);
  } finally {
    warn.mockRestore();
  }
});

test("onError gets every error, and nothing is written to the console", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    const heard: string[] = [];
    const run = await (
      await openLedger(failing(troubles()), {
        onError: ({ message }) => {
          heard.push(message);
          throw new Error("the listener fails too");
        },
      })
    ).startRun();
    for (let i = 0; i < 3; i++) {
      run.log({ a: i });
      await run.flush().catch(() => {});
    }
    expect(heard).toEqual(["the disk hums", "the disk hums again", "the disk is shut"]);
    expect(warn).not.toHaveBeenCalled();
  } finally {
    warn.mockRestore();
  }
});
