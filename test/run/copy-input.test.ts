import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { histogramContent } from "../../src/media/histogram.ts";
import { imageContent } from "../../src/media/image.ts";
import { tableContent } from "../../src/media/table.ts";
import { textContent } from "../../src/media/content.ts";
import { copyInput } from "../../src/run/copy-input.ts";
import { jpeg, png } from "../media/pictures.ts";

const copy = (input: unknown): unknown => copyInput(input, () => {});

class Pixels {
  get data(): Uint8Array {
    return new Uint8Array(4);
  }
  get width(): number {
    return 1;
  }
  get height(): number {
    return 1;
  }
}
class Tensor {
  dataSync(): number[] {
    return [1];
  }
}
const cycle: unknown[] = [];
cycle.push(cycle);

const inputs: unknown[] = [
  undefined,
  null,
  5,
  5n,
  "text",
  "\ud800",
  Symbol("s"),
  () => {},
  [],
  [1, 2, Number.NaN],
  Object.assign(new Array(3), { 0: 1, 2: 3 }),
  [1, "b"],
  cycle,
  new Date(5),
  new Map([["a", [1]]]),
  new Tensor(),
  { dataSync: () => [1] },
  new ArrayBuffer(8),
  new Blob(["x"]),
  new DataView(new ArrayBuffer(8)),
  new Float32Array([1, 2]),
  new BigInt64Array([1n]),
  Buffer.from(png(2, 2)),
  Buffer.from("no image"),
  jpeg(3, 3),
  new Pixels(),
  { data: new Uint8Array(4), width: 1, height: 1 },
  { data: new Uint8Array(4), width: 1, height: 1, channels: 3 },
  { data: [1, 2, 3, 4], width: 1, height: 1 },
  { data: new Uint8Array(4), width: 1 },
  { width: 1, height: 1 },
  { counts: [1], edges: [0, 1] },
  { counts: new Uint8Array([1]), edges: [0] },
  { counts: [1] },
  Object.create({ counts: [1], edges: [0, 1] }),
  {},
  Object.create(null),
  JSON.parse('{"__proto__":[1],"constructor":["x"]}'),
  { a: [1, null], b: new Float64Array(2) },
  { a: [1], b: [[1]] },
  { a: [new Date(Number.NaN)] },
  {
    columns: ["a", "b"],
    rows: [
      [1, new Date(7)],
      [null, null],
    ],
  },
  { columns: ["a"], rows: [[1], [1, 2]] },
  { columns: ["a"], rows: [{ a: 1 }] },
  [{ a: 1, b: new Date(3) }, { b: null }],
  [{ a: 1 }, [2]],
  [{ a: { b: 1 } }],
  JSON.parse('[{"__proto__":1}]'),
  new Blob([png(2, 2) as BlobPart]),
  png(2, 2).slice().buffer,
  { data: new Float32Array(4), width: 2, height: 2 },
];

async function outcome(read: () => ReturnType<typeof imageContent>): Promise<unknown> {
  try {
    const content = read();
    const { encode, ...rest } = "load" in content ? await content.load() : content;
    return { ...rest, bytes: await encode() };
  } catch (error) {
    const { code, message, field, received } = error as Record<string, unknown>;
    return { code, message, field, received };
  }
}

describe("a copy is taken, or refused with the same words, as what it is a copy of", () => {
  test.each([
    ["text", textContent],
    ["image", (input: unknown) => imageContent(input, undefined)],
    ["histogram", (input: unknown) => histogramContent(input)],
    ["table", tableContent],
  ])("%s", async (_kind, read) => {
    for (const input of inputs)
      expect(await outcome(() => read(copy(input)))).toEqual(await outcome(() => read(input)));
  });
});

test("it shares nothing that can be changed, down to the cells", () => {
  const cells = fc.array(fc.oneof(fc.integer(), fc.string(), fc.date({ noInvalidDate: true }), fc.constant(null)));
  const rows = fc.array(fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.date({ noInvalidDate: true }))));
  const parts = fc.oneof(cells, fc.uint8Array(), fc.float64Array(), fc.array(cells));
  fc.assert(
    fc.property(fc.oneof(parts, fc.dictionary(fc.string(), parts), rows), (before) => {
      const input = structuredClone(before);
      const own = copy(input);
      const spoil = (value: unknown): void => {
        if (value instanceof Date) value.setTime(0);
        else if (ArrayBuffer.isView(value)) (value as Uint8Array).fill(7);
        else if (Array.isArray(value)) {
          value.forEach(spoil);
          value.fill("spoilt");
        } else if (typeof value === "object" && value !== null) {
          for (const key of Object.keys(value)) {
            spoil((value as Record<string, unknown>)[key]);
            delete (value as Record<string, unknown>)[key];
          }
        }
      };
      spoil(input);
      expect({ ...(own as object) }).toEqual({ ...(before as object) });
      expect(Array.isArray(own)).toBe(Array.isArray(before));
    }),
  );
});

test("the number of bytes is passed before they are copied", () => {
  let bytes = 0;
  copyInput({ a: [1, 2], b: new Float32Array(3), c: ["xyz"] }, (more) => (bytes += more));
  expect(bytes).toBe(2 * 8 + 3 * 4 + 8 + 3 * 2);
  const refuse = (): never => {
    throw new Error("full");
  };
  for (const input of ["x", [1], new Uint8Array(1), { a: [1] }]) expect(() => copyInput(input, refuse)).toThrow("full");
});
