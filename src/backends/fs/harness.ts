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
    const ledger = join(parent, "ledger");
    // The other process is one of Node, which loads the sources by a loader.
    const isNode = process.versions["bun"] === undefined && process.versions["deno"] === undefined;
    return {
      open: async () => fsBackend(ledger, { durability }),
      ...(isNode && {
        async otherProcess() {
          const { openInOtherProcess } = await import("../../../test/conformance/other-process.ts");
          return await openInOtherProcess(ledger, durability);
        },
      }),
      teardown: () => rm(parent, { recursive: true, force: true }),
    };
  },
});

export const harnesses: readonly ConformanceHarness[] = [harness("os"), harness("disk")];
