import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type * as Module from "../../src/bytes/crc32.ts";

const NATIVE_FROM = 4096;

/** The module as a process finds it that has loaded nothing yet, with what `builtin` says that the process has. */
async function load(builtin: object | undefined): Promise<typeof Module> {
  vi.resetModules();
  vi.spyOn(process, "getBuiltinModule").mockReturnValue(builtin as never);
  return await import("../../src/bytes/crc32.ts");
}

afterEach(() => void vi.restoreAllMocks());

describe.each([
  ["where there is node:zlib", { crc32: zlibCrc32 }],
  ["in a Node whose zlib has no crc32", {}],
  ["elsewhere", undefined],
])("%s", (_, builtin) => {
  let crc32: typeof Module.crc32;
  beforeEach(async () => {
    ({ crc32 } = await load(builtin));
  });

  test("crc32 is that of zlib, of any part and going on from any other", () => {
    const long = fc.integer({ min: NATIVE_FROM - 9, max: 2 * NATIVE_FROM });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.tuple(long, fc.nat(255)).map(([length, k]) => Uint8Array.from({ length }, (_, i) => i * i + k)),
    );
    fc.assert(
      fc.property(bytes, fc.nat(20), fc.nat(20), (all, before, behind) => {
        const start = Math.min(before, all.length);
        const end = Math.max(start, all.length - behind);
        expect(crc32(all)).toBe(zlibCrc32(all));
        expect(crc32(all, start, end, crc32(all, 0, start))).toBe(zlibCrc32(all.subarray(0, end)));
      }),
    );
  });
});

test("the platform's own is used for what is long, and asked for once", async () => {
  const native = vi.fn<typeof zlibCrc32>(zlibCrc32);
  const { crc32 } = await load({ crc32: native });
  crc32(new Uint8Array(NATIVE_FROM - 1));
  expect(native).not.toHaveBeenCalled();
  for (let i = 0; i < 3; i++) crc32(new Uint8Array(NATIVE_FROM));
  expect(native).toHaveBeenCalledTimes(3);
  expect(process.getBuiltinModule).toHaveBeenCalledOnce();
});
