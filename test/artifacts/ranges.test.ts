import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blobKey } from "../../src/artifacts/blobs.ts";
import type { OpenArtifact } from "../../src/artifacts/open.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { cases } from "../rounds.ts";
import { artifacts, failure, fileTree, MiB, readAll, replace, sampleBytes, sha256, spied } from "./fixtures.ts";

const large = sampleBytes(9 * MiB + 5);
const small = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`s${i}`, sampleBytes(300 + i, i + 2)]));

async function opened(): Promise<{ artifact: OpenArtifact; calls: string[]; spy: ReturnType<typeof spied> }> {
  const spy = spied();
  const store = artifacts(spy.backend);
  await store.log("d", fileTree({ ...small, large, empty: "" }));
  const artifact = await store.open("d");
  spy.calls.length = 0;
  return { artifact, calls: spy.calls, spy };
}

describe("a range of a file", () => {
  test("has the bytes of the file there, and takes one request", async () => {
    const { artifact, calls } = await opened();
    const path = fc.constantFrom("s0", "s7", "large", "empty");
    const range = fc.record(
      { offset: fc.oneof(fc.nat(400), fc.nat(large.length + 10)), length: fc.oneof(fc.nat(400), fc.nat(5 * MiB)) },
      { requiredKeys: ["offset"] },
    );
    await fc.assert(
      fc.asyncProperty(path, range, async (name, wanted) => {
        const whole = name === "large" ? large : (small[name] ?? new Uint8Array());
        const expected = whole.subarray(wanted.offset, wanted.offset + (wanted.length ?? whole.length));
        calls.length = 0;
        const found = await artifact.read(name, { range: wanted });
        expect(calls).toHaveLength(expected.length === 0 ? 0 : 1);
        expect(Buffer.compare(found, expected)).toBe(0);
        expect(Buffer.compare(await readAll(artifact.stream(name, { range: wanted })), expected)).toBe(0);
      }),
      { numRuns: cases(100) },
    );
  });

  test("of one content needs no path", async () => {
    const store = artifacts(memoryBackend());
    await store.log("m", { text: "hello" });
    const bytes = await (await store.open("m")).read(undefined, { range: { offset: 1, length: 3 } });
    expect(new TextDecoder().decode(bytes)).toBe("ell");
  });

  test("that is given in another way is refused, as is every option that a call does not know", async () => {
    const { artifact, calls } = await opened();
    const unknown = [{ offset: 1, length: 2 }, { start: 1 }, { ranges: {} }, { range: { offset: 1, end: 3 } }];
    for (const options of unknown as { range?: undefined }[]) {
      expect(await failure(artifact.read("s0", options))).toMatchObject({ code: "UNSUPPORTED" });
      expect(await failure(() => artifact.stream("s0", options))).toMatchObject({ code: "UNSUPPORTED" });
      for (const refused of [
        artifact.verify(options as object),
        artifact.readTable("s0", options as object),
        artifact.readTensor("s0", options as object),
        artifact.files(options as object).next(),
      ])
        expect(await failure(refused)).toMatchObject({ code: "UNSUPPORTED" });
    }
    const range = { offset: 1 };
    for (const refused of [artifact.readTable("s0", { range } as object), artifact.verify({ range } as object)])
      expect(await failure(refused)).toMatchObject({ code: "UNSUPPORTED", field: "range" });
    const { message } = (await failure(artifact.read("s0", { offset: 1 } as object))) as Error;
    expect(message).toBe('read does not know the option "offset": say { range: { offset, length } }');
    for (const options of [null, 5, "r"])
      expect(await failure(artifact.read("s0", options as unknown as object))).toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    expect(calls).toEqual([]);
  });

  test("that is none is refused", async () => {
    const { artifact, calls } = await opened();
    const bad = [{ offset: -1 }, { offset: 0.5 }, { offset: 0, length: -1 }, { offset: 0, length: NaN }, null, 5];
    for (const range of bad) {
      for (const path of ["s0", "large"]) {
        const options = { range: range as { offset: number } };
        expect(await failure(artifact.read(path, options))).toMatchObject({ code: "INVALID_ARGUMENT" });
        expect(await failure(() => artifact.stream(path, options))).toMatchObject({ code: "INVALID_ARGUMENT" });
      }
    }
    expect(calls).toEqual([]);
  });

  test("of a blob or a pack that is missing or has another size", async () => {
    const { artifact, spy } = await opened();
    const key = blobKey(sha256(large));
    const end = { range: { offset: large.length - 3 } };
    await replace(spy.backend, key, large.subarray(0, large.length - 1));
    expect(await failure(artifact.read("large", end))).toMatchObject({ code: "CORRUPT", key });
    expect(await failure(readAll(artifact.stream("large", end)))).toMatchObject({ code: "CORRUPT", key });
    await replace(spy.backend, key, sampleBytes(large.length + 1));
    expect(await failure(artifact.read("large", end))).toMatchObject({ code: "CORRUPT", key });
    const blobs = await spy.keys("blobs");
    for (const blob of blobs) await spy.backend.remove(blob);
    for (const path of ["large", "s3"])
      expect(await failure(artifact.read(path, { range: { offset: 1, length: 2 } }))).toMatchObject({
        code: "CORRUPT",
        key: expect.stringMatching(/^blobs\/sha256\//) as string,
      });
  });

  test("stops when it is aborted, and reads a long range piece by piece", async () => {
    const { artifact, calls } = await opened();
    const reason = new Error("stop");
    const signal = AbortSignal.abort(reason);
    await expect(artifact.read("large", { range: { offset: 1 }, signal })).rejects.toBe(reason);
    await expect(artifact.read("empty", { range: { offset: 1 }, signal })).rejects.toBe(reason);
    calls.length = 0;
    const reader = artifact.stream("large", { range: { offset: 5 } }).getReader();
    expect((await reader.read()).value?.byteLength).toBe(4 * MiB);
    expect(calls).toHaveLength(1);
    await reader.cancel();
    expect(calls).toHaveLength(1);
  });
});
