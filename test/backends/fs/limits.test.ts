import { spawnSync } from "node:child_process";
import { chmod, chown, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "../../processes/bundle.ts";
import { startChild } from "../../processes/child-process.ts";

const namespaces = spawnSync("unshare", ["-Urm", "true"]).status === 0;
const posix = process.platform !== "win32";
const root = process.getuid?.() === 0;

let child: Awaited<ReturnType<typeof bundle>>;
let place: string;
beforeAll(async () => {
  child = await bundle(new URL("limits-child.ts", import.meta.url));
  place = await mkdtemp(join(tmpdir(), "runledger-limits-"));
  if (root) await chown(place, 65534, 65534);
});
afterAll(async () => {
  await child.remove();
  await rm(place, { recursive: true, force: true, maxRetries: 10 });
});

interface Full {
  rejected: string;
  meanwhile: number;
  full: { acknowledged: number; buffered: number; dropped: number };
  flushed: string;
  logged: number;
  stats: { points: number; acknowledged: number; buffered: number; dropped: number };
  dropped: number;
  status: string;
}

/** The numbers from 0 to `count - 1`. */
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test.skipIf(!namespaces)(
  "a full disk rejects flush and loses nothing acknowledged; the run goes on with space (skipped: no user namespaces)",
  async () => {
    const script = `mount -t tmpfs -o size=256k t "$1" && exec "$2" "$3" full-briefly "$1"`;
    const full = startChild(["unshare", "-Urm", "sh", "-c", script, "sh", place, process.execPath, child.script]);
    expect(await full.ended).toMatchObject({ code: 0, errors: "" });
    const [told, meanwhile, stored] = full.lines.map((line) => JSON.parse(line) as unknown);
    expect(told).toEqual({ rejected: "NO_SPACE", status: "finished", dropped: 0, lastError: "NO_SPACE" });
    expect((meanwhile as number[]).length).toBeGreaterThanOrEqual(100);
    expect(meanwhile).toEqual(upTo((meanwhile as number[]).length));
    expect(stored).toEqual(upTo(5000));
  },
);

test.skipIf(!namespaces)(
  "a disk full for longer than the buffer lasts: drops are counted, all else is stored (skipped: no user namespaces)",
  async () => {
    const script = `mount -t tmpfs -o size=512k t "$1" && exec "$2" "$3" full "$1"`;
    const full = startChild(["unshare", "-Urm", "sh", "-c", script, "sh", place, process.execPath, child.script]);
    expect(await full.ended).toMatchObject({ code: 0, errors: "" });
    const told = JSON.parse(full.lines[0] as string) as Full;
    const stored = JSON.parse(full.lines[1] as string) as number[];
    expect(told).toMatchObject({ rejected: "NO_SPACE", flushed: "ok", status: "finished" });
    // What was acknowledged before stayed readable all the time.
    expect(told.meanwhile).toBeGreaterThanOrEqual(told.full.acknowledged);
    expect(told.full.dropped).toBeGreaterThan(1000);
    expect(told.stats.dropped).toBe(told.full.dropped);
    expect(told.stats).toMatchObject({ points: told.logged, acknowledged: stored.length, buffered: 0 });
    expect(told.dropped).toBe(told.stats.dropped);
    expect(stored.length + told.dropped).toBe(told.logged);
    expect(new Set(stored).size).toBe(stored.length);
    // The first thousand were acknowledged, the last five hundred came when there was space again.
    expect(stored.slice(0, 1000)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(stored.slice(-500)).toEqual(Array.from({ length: 500 }, (_, i) => told.logged - 500 + i));
  },
);

test.skipIf(!posix)(
  "the right to write is taken away and given back: nothing is lost (skipped on Windows)",
  async () => {
    const directory = join(place, "ledger");
    const writer = startChild([process.execPath, child.script, "forbidden", directory], root ? { uid: 65534 } : {});
    const { id } = JSON.parse(await writer.line('{"id"')) as { id: string };
    const below = await readdir(directory, { recursive: true, withFileTypes: true });
    const directories = [
      directory,
      ...below.filter((one) => one.isDirectory()).map((one) => join(one.parentPath, one.name)),
    ];
    for (const one of directories) await chmod(one, 0o555);
    writer.say("go on");
    const refused = JSON.parse(await writer.line('{"codes"')) as object;
    expect(refused).toEqual({
      codes: Array.from({ length: 4 }, () => "PERMISSION_DENIED"),
      buffered: 10,
      readable: "running",
    });
    for (const one of directories) await chmod(one, 0o755);
    writer.say("go on");
    expect(JSON.parse(await writer.line('{"stored"'))).toEqual({
      stored: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      status: "finished",
    });
    expect(await writer.ended).toMatchObject({ code: 0, errors: "" });
    expect(id).toMatch(/^\w+$/);
  },
);
