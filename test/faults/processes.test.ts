import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { bundle } from "../processes/bundle.ts";
import { fourProcessesOneRun } from "./processes.ts";
import { isFull } from "../rounds.ts";

test.each(isFull ? (["os", "disk"] as const) : (["os"] as const))(
  "four processes log to one run on fs (%s): all are there, once",
  async (durability) => {
    expect.hasAssertions();
    const child = await bundle(new URL("child.ts", import.meta.url));
    try {
      const directory = join(dirname(child.script), "runs");
      await fourProcessesOneRun(child.script, directory, fsBackend(directory, { durability }));
    } finally {
      await child.remove();
    }
  },
);
