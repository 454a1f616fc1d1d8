import { isBytes } from "../platform/any-realm.ts";
import { utf8Encoder } from "../bytes/utf8.ts";
import type { ByteSink } from "./byte-sink.ts";

/**
 * The fields of a struct by their numbers, from 1 to 15. JavaScript keeps such keys in order. `undefined` is left out.
 */
export interface Struct {
  readonly [id: number]: ThriftValue | undefined;
}

/**
 * A value to write. Numbers are int32 and bigints are int64. The elements of a list must have one type, which is not
 * boolean. A function returns a string; it is called when everything before the string is written.
 */
export type ThriftValue =
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly ThriftValue[]
  | Struct
  | (() => string);

const encoder = /* @__PURE__ */ utf8Encoder();

/** Writes a struct in Thrift's compact protocol, which footers and page headers use. */
export function writeStruct(out: ByteSink, struct: Struct): void {
  let last = 0;
  for (const [id, value] of Object.entries(struct)) {
    if (value === undefined) continue;
    out.byte(((Number(id) - last) << 4) | typeOf(value));
    last = Number(id);
    writeValue(out, value);
  }
  out.byte(0);
}

/**
 * Returns the protocol's number of a type. It includes the value of a boolean. The elements of an empty list have the
 * type 0.
 */
function typeOf(value: ThriftValue | undefined): number {
  switch (typeof value) {
    case "undefined":
      return 0;
    case "boolean":
      return value ? 1 : 2;
    case "number":
      return 5;
    case "bigint":
      return 6;
    case "string":
    case "function":
      return 8;
    default:
      return isBytes(value) ? 8 : Array.isArray(value) ? 9 : 12;
  }
}

function writeValue(out: ByteSink, value: ThriftValue): void {
  if (typeof value === "number" || typeof value === "bigint") out.zigzag(value);
  else if (typeof value === "string") writeBytes(out, encoder.encode(value));
  else if (typeof value === "function") writeBytes(out, encoder.encode(value()));
  else if (isBytes(value)) writeBytes(out, value);
  else if (isList(value)) {
    const type = typeOf(value[0]);
    if (value.length < 15) out.byte((value.length << 4) | type);
    else {
      out.byte(0xf0 | type);
      out.varint(value.length);
    }
    for (const element of value) writeValue(out, element);
  } else if (typeof value === "object") writeStruct(out, value);
}

function writeBytes(out: ByteSink, bytes: Uint8Array): void {
  out.varint(bytes.length);
  out.bytes(bytes);
}

function isList(value: ThriftValue): value is readonly ThriftValue[] {
  return Array.isArray(value);
}
