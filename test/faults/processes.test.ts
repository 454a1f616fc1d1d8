import { join } from "node:path";
import { expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { bundleChild } from "./bundle-child.ts";
import { fourProcessesOneRun } from "./processes.ts";

test.each(["os", "disk"] as const)("four processes log 50,000 points each to one run on fs (%s): all are there, once", async (durability) => {
  expect.hasAssertions();
  const child = await bundleChild();
  try {
    const directory = join(child.directory, "runs");
    await fourProcessesOneRun(child.file, directory, fsBackend(directory, { durability }));
  } finally {
    await child.remove();
  }
});
