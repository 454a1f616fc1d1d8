import { expect, onTestFinished, test, vi } from "vitest";
import { breakIfDue, inSlices } from "../../src/platform/event-loop.ts";
import { isDate } from "../../src/platform/any-realm.ts";
import { encodeTable, encodeTableInPieces } from "../../src/parquet/table-write.ts";

function* pieces(count: number, done: string[]): Generator<undefined, string> {
  for (let i = 0; i < count; i++) {
    done.push("piece");
    yield;
  }
  return "result";
}

test.each([true, false])(
  "other tasks run between the slices of a long calculation (MessageChannel: %s)",
  async (has) => {
    let now = 0;
    // Each piece takes 8 ms.
    vi.spyOn(performance, "now").mockImplementation(() => (now += 8));
    if (!has) vi.stubGlobal("MessageChannel", undefined);
    onTestFinished(() => {
      vi.restoreAllMocks();
      vi.unstubAllGlobals();
    });
    const done: string[] = [];
    const result = inSlices(pieces(9, done));
    const other = async (): Promise<void> => {
      while (done.filter((what) => what === "piece").length < 9) {
        await new Promise<void>((resolve) => void setImmediate(resolve));
        done.push("other");
      }
    };
    await Promise.all([result, other()]);
    expect(await result).toBe("result");
    const longest = done
      .join()
      .split("other")
      .map((run) => run.split("piece").length - 1);
    expect(Math.max(...longest)).toBeLessThanOrEqual(4);
  },
);

test("of several calculations that wait, one goes on in each turn of the event loop", async () => {
  // Far from the time of the last break in another test.
  let now = 1e9;
  vi.spyOn(performance, "now").mockImplementation(() => (now += 30));
  onTestFinished(() => void vi.restoreAllMocks());
  let [most, inTurn, left] = [0, 0, 6];
  const calculation = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await breakIfDue();
      most = Math.max(most, ++inTurn);
    }
    left--;
  };
  const turns = async (): Promise<void> => {
    while (left > 0) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      inTurn = 0;
    }
  };
  await Promise.all([...Array.from({ length: left }, calculation), turns()]);
  expect(most).toBe(1);
});

test("a short calculation does not wait", async () => {
  let isDone = false;
  void inSlices(pieces(3, [])).then(() => (isDone = true));
  for (let i = 0; i < 5; i++) await Promise.resolve();
  expect(isDone).toBe(true);
});

test("a table is encoded in pieces, two for each row group of a column, and the bytes are those of the whole", () => {
  const columns = ["a", "b"].map((name) => ({ name, type: "double", values: new Float64Array(40_000) }) as const);
  const encoding = encodeTableInPieces(columns);
  let count = 0;
  let step = encoding.next();
  for (; !step.done; step = encoding.next()) count++;
  expect(count).toBe(12);
  expect(step.value).toEqual(encodeTable(columns));
});

test("values that are no objects are known as no dates without an exception, which is slow", () => {
  const getTime = vi.spyOn(Date.prototype, "getTime");
  onTestFinished(() => void vi.restoreAllMocks());
  for (const value of [1, 1n, "s", true, null, undefined, Symbol("s"), () => {}]) expect(isDate(value)).toBe(false);
  expect(getTime).not.toHaveBeenCalled();
  expect(isDate(new Date(0))).toBe(true);
  expect(isDate({})).toBe(false);
});
