import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { bundle } from "./bundle.ts";

test.skipIf(process.platform === "win32")(
  "300 runs at once with 100 descriptors: calls wait for a free one, and nothing fails",
  { timeout: 120_000 },
  async () => {
    const child = await bundle("descriptors-child.ts");
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
