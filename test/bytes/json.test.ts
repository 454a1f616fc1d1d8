import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { decodeJson, decodeJsonValue } from "../../src/bytes/decode-json.ts";
import { encodeJson, MAX_BIGINT_DIGITS } from "../../src/bytes/encode-json.ts";
import { MAX_JSON_CHARS, MAX_JSON_DEPTH, MAX_JSON_VALUES } from "../../src/bytes/parse-json.ts";
import { cases } from "../rounds.ts";

function failure(act: () => unknown): LedgerError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(LedgerError);
    return error as LedgerError;
  }
  throw new Error("did not throw");
}

/** Equal as data: `Object.is` on leaves, keys as a set, prototypes aside. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) => Object.hasOwn(b, key) && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}

const hostileKey: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "$rl",
    "v",
    "",
    "a.b",
    "a/b",
    "0",
    "toJSON",
  ),
  fc.string({ unit: "binary" }),
);
const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.double(),
  fc.constantFrom(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
    5e-324,
    Number.MAX_VALUE,
    2 ** 53 + 2,
  ),
  fc.bigInt(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("f64", "int", "obj", "NaN", "\ud800", "\udc00x"),
  fc.boolean(),
  fc.constant(null),
);
const { data } = fc.letrec<{ data: unknown }>((tie) => ({
  data: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    leaf,
    fc.array(tie("data"), { maxLength: 6 }),
    fc.array(fc.tuple(hostileKey, tie("data")), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
    fc.array(fc.tuple(hostileKey, tie("data")), { maxLength: 6 }).map((entries) => {
      const object = Object.create(null) as Record<string, unknown>;
      for (const [key, value] of entries) object[key] = value;
      return object;
    }),
  ),
}));

describe("round trip", () => {
  test("any data comes back as it was, and Object.prototype stays clean", () => {
    const before = Reflect.ownKeys(Object.prototype).length;
    fc.assert(
      fc.property(data, (value) => {
        const text = encodeJson(value, "params");
        expect(same(decodeJson(text), value)).toBe(true);
        expect(same(decodeJsonValue(JSON.parse(text)), value)).toBe(true);
      }),
      { numRuns: cases(2000) },
    );
    expect(Reflect.ownKeys(Object.prototype).length).toBe(before);
  });

  test("data JSON can hold, without the mark, is plain JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false } as object), (value) => {
        const text = encodeJson(value, "x");
        fc.pre(!text.includes("$rl"));
        expect(text).toBe(JSON.stringify(value));
      }),
    );
  });

  test("the wrapped forms are these", () => {
    expect(encodeJson([Number.NaN, -0, Number.NEGATIVE_INFINITY], "x")).toBe(
      '[{"$rl":"f64","v":"NaN"},{"$rl":"f64","v":"-0"},{"$rl":"f64","v":"-Infinity"}]',
    );
    expect(encodeJson(12345678901234567890n, "x")).toBe('{"$rl":"int","v":"12345678901234567890"}');
    expect(encodeJson({ $rl: "f64", v: "NaN" }, "x")).toBe('{"$rl":"obj","v":{"$rl":"f64","v":"NaN"}}');
  });

  test("objects come back plain, `__proto__` being a key of their own", () => {
    const value = decodeJson('{"__proto__":{"polluted":1},"constructor":2}') as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBe(undefined);
  });

  test("objects of another realm are plain", () => {
    expect(encodeJson(runInNewContext("({ a: [1, { b: 2 }] })"), "x")).toBe('{"a":[1,{"b":2}]}');
  });

  test("undefined and symbol-named properties are left out; toJSON is not called", () => {
    const value = { a: undefined, b: 1, [Symbol("s")]: 2 };
    expect(encodeJson(value, "x")).toBe('{"b":1}');
    const called: unknown = { toJSON: null, a: 1 };
    expect(encodeJson(called, "x")).toBe('{"toJSON":null,"a":1}');
    expect(failure(() => encodeJson({ toJSON: () => 1 }, "x")).field).toBe("x.toJSON");
  });

  test("one object at two places is no cycle", () => {
    const shared = { a: 1 };
    expect(encodeJson([shared, shared, { shared }], "x")).toBe('[{"a":1},{"a":1},{"shared":{"a":1}}]');
  });
});

describe("what cannot be stored", () => {
  const instance = new (class Config {
    rate = 1;
  })();
  const cases: readonly [string, unknown, string][] = [
    ["undefined", undefined, "params"],
    ["undefined in an array", { a: [1, undefined] }, "params.a[1]"],
    ["a hole", { a: [1, , 2] }, "params.a[1]"], // oxlint-disable-line no-sparse-arrays
    ["a function", { a: { f: () => 1 } }, "params.a.f"],
    ["a symbol", { a: [{ s: Symbol("x") }] }, "params.a[0].s"],
    ["a date", { when: new Date(0) }, "params.when"],
    ["a map", { m: new Map() }, "params.m"],
    ["a set", { m: new Set() }, "params.m"],
    ["a typed array", { w: new Float32Array(2) }, "params.w"],
    ["a buffer", { w: new ArrayBuffer(2) }, "params.w"],
    ["a class instance", { instance }, "params.instance"],
    ["a boxed number", { n: Object(1) as unknown }, "params.n"],
    ["a promise", { n: Promise.resolve(1) }, "params.n"],
    ["an odd key", { "a b": { "c.d": () => 1 } }, 'params["a b"]["c.d"]'],
    ["a huge bigint", { n: 10n ** BigInt(MAX_BIGINT_DIGITS) }, "params.n"],
  ];
  test.each(cases)("%s names its path", (_name, value, field) => {
    const error = failure(() => encodeJson(value, "params"));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.field).toBe(field);
    expect(error.message).toContain(field);
  });

  test("a Tensor is told about dataSync()", () => {
    class Tensor {
      dataSync(): Float32Array {
        return new Float32Array(1);
      }
    }
    const error = failure(() => encodeJson({ w: new Tensor() }, "params"));
    expect(error.received).toBe("Tensor");
    expect(error.message).toContain("dataSync()");
  });

  test("cycles", () => {
    const a: Record<string, unknown> = {};
    a["b"] = [a];
    expect(failure(() => encodeJson(a, "params")).message).toBe(
      "params.b[0] contains itself: cyclic data cannot be stored",
    );
  });

  test("nesting: the limit is stored, one more and 10,000 more are not", () => {
    const nest = (levels: number): unknown => {
      let value: unknown = 1;
      for (let i = 0; i < levels; i++) value = i % 2 ? [value] : { a: value };
      return value;
    };
    expect(same(decodeJson(encodeJson(nest(MAX_JSON_DEPTH), "x")), nest(MAX_JSON_DEPTH))).toBe(true);
    for (const levels of [MAX_JSON_DEPTH + 1, 10_000]) {
      const error = failure(() => encodeJson(nest(levels), "x"));
      expect(error.code).toBe("INVALID_ARGUMENT");
      expect(error.field).toMatch(/^x(\[0\])?(\.a\[0\]){20}/);
      expect((error.field as string).length).toBeLessThan(250);
    }
    expect(failure(() => decodeJson("[".repeat(10_000) + "]".repeat(10_000))).code).toBe("CORRUPT");
    expect(failure(() => decodeJson("[".repeat(1_000_000) + "]".repeat(1_000_000))).code).toBe("CORRUPT");
  });

  test("getters and proxies that throw", () => {
    const boom = new Error("boom");
    const getter = Object.defineProperty({}, "a", {
      enumerable: true,
      get: () => {
        throw boom;
      },
    });
    const error = failure(() => encodeJson({ getter }, "x"));
    expect(error.field).toBe("x.getter.a");
    expect(error.cause).toBe(boom);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(failure(() => encodeJson([proxy], "x")).code).toBe("INVALID_ARGUMENT");
  });

  test("size: long strings, and few objects that unfold to many", () => {
    expect(failure(() => encodeJson("x".repeat(MAX_JSON_CHARS), "note")).code).toBe("TOO_LARGE");
    let bomb: unknown = "x";
    for (let i = 0; i < 40; i++) bomb = [bomb, bomb];
    const error = failure(() => encodeJson(bomb, "params"));
    expect(error.code).toBe("TOO_LARGE");
    expect(error.field).toBe("params");
  });
});

describe("hostile text", () => {
  test.each([
    ["no JSON", "{"],
    ["empty", ""],
    ["an unknown mark", '{"$rl":"eval","v":"x"}'],
    ["a mark with more keys", '{"$rl":"f64","v":"NaN","w":1}'],
    ["a mark with a wrong value", '{"$rl":"f64","v":"1"}'],
    ["a mark of another type", '{"$rl":1,"v":"1"}'],
    ["a mark alone", '{"$rl":"obj"}'],
    ["an array as wrapped object", '{"$rl":"obj","v":[]}'],
    ["no integer", '{"$rl":"int","v":"1e5"}'],
    ["leading zeros", '{"$rl":"int","v":"007"}'],
    ["an endless integer", `{"$rl":"int","v":"${"9".repeat(MAX_BIGINT_DIGITS + 1)}"}`],
    ["a number beyond float64", "[1e400]"],
    ["too many values", `[${"0,".repeat(MAX_JSON_VALUES)}0]`],
    ["too long", `"${"x".repeat(MAX_JSON_CHARS)}"`],
  ])("%s is CORRUPT", (_name, text) => {
    expect(failure(() => decodeJson(text)).code).toBe("CORRUPT");
  });

  test("any text gives data or CORRUPT", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          data.map((value) => encodeJson(value, "x").slice(1)),
        ),
        (text) => {
          try {
            decodeJson(text);
          } catch (error) {
            expect(LedgerError.hasCode(error, "CORRUPT")).toBe(true);
          }
        },
      ),
    );
  });
});
