import type { ConformanceHarness } from "../../conformance/harness.ts";
import { s3Backend } from "./backend.ts";

/** Runs the conformance cases on an S3 in this process that treats conditional writes as `ifNoneMatch` says. */
function onFake(name: string, ifNoneMatch: "atomic" | "ignored" | "refused"): ConformanceHarness {
  return {
    name,
    runsIn: ["node"],
    async setup() {
      const { FAKE_KEYS, FakeS3 } = await import("../../../test/servers/fake-s3.ts");
      const fake = new FakeS3({ ifNoneMatch });
      return {
        async open() {
          const backend = s3Backend({
            endpoint: "http://localhost:9000",
            bucket: "bucket",
            prefix: "some/place",
            credentials: FAKE_KEYS,
            fetch: fake.fetch,
            // Set, because probing takes longer than most cases.
            ...(ifNoneMatch === "atomic" && { conditionalWrites: ifNoneMatch }),
          });
          // The result decides which cases apply to this store.
          await backend.probe();
          return backend;
        },
        async teardown() {},
      };
    },
  };
}

export const harnesses: readonly ConformanceHarness[] = [
  onFake("s3 (fake)", "atomic"),
  onFake("s3 (fake, If-None-Match refused)", "refused"),
  onFake("s3 (fake, If-None-Match ignored)", "ignored"),
];
