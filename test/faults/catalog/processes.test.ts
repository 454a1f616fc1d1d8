import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { bundle } from "../../processes/bundle.ts";
import { manyProcesses } from "./many-processes.ts";

test(
  "processes finish runs on fs, all at once, while others compact and are killed: all are found, once",
  { timeout: 180_000 },
  async () => {
    expect.hasAssertions();
    const child = await bundle(new URL("child.ts", import.meta.url));
    try {
      const directory = join(dirname(child.script), "runs");
      await manyProcesses(child.script, directory, fsBackend(directory));
    } finally {
      await child.remove();
    }
  },
);
