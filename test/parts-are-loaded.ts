import { afterAll } from "vitest";
import { partsAreLoaded } from "../src/platform/on-demand.ts";

// Files of tests share the modules of their process. An import that a file leaves behind would fail for all others.
afterAll(partsAreLoaded);
