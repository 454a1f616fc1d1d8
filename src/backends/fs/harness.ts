import type { ConformanceHarness } from "../../conformance/harness.ts";

const harness = (durability: "os" | "disk"): ConformanceHarness => ({
  name: `fs (${durability})`,
  runsIn: ["node", "bun", "deno"],
  async setup() {
    const [{ mkdtemp, rm }, { tmpdir }, { join }, { fsBackend }] = await Promise.all([
      import("node:fs/promises"),
      import("node:os"),
      import("node:path"),
      import("./backend.ts"),
    ]);
    const parent = await mkdtemp(join(tmpdir(), "runledger-"));
    return {
      open: async () => fsBackend(join(parent, "ledger"), { durability }),
      teardown: () => rm(parent, { recursive: true, force: true }),
    };
  },
});

export const harnesses: readonly ConformanceHarness[] = [harness("os"), harness("disk")];
