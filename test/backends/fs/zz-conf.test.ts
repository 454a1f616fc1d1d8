import { test } from "vitest";
import { harnesses as fs } from "../../../src/backends/fs/harness.ts";
import { harnesses as memory } from "../../../src/backends/memory/harness.ts";
import { conformance } from "../../../src/conformance/index.ts";
for (const h of [...memory, ...fs]) conformance(h, test);
