import { runInNewContext, runInThisContext } from "node:vm";
import { describe, expect, test } from "vitest";
import {
  isArrayBuffer,
  isBlob,
  isBytes,
  isDataView,
  isDate,
  isError,
  isMap,
  isPlainBytes,
  isTypedArray,
} from "../../src/platform/any-realm.ts";

/** The same program in this realm and in one of its own. */
const realms = [
  ["this realm", (code: string): unknown => runInThisContext(`(${code})`)],
  ["another realm", (code: string): unknown => runInNewContext(`(${code})`)],
] as const;

const values = {
  bytes: "new Uint8Array(3)",
  part: "new Uint8Array(3).subarray(1)",
  subclass: "new (class Mine extends Uint8Array {})(3)",
  clamped: "new Uint8ClampedArray(3)",
  floats: "new Float64Array(3)",
  bigints: "new BigInt64Array(3)",
  view: "new DataView(new ArrayBuffer(3))",
  buffer: "new ArrayBuffer(3)",
  shared: "new SharedArrayBuffer(3)",
  date: "new Date(0)",
  map: "new Map()",
  set: "new Set()",
  error: "new RangeError('x')",
  array: "[1, 2, 3]",
  tagged: "{ [Symbol.toStringTag]: 'Uint8Array', byteLength: 3 }",
  pretender: "Object.create(Uint8Array.prototype)",
  proxy: "new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 1 } })",
  text: "'bytes'",
  nothing: "null",
  missing: "undefined",
};

const wanted: [name: string, is: (value: unknown) => boolean, values: (keyof typeof values)[]][] = [
  ["isBytes", isBytes, ["bytes", "part", "subclass"]],
  ["isPlainBytes", isPlainBytes, ["bytes", "part"]],
  ["isTypedArray of Float64Array", (value) => isTypedArray(value, "Float64Array"), ["floats"]],
  ["isTypedArray of Uint8ClampedArray", (value) => isTypedArray(value, "Uint8ClampedArray"), ["clamped"]],
  ["isTypedArray of BigInt64Array", (value) => isTypedArray(value, "BigInt64Array"), ["bigints"]],
  ["isDataView", isDataView, ["view"]],
  ["isArrayBuffer", isArrayBuffer, ["buffer"]],
  ["isDate", isDate, ["date"]],
  ["isMap", isMap, ["map"]],
  ["isError", isError, ["error"]],
];

describe.each(realms)("%s", (_, make) => {
  test.each(wanted)("%s", (_name, is, names) => {
    const found = Object.entries(values).flatMap(([name, code]) => (is(make(code)) ? [name] : []));
    expect(found).toEqual(names);
  });
});

test("isError accepts a DOMException, isPlainBytes no Buffer, isBlob any object that acts as a Blob", () => {
  expect(isError(new DOMException("x"))).toBe(true);
  expect(isBytes(Buffer.from("x"))).toBe(true);
  expect(isPlainBytes(Buffer.from("x"))).toBe(false);
  expect(isBlob(new Blob(["x"]))).toBe(true);
  expect(isBlob({ size: 1, stream() {}, arrayBuffer() {} })).toBe(true);
  for (const other of [null, undefined, "text", {}, new Uint8Array(1)]) expect(isBlob(other)).toBe(false);
});
