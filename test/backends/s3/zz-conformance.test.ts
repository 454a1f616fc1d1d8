import { test } from "vitest";
import { conformance } from "../../../src/conformance/index.ts";
import { harnesses } from "../../../src/backends/s3/harness.ts";
for (const h of harnesses) conformance(h, { test: test as never } as never);
