import type { ConformanceHarness } from "../../conformance/harness.ts";

const memory: ConformanceHarness = {
  name: "memory",
  async setup() {
    const { memoryBackend } = await import("./backend.ts");
    const place = memoryBackend();
    return {
      open: async () => place.open(),
      teardown: async () => place.restore(new Map()),
    };
  },
};

export const harnesses: readonly ConformanceHarness[] = [memory];
