import { createHash } from "node:crypto";
import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildChild, everyFile, keys, makePlace, open, pattern, run, works } from "./place.ts";

let child: Awaited<ReturnType<typeof buildChild>>;
beforeAll(async () => {
  child = await buildChild();
});
afterAll(() => child.remove());

const node = process.execPath;
const posix = process.platform !== "win32";
const root = process.getuid?.() === 0;
const namespaces = works("unshare", "-Urm", "true");

for (const links of ["used", "refused"]) {
  test(`8 processes that race for 100 keys, links ${links}: each has one winner and its bytes`, async () => {
    const place = await makePlace();
    const racers = Array.from({ length: 8 }, () => run([node, child.script, "race", place, "100", links]));
    await Promise.all(racers.map((racer) => racer.ready));
    for (const racer of racers) racer.process.stdin?.write("go\n");
    const ended = await Promise.all(racers.map((racer) => racer.ended));
    const winners = new Map<string, number[]>();
    for (const [i, { lines, code, errors }] of ended.entries()) {
      expect({ code, errors }).toEqual({ code: 0, errors: "" });
      for (const line of lines.slice(1)) {
        expect(line).toMatch(/^won /);
        const name = line.slice(4);
        winners.set(name, [...(winners.get(name) ?? []), racers[i]?.process.pid as number]);
      }
    }
    expect(winners.size).toBe(100);
    for (const [name, pids] of winners) {
      expect(pids).toHaveLength(1);
      expect(await readFile(join(place, "race", name), "utf8")).toBe(`${pids[0]}\n`.repeat(200));
    }
    expect(await everyFile(place)).toHaveLength(100);
  });
}

test("4 processes that replace the same 100 broken blobs at once: all resolve, and each blob is whole", async () => {
  const place = await makePlace();
  const contents = Array.from({ length: 100 }, (_, i) => `blob ${i} `.repeat(100));
  const paths = contents.map((content) => {
    const hex = createHash("sha256").update(content).digest("hex");
    return join("blobs/sha256", hex.slice(0, 2), hex);
  });
  for (const [i, path] of paths.entries()) {
    await mkdir(dirname(join(place, path)), { recursive: true });
    await writeFile(join(place, path), "blob".repeat(i % 3));
  }
  const writers = Array.from({ length: 4 }, () => run([node, child.script, "blobs", place, "100"]));
  await Promise.all(writers.map((writer) => writer.ready));
  for (const writer of writers) writer.process.stdin?.write("go\n");
  for (const { ended } of writers) expect(await ended).toMatchObject({ code: 0, errors: "", lines: ["ready"] });
  for (const [i, path] of paths.entries()) expect(await readFile(join(place, path), "utf8")).toBe(contents[i]);
  expect((await everyFile(place)).toSorted()).toEqual(paths.toSorted());
});

describe("rights", () => {
  const visit = async (mode: number): Promise<string[]> => {
    const place = await makePlace();
    const ledger = join(place, "ledger");
    const backend = open(ledger);
    await backend.create("a/one", pattern(10));
    await chmod(place, 0o755);
    await chmod(join(ledger, "a/one"), 0o444); // The owner of a file may write to it in any directory.
    for (const directory of [join(ledger, "a"), ledger]) await chmod(directory, mode);
    const { lines, errors } = await run([node, child.script, "visit", ledger], root ? { uid: 65534 } : {}).ended;
    for (const directory of [ledger, join(ledger, "a")]) await chmod(directory, 0o755);
    expect(errors).toBe("");
    expect(await backend.read("a/one")).toEqual(pattern(10));
    expect(await everyFile(ledger)).toEqual(["a/one"]);
    return lines;
  };

  test.skipIf(!posix)("a read-only directory is read, and every change is refused (skipped on Windows)", async () => {
    expect(await visit(0o555)).toEqual([
      "list ok a/one",
      "read ok",
      "create PERMISSION_DENIED",
      "create below PERMISSION_DENIED",
      "append PERMISSION_DENIED",
      "remove PERMISSION_DENIED",
      "move PERMISSION_DENIED",
    ]);
  });

  test.skipIf(!posix)("a directory that may not be entered refuses everything (skipped on Windows)", async () => {
    const lines = await visit(0o000);
    for (const line of lines) expect(line).toContain("PERMISSION_DENIED");
    expect(lines).toHaveLength(7);
  });

  test.skipIf(!root)("others can read what the umask allows, in a group directory (skipped: needs root)", async () => {
    const place = await makePlace();
    await chown(place, 65534, 65534);
    const made = await run(["sh", "-c", `umask 027; exec "${node}" "${child.script}" create "${place}" a/b 10 os`], {
      uid: 65534,
    }).ended;
    expect(made.lines).toEqual(["ok"]);
    expect((await stat(join(place, "a/b"))).mode & 0o777).toBe(0o640);
    expect((await stat(join(place, "a"))).mode & 0o777).toBe(0o750);
  });
});

describe("no space", () => {
  test.skipIf(!namespaces)(
    "a full disk: NO_SPACE, no partial object, and it works again when there is space (skipped: no user namespaces)",
    async () => {
      const place = await makePlace();
      await mkdir(join(place, "m"));
      const script = `mount -t tmpfs -o size=256k t m && exec "${node}" "${child.script}" fill m`;
      const { lines, errors } = await run(["unshare", "-Urm", "sh", "-c", script], { cwd: place }).ended;
      expect({ lines, errors }).toEqual({
        lines: [
          "create NO_SPACE",
          "whole true",
          "append NO_SPACE",
          "append again IO",
          "create after ok",
          "append after ok",
        ],
        errors: "",
      });
    },
  );

  test.skipIf(!posix)(
    "a file that grows past the limit of the process: a short write, then TOO_LARGE (skipped on Windows)",
    async () => {
      const place = await makePlace();
      const limited = (...args: string[]): string => `ulimit -f 32; exec "${node}" "${child.script}" ${args.join(" ")}`;
      const appended = await run(["sh", "-c", limited("append", place, "log", "10000", "8", "os")]).ended;
      expect(appended.lines[0]).toBe("ok");
      expect(appended.lines).toContain("TOO_LARGE");
      expect(appended.lines.at(-1)).toBe("IO");
      const acknowledged = appended.lines.filter((line) => line === "ok").length;
      const stored = await readFile(join(place, "log"));
      for (let i = 0; i < acknowledged; i++)
        expect([...new Set(stored.subarray(i * 10_000, (i + 1) * 10_000))]).toEqual([i + 1]);
      const created = await run(["sh", "-c", limited("create", place, "big", "100000", "os")]).ended;
      expect(created.lines).toEqual(["TOO_LARGE"]);
      expect(await everyFile(place)).toEqual(["log"]);
    },
  );
});

test("killed at random moments, creates leave each object whole or absent, and leftovers can be removed", async () => {
  const place = await makePlace();
  const size = 3_000_000;
  for (let round = 0; round < 12; round++) {
    const writer = run([node, child.script, "create", place, `k/${round}`, String(size), "disk"]);
    setTimeout(() => writer.process.kill("SIGKILL"), 25 + round * 4);
    await writer.ended;
  }
  const backend = open(place);
  for await (const entry of backend.list("")) expect(entry.size).toBe(size);
  const listed = await keys(backend.list(""));
  const before = await everyFile(place).catch(() => []);
  const { removed } = await backend.removeStaleTemporaryFiles({ olderThanMs: 0 });
  expect(removed).toBe(before.length - listed.length);
  expect(await everyFile(place)).toEqual(listed.toSorted());
});
