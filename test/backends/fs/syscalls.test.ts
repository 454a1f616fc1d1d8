import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildChild, everyFile, keys, makePlace, open, run, works } from "./place.ts";

const strace = works("strace", "-qq", "-o", "/dev/null", "true");
// The names differ between machines; `?` passes over those that are unknown.
const CALLS = ["pwrite64", "fsync", "fchmod", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat"];
const TRACED = CALLS.map((call) => `?${call}`).join(",");
const SIZE = 20_000;

let child: Awaited<ReturnType<typeof buildChild>>;
beforeAll(async () => {
  child = await buildChild();
});
afterAll(() => child.remove());

/** Creates one object, or appends, under strace with one thread for file calls, so that they can be counted. */
function traced(place: string, options: string[], ...command: string[]): ReturnType<typeof run>["ended"] {
  const [name, ...rest] = command;
  const all = [
    "strace",
    "-f",
    "-qq",
    ...options,
    process.execPath,
    child.script,
    name as string,
    join(place, "ledger"),
    ...rest,
  ];
  return run(all, { env: { UV_THREADPOOL_SIZE: "1" } }).ended;
}

describe.skipIf(!strace)("at the level of system calls (skipped: strace is missing or not allowed)", () => {
  test("a create killed at any call leaves the object whole or absent, and the key usable", async () => {
    const place = await makePlace();
    const trace = join(place, "trace");
    const create = ["create", "a/b", String(SIZE), "disk"];
    const whole = await traced(place, ["-o", trace, "-e", `trace=${TRACED}`], ...create);
    expect(whole.lines).toEqual(["ok"]);
    const text = await readFile(trace, "utf8");
    let points = 0;
    for (const call of CALLS) {
      const times = text.split("\n").filter((line) => new RegExp(`^\\d+ +${call}\\(`).test(line)).length;
      for (let k = 1; k <= times; k++) {
        const directory = await makePlace();
        const inject = ["-o", "/dev/null", "-e", `trace=?${call}`, "-e", `inject=?${call}:signal=SIGKILL:when=${k}`];
        const killed = await traced(directory, inject, ...create);
        expect([killed.signal ?? killed.code, call, k]).toEqual(["SIGKILL", call, k]);
        points++;
        const ledger = join(directory, "ledger");
        const backend = open(ledger, { disk: true });
        const found = await backend.stat("a/b");
        if (found !== undefined) expect(found.size).toBe(SIZE);
        if (killed.lines.includes("ok")) expect(found).toBeDefined();
        await backend.removeStaleTemporaryFiles({ olderThanMs: 0 });
        expect(await everyFile(ledger).catch(() => [])).toEqual(found === undefined ? [] : ["a/b"]);
        if (found === undefined) await backend.create("a/b", new Uint8Array(3));
        expect(await keys(backend.list(""))).toEqual(["a/b"]);
      }
    }
    expect(points).toBeGreaterThanOrEqual(8);
  });

  const failing = async (
    inject: string,
    ...command: string[]
  ): Promise<{ lines: string[]; files: string[]; sizes: number[] }> => {
    const place = await makePlace();
    const call = (inject.split(":")[0] as string).replace("inject=", "");
    const { lines } = await traced(
      place,
      ["-o", "/dev/null", "-e", `trace=${call}`, "-e", `inject=${inject}`],
      ...command,
    );
    const ledger = join(place, "ledger");
    const sizes: number[] = [];
    for await (const entry of open(ledger).list("")) sizes.push(entry.size);
    return { lines, files: await everyFile(ledger).catch(() => []), sizes };
  };

  test("the disk fails to store the object: the call rejects and nothing is left", async () => {
    // In `disk` mode the directories come first: those above the root, then the one the object goes into.
    for (const durability of ["os", "disk"]) {
      const first = durability === "os" ? 1 : await fsyncsBeforeObject();
      const result = await failing(`fsync:error=EIO:when=${first}`, "create", "a/b", String(SIZE), durability);
      expect(result).toEqual({ lines: ["IO"], files: [], sizes: [] });
    }
  });

  test("a durable call syncs as in disk mode: bytes, name and the directories above", async () => {
    const synced = async (...command: string[]): Promise<string[]> => {
      const place = await makePlace();
      const trace = join(place, "trace");
      await traced(place, ["-y", "-o", trace, "-e", "trace=fsync,fdatasync"], ...command);
      const calls = (await readFile(trace, "utf8")).matchAll(/ (fsync|fdatasync)\(\d+<([^>]*)>/g);
      return [...calls].map(([, call, path = ""]) => `${call} ${path.slice(place.length).replace(/\.tmp-.*/, "file")}`);
    };
    const chain = ["fsync ", "fsync /ledger", "fsync /ledger/a"];
    const create = await synced("create", "a/b/c", "70000", "durable");
    expect(create).toEqual([...chain, "fsync /ledger/a/b/file", "fsync /ledger/a/b"]);
    expect(await synced("create", "a/b/c", "70000", "disk")).toEqual(create);
    expect(await synced("create", "a/b/c", "70000", "os")).toEqual([]);
    const append = await synced("append", "a/b/c", "10", "2", "durable");
    expect(append).toEqual([...chain, "fsync /ledger/a/b", "fdatasync /ledger/a/b/c", "fdatasync /ledger/a/b/c"]);
    expect(await synced("append", "a/b/c", "10", "2", "disk")).toEqual(append);
    expect(await synced("append", "a/b/c", "10", "2", "os")).toEqual([]);
  });

  test("the disk fails to store the name: the object is there, but not acknowledged", async () => {
    const last = (await fsyncsBeforeObject()) + 1;
    const result = await failing(`fsync:error=EIO:when=${last}`, "create", "a/b", String(SIZE), "disk");
    expect(result).toEqual({ lines: ["IO"], files: ["a/b"], sizes: [SIZE] });
  });

  test("no space in the middle of an object: NO_SPACE and nothing is left", async () => {
    const result = await failing("pwrite64:error=ENOSPC:when=2", "create", "a/b", "20000000", "os");
    expect(result).toEqual({ lines: ["NO_SPACE"], files: [], sizes: [] });
  });

  test("links are refused by the system: the object is created without them", async () => {
    const result = await failing("?link,?linkat:error=EPERM", "create", "a/b", String(SIZE), "disk");
    expect(result).toEqual({ lines: ["ok"], files: ["a/b"], sizes: [SIZE] });
  });

  test("an append that did not reach the disk rejects, and so do later appends to the key", async () => {
    const result = await failing("fdatasync:error=EIO:when=2", "append", "log", "100", "4", "disk");
    expect(result.lines).toEqual(["ok", "IO", "IO", "IO"]);
    expect(result.sizes).toEqual([200]);
  });

  /** The number of the fsync of the object itself in a `disk` create in a new ledger: the last but one. */
  async function fsyncsBeforeObject(): Promise<number> {
    const place = await makePlace();
    const trace = join(place, "trace");
    await traced(place, ["-o", trace, "-e", "trace=fsync"], "create", "a/b", String(SIZE), "disk");
    return (await readFile(trace, "utf8")).split("\n").filter((line) => /^\d+ +fsync\(/.test(line)).length - 1;
  }
});
