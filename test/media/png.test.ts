import { decode } from "fast-png";
import { afterEach, expect, test, vi } from "vitest";
import { encodePng } from "../../src/media/png.ts";
import { seededRandom } from "../seeded-random.ts";
import { turnsDuring } from "../turns.ts";

afterEach(() => void vi.restoreAllMocks());

/** Noise of more than two megabytes, which deflates to more than one piece. */
function noise(): { data: Uint8Array; width: number; height: number; channels: 3 } {
  const random = seededRandom(1);
  return {
    data: Uint8Array.from({ length: 1000 * 701 * 3 }, () => random() * 256),
    width: 1000,
    height: 701,
    channels: 3,
  };
}

test.each([true, false])(
  "a large image keeps every pixel, and others run meanwhile (node:zlib: %s)",
  async (native) => {
    const { getBuiltinModule } = process;
    vi.spyOn(process, "getBuiltinModule").mockImplementation((name: string) =>
      !native && name === "node:zlib" ? (undefined as never) : (getBuiltinModule.call(process, name) as never),
    );
    const pixels = noise();
    let png = new Uint8Array();
    const turns = await turnsDuring(async () => (png = new Uint8Array(await encodePng(pixels))));
    // The portable form deflates 33 pieces, and both copy and check three.
    expect(turns).toBeGreaterThan(native ? 4 : 35);
    const decoded = decode(png, { checkCrc: true });
    expect(decoded).toMatchObject({ width: 1000, height: 701, channels: 3, depth: 8 });
    expect(Buffer.compare(decoded.data as Uint8Array, pixels.data)).toBe(0);
  },
);

test("the same pixels give the same bytes", async () => {
  const pixels = { data: new Uint8Array(4000).fill(9), width: 100, height: 40, channels: 1 } as const;
  expect(await encodePng(pixels)).toEqual(await encodePng(pixels));
});
