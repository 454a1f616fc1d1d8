import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { CheckedBlobs } from "../../src/care/checked-blobs.ts";
import { copyRuns, openLedger } from "../../src/index.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
/** Two contents of one size whose digests begin with the same 52 bits. */
const [FIRST, SECOND] = ["8a87ab7a2dc88", "788ee7d4a3e1d"] as const;

test("a blob is known by its whole digest", async () => {
  expect(sha256(FIRST).slice(0, 13)).toBe(sha256(SECOND).slice(0, 13));
  const backend = memoryBackend();
  const ledger = await openLedger(backend, { onError: () => {} });
  const run = await ledger.startRun({ id: "run", environment: false });
  await run.logArtifact("first", { text: FIRST });
  await run.logArtifact("second", { text: SECOND });
  await run.finish();
  const target = memoryBackend();
  const copy = await openLedger(target);
  expect((await copyRuns(ledger, copy)).conflicts).toEqual([]);
  for (const [name, content] of [
    ["first", FIRST],
    ["second", SECOND],
  ] as const)
    expect(new TextDecoder().decode(await (await copy.openArtifact(name)).read())).toBe(content);
  for (const content of [FIRST, SECOND]) {
    const key = `blobs/sha256/${sha256(content).slice(0, 2)}/${sha256(content)}`;
    const bytes = await backend.read(key);
    await backend.remove(key);
    for (const id of ["run", undefined]) {
      const { intact, problems } = await ledger.verify(id);
      expect(intact).toBe(false);
      expect(problems).toContainEqual(expect.objectContaining({ kind: "missing", key }));
    }
    await backend.create(key, bytes);
  }
});

test("blobs are found among others whose digests differ in any digit", () => {
  const size = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 40));
  const digits = "0123456789abcdef";
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(63), fc.constantFrom(...digits), fc.nat(63), fc.constantFrom(...digits), size)),
      (changes) => {
        const base = sha256("");
        const at = (hex: string, i: number, digit: string): string => hex.slice(0, i) + digit + hex.slice(i + 1);
        const [blobs, wanted] = [new CheckedBlobs(), new Map<string, number>()];
        for (const [i, a, j, b, bytes] of changes) {
          const hex = at(at(base, i, a), j, b);
          expect(blobs.sizeOf(hex)).toBe(wanted.get(hex));
          blobs.add(hex, bytes);
          wanted.set(hex, bytes);
        }
        for (const [hex, bytes] of wanted) expect(blobs.sizeOf(hex)).toBe(bytes);
        if (!wanted.has(sha256("x"))) expect(blobs.sizeOf(sha256("x"))).toBe(undefined);
      },
    ),
  );
});

test("many blobs are found again", () => {
  const blobs = new CheckedBlobs();
  const count = 100_000;
  for (let i = 0; i < count; i++) blobs.add(sha256(`${i}`), i);
  for (let i = 0; i < count; i += 10) expect(blobs.sizeOf(sha256(`${i}`))).toBe(i);
  expect(blobs.sizeOf(sha256("none"))).toBe(undefined);
});
