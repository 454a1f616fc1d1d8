import { spawn, spawnSync } from "node:child_process";
import { text } from "node:stream/consumers";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../processes/bundle.ts";

const posix = process.platform !== "win32";

test.skipIf(!posix)(
  "300 runs at once with 100 descriptors: calls wait for a free one, and nothing fails",
  { timeout: 120_000 },
  async () => {
    const child = await bundle(new URL("descriptors-child.ts", import.meta.url));
    try {
      const place = join(dirname(child.script), "ledger");
      const command = `ulimit -n 100 && exec "${process.execPath}" "${child.script}" "${place}" 300`;
      const { stdout, stderr } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
      expect(stdout, stderr).toBe(JSON.stringify({ flushes: 0, finishes: 0, found: 300 }));
    } finally {
      await child.remove();
    }
  },
);

describe.skipIf(!posix)("a part loaded on demand while the process has no free descriptor", () => {
  const RESULTS = { getRun: "running", history: [1], search: 1, artifact: "v0", text: "sample", finish: "ok" } as const;

  let child: Awaited<ReturnType<typeof bundle>>;
  beforeAll(async () => {
    child = await bundle(new URL("descriptors-gone-child.ts", import.meta.url), { splitting: true });
  });
  afterAll(() => child.remove());

  const attempts = async (name: string, left: number, afterMs: number | "never"): Promise<unknown> => {
    const place = join(dirname(child.script), `${name}-${left}-${afterMs}`);
    const program = `"${process.execPath}" "${child.script}" "${place}"`;
    const command = `ulimit -n 200 && exec ${program} ${name} ${left} ${afterMs}`;
    const { stdout, stderr } = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "pipe"] });
    const [result, trouble] = await Promise.all([text(stdout), text(stderr)]);
    expect(trouble).toBe("");
    return JSON.parse(result);
  };

  // The first to begin, since it takes longest.
  test.concurrent(
    "getRun rejects with IO after waiting in vain, and works when descriptors are free",
    { timeout: 180_000 },
    async () => {
      expect(await attempts("getRun", 2, "never")).toEqual(["IO", "running"]);
    },
  );

  for (const [name, result] of Object.entries(RESULTS)) {
    test.concurrent(`${name} waits for free descriptors`, { timeout: 180_000 }, async () => {
      expect(await attempts(name, 0, 200)).toEqual([result, result]);
      expect(await attempts(name, 2, 200)).toEqual([result, result]);
    });
  }
});
