import { expect, test } from "vitest";
import { BlobStore } from "../../src/artifacts/blobs.ts";
import { normalizeSource } from "../../src/artifacts/source.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { turnsDuring } from "../turns.ts";
import { MiB, sampleBytes } from "./fixtures.ts";

test("others run while a large buffer is hashed and stored", async () => {
  const normal = normalizeSource(sampleBytes(9 * MiB));
  if (normal.kind !== "content") throw new Error("files");
  const turns = await turnsDuring(() => new BlobStore(memoryBackend(), () => "s").put(normal.content));
  // It is read twice, in pieces of at most a megabyte.
  expect(turns).toBeGreaterThan(16);
});
