// bench/long-calls.ts
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join as join2 } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

// src/journal/run-id.ts
var ID_PATTERN = /^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/;

// dist/bytes/gunzip/node.js
import { gunzipSync, gzipSync, inflateRawSync } from "node:zlib";
function gunzip(member, size, isChecked = false) {
  const options = { maxOutputLength: Math.max(1, size), chunkSize: size + 64 };
  const isPlain2 = isChecked && member.length > HEADER + TRAILER && member[3] === 0;
  const bytes = isPlain2
    ? inflateRawSync(member.subarray(HEADER, member.length - TRAILER), options)
    : gunzipSync(member, options);
  if (bytes.length !== size) throw new RangeError(`gzip holds ${bytes.length} bytes, not ${size}`);
  return bytes;
}
var HEADER = 10;
var TRAILER = 8;
function gunzipAll(members) {
  if (members.length === 0) return [];
  const all = new Uint8Array(members.reduce((sum2, { gzip: gzip2 }) => sum2 + gzip2.length, 0));
  let end = 0;
  for (const { gzip: gzip2 } of members) {
    all.set(gzip2, end);
    end += gzip2.length;
  }
  const bytes = gunzip(
    all,
    members.reduce((sum2, { size }) => sum2 + size, 0),
  );
  let at = 0;
  return members.map(({ size }) => bytes.subarray(at, (at += size)));
}
var LEVEL = 4;
function gzip(bytes, isStored = false) {
  return gzipSync(bytes, { level: isStored ? 0 : LEVEL });
}

// src/platform/event-loop.ts
var SLICE_MS = 20;
var SHORT_MS = 5;
var lastBreak = 0;
async function inSlices(work) {
  const began = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    const now = performance.now();
    if (Math.abs(now - began) >= SHORT_MS && isDue(now)) await takeBreak();
  }
}
function inOneGo(work) {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}
function breakIfDue() {
  return isDue(performance.now()) ? takeBreak() : void 0;
}
function isDue(now) {
  return Math.abs(now - lastBreak) >= SLICE_MS;
}
var waiting = Promise.resolve();
function takeBreak() {
  waiting = waiting.then(nextTask).then(() => {
    lastBreak = performance.now();
  });
  return waiting;
}
function nextTask() {
  if (typeof MessageChannel === "undefined") return new Promise((resolve) => setTimeout(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const settle = () => {
      port1.close();
      resolve();
    };
    port1.addEventListener("message", settle, { once: true });
    port1.start();
    port2.postMessage(0);
  });
}

// src/platform/builtin-module.ts
function builtinModule(name) {
  const { process: process2 } = globalThis;
  return process2?.getBuiltinModule?.(name);
}

// src/errors/ledger-error.ts
var BRAND = /* @__PURE__ */ Symbol.for("runledger.LedgerError");
var DETAILS = ["field", "received", "key", "operation", "position", "status"];
var LedgerError = class extends Error {
  static {
    this.prototype.name = "LedgerError";
    Object.defineProperty(this.prototype, BRAND, { value: true });
    Object.defineProperty(this, "name", { value: "LedgerError" });
  }
  /** What went wrong, as a code. `docs/errors.md` says what to do about each. */
  code;
  /** Whether the same call may succeed later, unchanged. */
  transient;
  constructor(code, message, details = {}) {
    super(message, details.cause === void 0 ? void 0 : { cause: details.cause });
    this.code = code;
    this.transient = details.transient ?? false;
    for (const name of DETAILS)
      if (details[name] !== void 0) Object.defineProperty(this, name, { value: details[name], enumerable: true });
  }
  /** Returns whether it is a `LedgerError`, of any copy of this library and of any realm. */
  static is(error) {
    return isLedgerError(error);
  }
  /** Returns `LedgerError.is(error) && error.code === code`. */
  static hasCode(error, code) {
    return isLedgerError(error) && error.code === code;
  }
};
function isLedgerError(error) {
  try {
    return typeof error === "object" && error !== null && error[BRAND] === true;
  } catch {
    return false;
  }
}
function describeType(value) {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  let name;
  try {
    if (Array.isArray(value)) return "array";
    name = Object.getPrototypeOf(value)?.constructor?.name;
  } catch {
    return "object";
  }
  return typeof name === "string" && name !== "" && name !== "Object" ? name.slice(0, 64) : "object";
}
function invalidArgument(field, expected, value, hint = "") {
  const received = describeType(value);
  const advice = received === "Promise" ? ": await it first" : hint;
  return wrong(field, expected, received, `${shownNumber(value) ?? article(received)}${advice}`);
}
function wrong(field, expected, received, found) {
  return new LedgerError("INVALID_ARGUMENT", `${clip(field)} must be ${expected}, but is ${found}`, {
    field: clip(field),
    received,
  });
}
function shownNumber(value) {
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  return typeof value === "bigint" ? `${clip(String(value), 30)}n` : void 0;
}
function article(type) {
  if (type === "null" || type === "undefined") return type;
  return `${/^[aeiou]/i.test(type) ? "an" : "a"} ${type}`;
}
function clip(text, length = 200) {
  return text.length <= length ? text : `${text.slice(0, length)}\u2026`;
}

// src/bytes/utf8.ts
function utf8Encoder() {
  return new (coder("TextEncoder"))();
}
function utf8Decoder(options) {
  return new (coder("TextDecoder"))("utf-8", { ...options, ignoreBOM: true });
}
function coder(name) {
  const found = globalThis[name] ?? builtinModule("node:util")?.[name];
  if (found !== void 0) return found;
  throw new LedgerError(
    "UNSUPPORTED",
    `runledger needs a ${name}: set globalThis.${name} before the import, for example to that of node:util`,
  );
}

// src/parquet/plain.ts
var LOW_WORD = /* @__PURE__ */ lowHalf();
function lowHalf() {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1;
}
function writePlain64(values, out) {
  out.ensure(8 * values.length);
  const bits2 = new BigInt64Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits2.length; i++) out.int64(bits2[i]);
}
var encoder = /* @__PURE__ */ utf8Encoder();
function writePlainString(value, out) {
  const bytes = encoder.encode(value);
  out.uint32(bytes.length);
  out.bytes(bytes);
}
function plainBound(value) {
  if (typeof value === "string") return encoder.encode(value);
  if (typeof value === "boolean") return Uint8Array.of(Number(value));
  const view = new DataView(new ArrayBuffer(8));
  if (typeof value === "bigint") view.setBigInt64(0, value, true);
  else view.setFloat64(0, value, true);
  return new Uint8Array(view.buffer);
}
function decodePlainDoubles(bytes, out, at, count) {
  checkSize(bytes, count);
  if (LOW_WORD === 0) {
    new Uint8Array(out.buffer, out.byteOffset + at * 8, count * 8).set(bytes);
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length * 2);
  for (let i = 0; i < count; i++) {
    words[(at + i) * 2 + LOW_WORD] = view.getUint32(i * 8, true);
    words[(at + i) * 2 + 1 - LOW_WORD] = view.getUint32(i * 8 + 4, true);
  }
}
function decodePlainIntegers(bytes, out, at, count) {
  checkSize(bytes, count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) {
    const value = view.getInt32(i * 8 + 4, true) * 2 ** 32 + view.getUint32(i * 8, true);
    if (!Number.isSafeInteger(value)) throw new RangeError("an integer is beyond 2^53");
    out[at + i] = value;
  }
}
function checkSize(bytes, count) {
  if (bytes.length !== count * 8) throw new RangeError("the page is malformed");
}

// src/parquet/thrift-enums.ts
var TYPE = { boolean: 0, int64: 2, double: 5, byteArray: 6 };
var REPETITION = { required: 0, optional: 1 };
var CONVERTED = { utf8: 0, timestampMillis: 9 };
var ENCODING = {
  plain: 0,
  plainDictionary: 2,
  rle: 3,
  delta: 5,
  dictionary: 8,
  byteStreamSplit: 9,
};
var CODEC = { none: 0, gzip: 2 };
var PAGE = { data: 0, dictionary: 2, dataV2: 3 };
var MAGIC = 827474256;

// src/bytes/crc32.ts
var NATIVE_FROM_BYTES = 4096;
var native;
var tables = /* @__PURE__ */ makeTables();
function makeTables() {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 3988292384 : value >>> 1;
    made[byte] = value;
  }
  for (let i = 256; i < made.length; i++) {
    const value = made[i - 256];
    made[i] = (value >>> 8) ^ made[value & 255];
  }
  return made;
}
function crc32(bytes, start2 = 0, end = bytes.length, seed = 0) {
  if (end - start2 >= NATIVE_FROM_BYTES) {
    native ??= builtinModule("node:zlib")?.crc32 ?? false;
    if (native) return native(bytes.subarray(start2, end), seed);
  }
  return ~update(~seed, bytes, start2, end) >>> 0;
}
function update(before, bytes, start2, end) {
  const t = tables;
  let crc = before | 0;
  let i = start2;
  if (end - start2 >= 8) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const stop = end - 7; i < stop; i += 8) {
      const low = crc ^ view.getInt32(i, true);
      const high = view.getInt32(i + 4, true);
      crc =
        t[1792 + (low & 255)] ^
        t[1536 + ((low >>> 8) & 255)] ^
        t[1280 + ((low >>> 16) & 255)] ^
        t[1024 + (low >>> 24)] ^
        t[768 + (high & 255)] ^
        t[512 + ((high >>> 8) & 255)] ^
        t[256 + ((high >>> 16) & 255)] ^
        t[high >>> 24];
    }
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]) & 255];
  return crc;
}

// src/platform/any-realm.ts
var typedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
).get;
function isBytes(value) {
  return typedArrayName.call(value) === "Uint8Array";
}
function isArrayBuffer(value) {
  return typeof value === "object" && value !== null && works(() => ArrayBuffer.prototype.slice.call(value, 0, 0));
}
function isDate(value) {
  if (typeof value !== "object" || value === null) return false;
  try {
    if (Array.isArray(value) || isPlainObject(value)) return false;
  } catch {
    return false;
  }
  return works(() => Date.prototype.getTime.call(value));
}
function isMap(value) {
  return typeof value === "object" && value !== null && works(() => Map.prototype.keys.call(value));
}
function isPlainObject(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
function works(call) {
  try {
    call();
    return true;
  } catch {
    return false;
  }
}

// src/parquet/thrift-read.ts
var TRUE = 1;
var FALSE = 2;
var BYTE = 3;
var I16 = 4;
var I32 = 5;
var I64 = 6;
var DOUBLE = 7;
var BINARY = 8;
var LIST = 9;
var STRUCT = 12;
var MAX_DEPTH = 12;
var MAX_ID = 31;
var ThriftReader = class {
  #view;
  #bytes;
  at;
  /** How many more values the reader may create. A value can take one byte here and a hundred in memory. */
  budget;
  constructor(bytes, at, budget) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.budget = budget;
  }
  /** Reads a struct. */
  struct(depth = 0, take) {
    const values = [];
    const fields = new Fields(values);
    let id = 0;
    for (;;) {
      const head = this.#view.getUint8(this.at++);
      const type = head & 15;
      if (type === 0) return fields;
      id = head >> 4 === 0 ? unzigzag(this.#varint()) : id + (head >> 4);
      if (take?.(id, fields)) continue;
      const value = type <= FALSE ? type === TRUE : this.#value(type, depth);
      if (id > 0 && id <= MAX_ID) values[id] = value;
    }
  }
  /** Reads the head of a list of structs and returns how many follow. */
  structs() {
    const { type, size } = this.#listHead();
    if (type !== STRUCT && size > 0) throw malformed();
    return size;
  }
  #value(type, depth) {
    if (depth > MAX_DEPTH || --this.budget < 0) throw malformed();
    switch (type) {
      case TRUE:
      case FALSE:
      case BYTE:
        return this.#view.getInt8(this.at++);
      case I16:
      case I32:
      case I64:
        return unzigzag(this.#varint());
      case DOUBLE:
        return this.#take(8);
      case BINARY:
        return this.#take(this.#varint());
      case LIST: {
        const { type: element, size } = this.#listHead();
        const values = [];
        for (let i = 0; i < size; i++) values.push(this.#value(element, depth + 1));
        return values;
      }
      case STRUCT:
        return this.struct(depth + 1);
      default:
        throw malformed();
    }
  }
  #listHead() {
    const head = this.#view.getUint8(this.at++);
    return { type: head & 15, size: head >> 4 === 15 ? this.#varint() : head >> 4 };
  }
  #take(length) {
    const start2 = this.at;
    if (!(length <= this.#bytes.length - start2)) throw malformed();
    this.at = start2 + length;
    return this.#bytes.subarray(start2, this.at);
  }
  /** Reads an unsigned number. Returns NaN for one beyond 2^53. */
  #varint() {
    let value = 0;
    for (let i = 0, place = 1; i < 10; i++, place *= 128) {
      const byte = this.#view.getUint8(this.at++);
      value += (byte & 127) * place;
      if (byte < 128) return value <= Number.MAX_SAFE_INTEGER ? value : NaN;
    }
    throw malformed();
  }
};
function unzigzag(value) {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
function malformed() {
  return new RangeError("it is malformed");
}
var Fields = class _Fields {
  #values;
  constructor(values) {
    this.#values = values;
  }
  has(id) {
    return this.#values[id] !== void 0;
  }
  integer(id) {
    const value = this.#values[id];
    if (!Number.isSafeInteger(value)) throw wrong2(id);
    return value;
  }
  /** Returns a view, not a copy. */
  bytes(id) {
    const value = this.#values[id];
    if (!isBytes(value)) throw wrong2(id);
    return value;
  }
  text(id) {
    return decoder.decode(this.bytes(id));
  }
  texts(id) {
    return this.list(id).map((value) => {
      if (!isBytes(value)) throw wrong2(id);
      return decoder.decode(value);
    });
  }
  isFalse(id) {
    return this.#values[id] === false;
  }
  struct(id) {
    const value = this.#values[id];
    if (!(value instanceof _Fields)) throw wrong2(id);
    return value;
  }
  structs(id) {
    const values = this.list(id);
    if (!values.every((value) => value instanceof _Fields)) throw wrong2(id);
    return values;
  }
  list(id) {
    const value = this.#values[id];
    if (!Array.isArray(value)) throw wrong2(id);
    return value;
  }
};
var decoder = /* @__PURE__ */ utf8Decoder();
function wrong2(id) {
  return new RangeError(`field ${id} is malformed`);
}

// src/parquet/page-header.ts
var MAX_VALUES = 100;
function readPageHeader(chunk, start2) {
  const reader = new ThriftReader(chunk, start2, MAX_VALUES);
  const page = reader.struct();
  const { at } = reader;
  const stored = page.integer(3);
  const size = page.integer(2);
  if (stored < 0 || size < 0 || stored > chunk.length - at) throw new RangeError("the page is malformed");
  const crc = page.has(4) ? page.integer(4) | 0 : void 0;
  const rest = { stored, size, crc, at, nulls: 0, levels: 0, compressed: true };
  const type = page.integer(1);
  if (type === PAGE.data) {
    const data2 = page.struct(5);
    return { kind: "v1", values: data2.integer(1), encoding: data2.integer(2), ...rest };
  }
  if (type === PAGE.dictionary) {
    const dictionary = page.struct(7);
    return { kind: "dictionary", values: dictionary.integer(1), encoding: dictionary.integer(2), ...rest };
  }
  if (type !== PAGE.dataV2) throw new RangeError("the page is malformed");
  const data = page.struct(8);
  const values = data.integer(1);
  const levels = data.integer(5);
  if (data.integer(3) !== values || data.integer(6) !== 0) throw new RangeError("a page has lists");
  if (levels < 0 || levels > Math.min(stored, size)) throw new RangeError("the page is malformed");
  const compressed = !data.isFalse(7);
  return { kind: "v2", values, encoding: data.integer(4), ...rest, nulls: data.integer(2), levels, compressed };
}

// src/parquet/page-read.ts
var DEFLATE_MAX_RATIO = 1040;
function readPages(bytes, layout, rows, admit, nullable = false) {
  let dictionary;
  let at = 0;
  if (layout.dataStart > layout.start) {
    const header = readPageHeader(bytes, 0);
    if (header.kind !== "dictionary") throw new RangeError("the page is malformed");
    dictionary = open(bytes, header, layout, rows, admit, nullable);
    at = header.at + header.stored;
    if (at !== layout.dataStart - layout.start) throw new RangeError("the page is malformed");
  }
  return { dictionary, data: dataPages(bytes, at, layout, rows, admit, nullable) };
}
function* dataPages(bytes, at, layout, rows, admit, nullable) {
  while (at < bytes.length) {
    const header = readPageHeader(bytes, at);
    if (header.kind === "dictionary") throw new RangeError("the page is malformed");
    const page = open(bytes, header, layout, rows, admit, nullable);
    rows -= page.values;
    at = header.at + header.stored;
    yield page;
  }
  if (rows !== 0) throw new RangeError(`${rows} values are missing`);
}
function open(bytes, header, { gzip: gzip2, optional }, most, admit, nullable) {
  const { kind, values, encoding, size, nulls, levels: before, at } = header;
  if (values < 1 || values > most || (before > 0 && !optional)) throw new RangeError("the page is malformed");
  if (nulls !== 0 && !nullable) throw new RangeError("the page has nulls");
  if (!admit(values, size)) throw new RangeError("the page inflates to too many bytes");
  const stored = bytes.subarray(at, at + header.stored);
  if (header.crc !== void 0 && (crc32(stored) | 0) !== header.crc)
    throw new RangeError("the page has a wrong checksum");
  const isCompressed = gzip2 && header.compressed;
  const content = inflate(stored.subarray(before), size - before, isCompressed, header.crc !== void 0);
  if (!optional || kind === "dictionary") return { encoding, values, bytes: content };
  if (kind === "v2") return { encoding, values, levels: stored.subarray(0, before), bytes: content };
  const end = 4 + levelsLength(content);
  return { encoding, values, levels: content.subarray(4, end), bytes: content.subarray(end) };
}
function inflate(stored, size, compressed, isChecked) {
  if (!compressed || (size === 0 && stored.length === 0)) {
    if (stored.length !== size) throw new RangeError("the page is malformed");
    return stored;
  }
  if (size > stored.length * DEFLATE_MAX_RATIO) throw new RangeError("the page cannot inflate to its size");
  return gunzip(stored, size, isChecked);
}
function levelsLength(page) {
  const length = new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(0, true);
  if (length > page.length - 4) throw new RangeError("the page is malformed");
  return length;
}
var SMALL_PAGE_BYTES = 1024 * 1024;
var TEXT_MAX_RATIO = 128;
function inflatesTooFar(stored, size) {
  return size > SMALL_PAGE_BYTES && size > TEXT_MAX_RATIO * stored;
}

// src/parquet/rle-hybrid.ts
function decodeHybrid(bytes, width, count, add) {
  let at = 0;
  let left = count;
  const need = (length) => {
    if (length > bytes.length - at) throw new RangeError("the page is malformed");
    at += length;
    return at - length;
  };
  while (left > 0) {
    let head = 0;
    let shift = 0;
    for (let more = true; more; shift += 7) {
      if (shift > 21) throw new RangeError("the page is malformed");
      const byte = bytes[need(1)];
      head |= (byte & 127) << shift;
      more = byte > 127;
    }
    if ((head & 1) === 0) {
      const start2 = need((width + 7) >>> 3);
      let value = 0;
      for (let i = at - 1; i >= start2; i--) value = value * 256 + bytes[i];
      if (head === 0 || head >>> 1 > left) throw new RangeError("the page is malformed");
      add(value, head >>> 1);
      left -= head >>> 1;
    } else {
      const groups = head >>> 1;
      const start2 = need(groups * width);
      const n = Math.min(groups * 8, left);
      for (let i = 0; i < n; i++) add(bits(bytes, start2 * 8 + i * width, width), 1);
      if (n === 0) throw new RangeError("the page is malformed");
      left -= n;
    }
  }
  if (at !== bytes.length) throw new RangeError("the page is malformed");
}
function bits(bytes, at, width) {
  const i = at >>> 3;
  const word = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
  return (word >>> (at & 7)) & ((1 << width) - 1);
}

// src/bytes/dictionary.ts
function setOwn(dictionary, key, value) {
  if (key !== "__proto__") dictionary[key] = value;
  else Object.defineProperty(dictionary, key, { value, enumerable: true, configurable: true, writable: true });
}

// src/journal/params.ts
function toNumber(value) {
  const number = Number(value);
  return Number.isFinite(number) && BigInt(number) === value ? number : value;
}

// src/filter/flatten-params.ts
var NESTED = /* @__PURE__ */ Symbol("nested");
function flattenParams(params) {
  const leaves = /* @__PURE__ */ new Map();
  let level = [["", params]];
  while (level.length > 0) {
    const next = [];
    for (const [prefix, parent] of level) {
      for (const [key, value] of Object.entries(parent)) {
        if (value === void 0) continue;
        const path = prefix + key;
        const before = leaves.get(path) ?? null;
        if (typeof value === "object" && value !== null) {
          next.push([`${path}.`, value]);
          if (before === null) leaves.set(path, NESTED);
        } else if (before === null || (before === NESTED && value !== null))
          leaves.set(path, typeof value === "bigint" ? toNumber(value) : value);
      }
    }
    level = next;
  }
  return leaves;
}

// src/bytes/parse-json.ts
var MAX_JSON_DEPTH = 128;
var MAX_JSON_CHARS = 16 * 1024 * 1024;
var MAX_JSON_VALUES = 1e6;
var MAX_JSON_BYTES = 3 * MAX_JSON_CHARS;
var JSON_LIMITS = { chars: MAX_JSON_CHARS, values: MAX_JSON_VALUES };
function parseJson(text, limits = JSON_LIMITS) {
  if (text.length > limits.chars) throw corrupt(`is longer than ${limits.chars} characters`);
  if (text.length > 2 * limits.values && hasMoreValues(text, limits.values))
    throw corrupt(`holds more than ${limits.values} values`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw corrupt("cannot be parsed", cause);
  }
}
var QUOTE = 34;
var BACKSLASH = 92;
var COMMA = 44;
function hasMoreValues(text, most) {
  let values = 1;
  let isEmpty = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 32) continue;
    const closes = code === 93 || code === 125;
    if (code === COMMA || (isEmpty && !closes)) {
      if (++values > most) return true;
    }
    isEmpty = code === 91 || code === 123;
    if (code === QUOTE) at = endOfString(text, at + 1);
  }
  return false;
}
function endOfString(text, start2) {
  for (let at = start2; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let before = at;
    while (before > start2 && text.charCodeAt(before - 1) === BACKSLASH) before--;
    if ((at - before) % 2 === 0) return at;
  }
}
function corrupt(what, cause) {
  return new LedgerError("CORRUPT", `stored JSON ${what}`, { cause });
}

// src/catalog/segment-limits.ts
var MAX_JOINED_BYTES = 1024 * 1024;
var MAX_SEGMENT_ROWS = 32768;
var MAX_SEGMENT_CELLS = 12e6;
var MAX_SEGMENT_BYTES = 192 * 1024 * 1024;
var MAX_SEGMENT_TEXT_BYTES = 64 * 1024 * 1024;
var MAX_COLUMN_BYTES = MAX_SEGMENT_TEXT_BYTES + MAX_JSON_BYTES + 5 * MAX_SEGMENT_ROWS;
var MAX_PAGE_BYTES = MAX_JSON_BYTES + 32 * 1024;
var MAX_FOOTER_BYTES = 32 * 1024 * 1024;
var MAX_RECORD_CHARS = 4 * 1024 * 1024;

// src/catalog/column-cells.ts
var decoder2 = /* @__PURE__ */ utf8Decoder();
function decodeCells(bytes, { type, codec, nulls }, rows) {
  const layout = { start: 0, dataStart: 0, end: bytes.length, gzip: codec === CODEC.gzip, optional: nulls > 0 };
  const most = type === "string" ? MAX_COLUMN_BYTES : 9 * rows + 64;
  const admit = (_, size) => size <= most && !inflatesTooFar(bytes.length, size);
  const [page, more] = readPages(bytes, layout, rows, admit, true).data;
  if (page === void 0 || more !== void 0 || page.encoding !== ENCODING.plain)
    throw new RangeError("the page is malformed");
  return page.levels ? spread(page, page.levels, type) : DECODERS[type](page.bytes, rows);
}
function decodeTexts(bytes, rows) {
  return new Texts(bytes, rows);
}
function spread({ bytes, values }, levels, type) {
  const cells2 = new Array(values).fill(null);
  const places = [];
  let row = 0;
  decodeHybrid(levels, 1, values, (level, rows) => {
    if (level > 1) throw new RangeError("the page is malformed");
    for (let i = 0; i < rows; i++, row++) if (level === 1) places.push(row);
  });
  const found = DECODERS[type](bytes, places.length);
  for (let i = 0; i < places.length; i++) cells2[places[i]] = found.at(i);
  return cells2;
}
var DECODERS = {
  double: (bytes, count) => {
    const out = new Float64Array(count);
    decodePlainDoubles(bytes, out, 0, count);
    return out;
  },
  int64: (bytes, count) => {
    const out = new Float64Array(count);
    decodePlainIntegers(bytes, out, 0, count);
    return out;
  },
  boolean: (bytes, count) => {
    if (bytes.length !== Math.ceil(count / 8)) throw new RangeError("the page is malformed");
    return Array.from({ length: count }, (_, i) => ((bytes[i >> 3] >> (i & 7)) & 1) === 1);
  },
  string: (bytes, count) => new Texts(bytes, count),
};
var SHORT_BYTES = 256;
var Texts = class {
  length;
  #bytes;
  /** All bytes as one text, if each byte is a character and the texts are short. */
  #ascii;
  /** The position of each text, and the position at which another text would follow the last. */
  #starts;
  #made;
  constructor(bytes, count) {
    this.length = count;
    this.#bytes = bytes;
    this.#starts = startsOf(bytes, count);
    this.#made = new Array(count);
    const isShort = bytes.length <= SHORT_BYTES * count;
    const all = isShort ? decoder2.decode(bytes) : "";
    this.#ascii = isShort && all.length === bytes.length ? all : void 0;
  }
  at(row) {
    const made = this.#made[row];
    if (made !== void 0 || row >= this.length) return made;
    const [start2, end] = [this.#starts[row], this.#starts[row + 1] - LENGTH_BYTES];
    return (this.#made[row] = this.#ascii?.slice(start2, end) ?? decoder2.decode(this.#bytes.subarray(start2, end)));
  }
};
var LENGTH_BYTES = 4;
function startsOf(bytes, count) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts = new Uint32Array(count + 1);
  let at = LENGTH_BYTES;
  for (let i = 0; i < count; i++) {
    starts[i] = at;
    at += view.getUint32(at - LENGTH_BYTES, true) + LENGTH_BYTES;
    if (at > bytes.length + LENGTH_BYTES) throw new RangeError("the page is malformed");
  }
  starts[count] = at;
  if (at !== bytes.length + LENGTH_BYTES) throw new RangeError("the page is malformed");
  return starts;
}

// src/journal/run-attributes.ts
var RUN_ATTRIBUTES = {
  // Its column is `run_id`.
  id: { type: "text", name: "id", aliases: ["run_id"], listed: true },
  name: { type: "text", name: "name", aliases: ["run_name", "run name", "Run name", "Run Name"] },
  experiment: { type: "text", name: "experiment", listed: true },
  status: { type: "text", name: "status" },
  note: { type: "text", name: "note", optional: true, compared: true },
  parent: { type: "text", name: "parent", optional: true, listed: true, fixed: true, compared: true },
  group: { type: "text", name: "group", optional: true, listed: true, fixed: true, compared: true },
  jobType: { type: "text", name: "job_type", optional: true, listed: true, fixed: true, compared: true },
  startTime: { type: "time", name: "start_time", aliases: ["created", "Created"] },
  endTime: { type: "time", name: "end_time", optional: true },
  // The `view` of a query selects deleted runs instead.
  deletedAt: { type: "time", name: "deleted_at", optional: true, unfiltered: true },
  lastActivity: { type: "time" },
  dropped: { type: "number" },
};
var CODE_ATTRIBUTES = {
  commit: { type: "text", name: "commit", optional: true, listed: true, of: "code" },
  branch: { type: "text", name: "branch", optional: true, listed: true, of: "code" },
  // The texts "true", "false" and "unknown".
  dirty: { type: "text", name: "dirty", optional: true, of: "code" },
};
var FORK_ATTRIBUTES = {
  run: { type: "text", name: "fork_of", aliases: ["forkOf"], optional: true, listed: true, of: "forkOf" },
};
var TABLE = RUN_ATTRIBUTES;
var CODE_TABLE = CODE_ATTRIBUTES;
var runAttributes = /* @__PURE__ */ listAttributes();
function listAttributes() {
  return [
    ...Object.keys(TABLE).map((member) => ({ member, ...TABLE[member] })),
    ...Object.keys(CODE_ATTRIBUTES).map((member) => ({ member, ...CODE_TABLE[member] })),
    { member: "run", ...FORK_ATTRIBUTES.run },
  ];
}
function attributeValue(record, attribute) {
  if (attribute.of === void 0) return record[attribute.member];
  if (attribute.of === "forkOf") return record.forkOf?.run;
  const value = record.code?.[attribute.member];
  return value === void 0 ? void 0 : String(value);
}

// src/catalog/column-schema.ts
var attributeColumns = /* @__PURE__ */ runAttributes.flatMap((attribute) => {
  const { name, member } = attribute;
  return name === void 0 ? [] : [{ ...attribute, column: member === "id" ? "run_id" : name }];
});
var TIME_COLUMNS = /* @__PURE__ */ attributeColumns.flatMap(({ column, type }) => (type === "time" ? [column] : []));
var TIMES = ["int64", "double"];
var TEXT = ["string"];
var TYPES = /* @__PURE__ */ new Map([
  ["document", ["int64"]],
  ["marker", ["int64"]],
  ["metrics.", ["double"]],
  ["numbers.", ["double"]],
  ["booleans.", ["boolean"]],
  ["integers.", ["string"]],
  ["nested.", ["boolean"]],
  ["params.", ["double", "boolean", "string"]],
]);
function checkColumns(columns) {
  const required = attributeColumns.flatMap(({ column, optional }) => (optional ? [] : [column]));
  for (const name of ["document", "marker", ...required])
    if (columns.get(name)?.nulls !== 0) throw new RangeError(`it lacks values of ${name}`);
  const { min, max } = columns.get("run_id");
  if (![min, max].every((id) => typeof id === "string" && ID_PATTERN.test(id)))
    throw new RangeError("an id in it is not valid");
  for (const { name, type } of columns.values()) {
    const types = TIME_COLUMNS.includes(name)
      ? TIMES
      : (TYPES.get(name.slice(0, name.indexOf(".") + 1) || name) ?? TEXT);
    if (!types.includes(type)) throw new RangeError(`column ${name.slice(0, 250)} has a wrong type`);
  }
}

// src/bytes/well-formed.ts
function hasLoneSurrogate(text) {
  const { isWellFormed } = text;
  if (isWellFormed) return !isWellFormed.call(text);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 55296 || unit > 57343) continue;
    const next = text.charCodeAt(i + 1);
    if (unit > 56319 || !(next >= 56320 && next <= 57343)) return true;
    i++;
  }
  return false;
}

// src/journal/record-checks.ts
function isDictionary(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function isStrings(value) {
  return isDictionary(value) && Object.values(value).every((item) => typeof item === "string");
}
function isExperiment(value) {
  return typeof value === "string" && value !== "" && !/[\u0000-\u001f\u007f]/.test(value) && !hasLoneSurrogate(value);
}
function isDigest(value) {
  return typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);
}
function isCount(value) {
  return isInteger(value) && value >= 0;
}
function isInteger(value) {
  return Number.isSafeInteger(value);
}

// src/catalog/segment-name.ts
var SEGMENT_NAME = /^(\d{6})-[0-9a-z_-]{1,64}$/;
var MAX_GENERATION = 999999;
var ENDING = ".parquet";
function nameOf({ key }) {
  return key.slice(key.lastIndexOf("/") + 1, -ENDING.length);
}
function segmentKey(prefix, generation, id) {
  const padded = String(Math.min(generation, MAX_GENERATION)).padStart(6, "0");
  return `${prefix}/segments/${padded}-${id}.parquet`;
}

// src/catalog/segment-directory.ts
var TYPES2 = ["double", "int64", "boolean", "string"];
var VERSION = 1;
function encodeDirectory(key, { columns, repeats, ...rest }) {
  const rows = columns.map(({ name, type, start: start2, size, codec, nulls, min, max }) =>
    min === void 0
      ? [name, type, start2, size, codec, nulls]
      : [name, type, start2, size, codec, nulls, toJson(min), toJson(max)],
  );
  const joined = repeats.length > 0 && {
    repeats: repeats.map((each) => [each.experiment, each.name, each.rows, each.peers, each.replaces]),
  };
  const text = utf8Encoder().encode(JSON.stringify({ v: VERSION, columns: rows, ...rest, ...joined }));
  const bytes = new Uint8Array(text.length + 8);
  bytes.set(text);
  const view = new DataView(bytes.buffer, text.length);
  view.setUint32(0, text.length, true);
  view.setUint32(4, textCrc(key, text), true);
  return bytes;
}
function textCrc(key, text) {
  return crc32(text, 0, text.length, crc32(utf8Encoder().encode(key)));
}
function directorySize(end) {
  return new DataView(end.buffer, end.byteOffset + end.length - 8, 8).getUint32(0, true) + 8;
}
function decodeDirectory(key, bytes, limit) {
  const text = bytes.subarray(0, -8);
  const sum2 = new DataView(bytes.buffer, bytes.byteOffset + text.length + 4, 4).getUint32(0, true);
  if (textCrc(key, text) !== sum2) throw new RangeError("its directory has a wrong checksum");
  const data = parseJson(utf8Decoder({ fatal: true }).decode(text));
  const { rows, columns, records, amends, incomplete, peers, replaces, repeats = [] } = asDictionary(data, VERSION);
  const { start: start2, sizes, rows: pageRows } = asDictionary(records);
  if (!isCount(rows) || rows < 1 || !isCount(start2) || typeof incomplete !== "boolean") throw malformed2();
  const ended = total(sizes, start2);
  if (total(pageRows, 0) !== rows || sizes.length !== pageRows.length || ended > limit) throw malformed2();
  return {
    rows,
    columns: asList(columns).map((column) => toColumn(asList(column), rows, limit)),
    records: { start: start2, sizes, rows: pageRows },
    amends: asList(amends).map(toAmendment),
    incomplete,
    peers: asList(peers).map(toName),
    replaces: asList(replaces).map(toName),
    repeats: toRepeats(repeats, rows),
  };
}
function toRepeats(list, rows) {
  let left = rows;
  const repeats = asList(list).map((each) => {
    const [experiment, name, own, peers, replaces] = asList(each);
    if (typeof experiment !== "string" || !isCount(own) || own < 1) throw malformed2();
    left -= own;
    return {
      experiment,
      name: toName(name),
      rows: own,
      peers: asList(peers).map(toName),
      replaces: asList(replaces).map(toName),
    };
  });
  if (repeats.length > 0 && left !== 0) throw malformed2();
  return repeats;
}
function toColumn(column, rows, limit) {
  const name = column[0];
  const type = column[1];
  const start2 = column[2];
  const size = column[3];
  const codec = column[4];
  const nulls = column[5];
  const min = column[6];
  const max = column[7];
  if (typeof name !== "string" || !TYPES2.includes(type) || !isCount(start2) || !isCount(size)) throw malformed2();
  if (size === 0 || start2 + size > limit || !isCount(nulls) || nulls > rows) throw malformed2();
  if (codec !== CODEC.none && codec !== CODEC.gzip) throw malformed2();
  const entry = { name, type, start: start2, size, codec, nulls };
  if (min === void 0) return entry;
  if (type === "string" && typeof min === "string" && typeof max === "string") return { ...entry, min, max };
  const least = Number(min);
  const most = Number(max);
  if (!(least <= most)) throw malformed2();
  return { name, type, start: start2, size, codec, nulls, min: least, max: most };
}
function toName(name) {
  if (typeof name !== "string" || !SEGMENT_NAME.test(name)) throw malformed2();
  return name;
}
var toJson = (bound) => (typeof bound === "number" && !Number.isFinite(bound) ? String(bound) : bound);
function toAmendment(amendment) {
  const [id, document, marker] = asList(amendment);
  if (typeof id !== "string" || !isCount(document) || !isCount(marker)) throw malformed2();
  return [id, document, marker];
}
function total(numbers2, start2) {
  const list = asList(numbers2);
  let sum2 = start2;
  for (let i = 0; i < list.length; i++) {
    const number = list[i];
    if ((number | 0) !== number || number < 1) throw malformed2();
    sum2 += number;
  }
  return sum2;
}
function asList(value) {
  if (!Array.isArray(value)) throw malformed2();
  return value;
}
function asDictionary(value, version) {
  if (!isDictionary(value) || value["v"] !== version) throw malformed2();
  return value;
}
var malformed2 = () => new RangeError("its directory is malformed");

// src/backend/key.ts
var MAX_SEGMENT_BYTES2 = 240;
var encoder2 = /* @__PURE__ */ utf8Encoder();
var DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;
function encodeSegment(name, field) {
  if (typeof name !== "string") {
    throw new LedgerError("INVALID_ARGUMENT", `${field} must be a string, but is ${describeType(name)}`, {
      field,
      received: describeType(name),
    });
  }
  const fault = nameFault(name);
  if (fault !== void 0) {
    throw new LedgerError("INVALID_ARGUMENT", `${field} ${fault}`, { field, received: "string" });
  }
  let out = "";
  for (const byte of encoder2.encode(name.normalize("NFC"))) {
    const plain = (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57) || byte === 95 || byte === 45;
    out += plain || (byte === 46 && out !== "") ? String.fromCharCode(byte) : escapeByte(byte);
  }
  if (out.endsWith(".")) out = `${out.slice(0, -1)}=2e`;
  if (DEVICE.test(out)) out = escapeByte(out.charCodeAt(0)) + out.slice(1);
  if (out.length > MAX_SEGMENT_BYTES2) {
    throw new LedgerError(
      "INVALID_ARGUMENT",
      `${field} is too long: it takes ${out.length} bytes as a key, but at most ${MAX_SEGMENT_BYTES2} are allowed`,
      {
        field,
        received: "string",
      },
    );
  }
  return out;
}
function nameFault(name) {
  if (name === "") return "must not be empty";
  if (name.length > MAX_SEGMENT_BYTES2)
    return `must be at most ${MAX_SEGMENT_BYTES2} characters, but has ${name.length}`;
  if (/[\u0000-\u001f\u007f]/.test(name)) return "must not contain control characters";
  if (hasLoneSurrogate(name)) return "must not contain half of a surrogate pair";
  return void 0;
}
function escapeByte(byte) {
  return `=${byte.toString(16).padStart(2, "0")}`;
}

// src/catalog/catalog-entry.ts
var CATALOG_PREFIX = "experiments";
var SEGMENTED_PREFIX = "experiments/=compacted";
function segmentedKey(prefix) {
  return `${SEGMENTED_PREFIX}/${prefix.slice(CATALOG_PREFIX.length + 1)}`;
}
function experimentPrefix(experiment) {
  return `${CATALOG_PREFIX}/${experimentSegment(experiment)}`;
}
function experimentSegment(experiment) {
  let short = experiment;
  for (let most = experiment.length; ; most = Math.floor(most / 2)) {
    short = [...experiment].slice(0, most).join("");
    try {
      const segment = encodeSegment(short, "experiment");
      if (short === experiment) return segment;
      const sum2 = crc32(utf8Encoder().encode(experiment)).toString(16).padStart(8, "0");
      if (segment.length + 10 <= MAX_SEGMENT_BYTES2) return `${segment}=~${sum2}`;
    } catch (error) {
      if (!LedgerError.is(error) || most === 0) throw error;
    }
  }
}
async function createEmpty(backend, key, options = {}) {
  try {
    await backend.create(key, new Uint8Array(0), options);
  } catch (error) {
    if (!LedgerError.hasCode(error, "EXISTS")) throw error;
  }
}

// src/catalog/link-cells.ts
function formatDatasets(datasets) {
  return JSON.stringify(datasets.map(({ name, digest, context, artifact }) => ({ name, digest, context, artifact })));
}
function formatVersions(versions) {
  return JSON.stringify(versions.map(({ name, version, digest }) => ({ name, version, digest })));
}
function parseDatasets(text) {
  return parseList(text, ["name", "digest"], ["context", "artifact"]);
}
function parseList(text, required, optional) {
  let list;
  try {
    list = parseJson(text);
  } catch {
    return void 0;
  }
  const fits = (item) =>
    isDictionary(item) &&
    required.every((key) => typeof item[key] === "string") &&
    optional.every((key) => item[key] === void 0 || typeof item[key] === "string");
  return Array.isArray(list) && list.every(fits) ? list : void 0;
}

// src/catalog/record-pages.ts
var RecordPages = class {
  count;
  /** The beginning of each page in bytes and in rows, and the end of the last page. */
  #starts;
  #firstRows;
  constructor({ start: start2, sizes, rows }) {
    this.count = sizes.length;
    this.#starts = new Float64Array(sizes.length + 1).fill(start2);
    this.#firstRows = new Uint32Array(sizes.length + 1);
    for (let i = 0; i < sizes.length; i++) {
      this.#starts[i + 1] = this.#starts[i] + sizes[i];
      this.#firstRows[i + 1] = this.#firstRows[i] + rows[i];
    }
  }
  at(i) {
    const firstRow = this.#firstRows[i];
    return { start: this.#starts[i], end: this.#starts[i + 1], firstRow, rows: this.#firstRows[i + 1] - firstRow };
  }
  /** Returns the number of the page that holds the record of a row. */
  of(row) {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#firstRows[middle] <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }
};
function toStored({ firstRow, rows }, bytes) {
  const { kind, values, encoding, at, stored, size, crc } = readPageHeader(bytes, 0);
  const gzip2 = bytes.subarray(at);
  const held =
    gzip2.length < 4 ? void 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true);
  const isWhole = stored === gzip2.length && crc === (crc32(gzip2) | 0) && held === size;
  if (kind !== "v1" || encoding !== ENCODING.plain || values !== rows || !isWhole)
    throw new RangeError("the page is malformed");
  if (size > MAX_PAGE_BYTES || inflatesTooFar(stored, size))
    throw new RangeError("a page inflates to more than it may");
  return { firstRow, rows, gzip: gzip2, size };
}

// src/bytes/encode-json.ts
var MAX_BIGINT_DIGITS = 1e3;
var MARK = "$rl";
var BIGINT_LIMIT = 10n ** BigInt(MAX_BIGINT_DIGITS);
function encodeJson(value, field, limits = JSON_LIMITS) {
  const encoder5 = new Encoder(field, limits);
  encoder5.begin(value);
  encoder5.advance(Infinity);
  return encoder5.text;
}
var Encoder = class {
  #field;
  #limits;
  #stack = [];
  #open = /* @__PURE__ */ new Set();
  text = "";
  #values = 0;
  constructor(field, limits) {
    this.#field = field;
    this.#limits = limits;
  }
  begin(value) {
    this.#value(value);
  }
  /** Writes up to `most` members and items. Returns whether the text is complete. */
  advance(most) {
    for (let frame2 = this.#stack.at(-1); frame2 !== void 0; frame2 = this.#stack.at(-1)) {
      if (most-- <= 0) return false;
      if (frame2.next === frame2.length) {
        this.#stack.pop();
        this.#open.delete(frame2.source);
        this.#write(frame2.close);
        continue;
      }
      const key = frame2.keys === void 0 ? frame2.next : frame2.keys[frame2.next];
      frame2.next++;
      const { source } = frame2;
      let item;
      try {
        item = source[key];
      } catch (cause) {
        throw this.#unreadable(source, cause);
      }
      if (item === void 0 && frame2.keys !== void 0) continue;
      if (!frame2.empty) this.#write(",");
      frame2.empty = false;
      if (typeof key === "string") {
        this.#string(key);
        this.#write(":");
      }
      this.#value(item);
    }
    return true;
  }
  #value(value) {
    if (++this.#values > this.#limits.values) throw this.#tooLarge(`${this.#limits.values} values`);
    if (value === null || value === true || value === false) this.#write(String(value));
    else if (typeof value === "string") this.#string(value);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "bigint") this.#bigint(value);
    else if (typeof value === "object") this.#container(value);
    else throw invalidArgument(this.#path(), "JSON data", value);
  }
  #write(text) {
    const { chars } = this.#limits;
    if (this.text.length + text.length > chars) throw this.#tooLarge(`${chars} characters of JSON`);
    this.text += text;
  }
  #string(text) {
    const { chars } = this.#limits;
    if (text.length > chars) throw this.#tooLarge(`${chars} characters of JSON`);
    this.#write(JSON.stringify(text));
  }
  #number(value) {
    if (Number.isFinite(value) && !Object.is(value, -0)) this.#write(String(value));
    else this.#write(`{"${MARK}":"f64","v":"${Object.is(value, -0) ? "-0" : value}"}`);
  }
  #bigint(value) {
    if (value >= BIGINT_LIMIT || value <= -BIGINT_LIMIT) {
      throw invalidArgument(this.#path(), `a bigint of at most ${MAX_BIGINT_DIGITS} digits`, value);
    }
    this.#write(`{"${MARK}":"int","v":"${value}"}`);
  }
  #container(source) {
    if (this.#open.has(source)) throw this.#fault("contains itself: cyclic data cannot be stored", source);
    if (this.#stack.length >= MAX_JSON_DEPTH)
      throw this.#fault(`is nested deeper than ${MAX_JSON_DEPTH} levels`, source);
    let length;
    let keys;
    try {
      if (Array.isArray(source)) length = source.length;
      else if (isPlain(source)) keys = Object.keys(source);
    } catch (cause) {
      throw this.#unreadable(source, cause);
    }
    if (length !== void 0) {
      this.#write("[");
      this.#push({ source, keys: void 0, length, close: "]", next: 0, empty: true });
      return;
    }
    if (keys === void 0) throw invalidArgument(this.#path(), instead(source), source);
    const wrapped = keys.includes(MARK);
    this.#write(wrapped ? `{"${MARK}":"obj","v":{` : "{");
    this.#push({ source, keys, length: keys.length, close: wrapped ? "}}" : "}", next: 0, empty: true });
  }
  #push(frame2) {
    this.#open.add(frame2.source);
    this.#stack.push(frame2);
  }
  #unreadable(value, cause) {
    return this.#fault("cannot be read: a getter or a proxy throws", value, cause);
  }
  #fault(what, value, cause) {
    const field = this.#path();
    return new LedgerError("INVALID_ARGUMENT", `${field} ${what}`, { field, received: describeType(value), cause });
  }
  #tooLarge(limit) {
    return new LedgerError(
      "TOO_LARGE",
      `${this.#field} is too large: more than ${limit}; store it as an artifact instead`,
      {
        field: this.#field,
      },
    );
  }
  #path() {
    let path = this.#field;
    for (const frame2 of this.#stack) {
      if (path.length > 160) return `${path}\u2026`;
      const key = frame2.keys?.[frame2.next - 1];
      if (key === void 0) path += `[${frame2.next - 1}]`;
      else path += /^[A-Za-z_$][\w$]{0,63}$/.test(key) ? `.${key}` : `[${JSON.stringify(key.slice(0, 64))}]`;
    }
    return path;
  }
};
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}
function instead(value) {
  if (isDate(value)) return "JSON data (give a date as a string or as a number of milliseconds)";
  if (isMap(value)) return "JSON data (Object.fromEntries() makes an object of a Map)";
  if (ArrayBuffer.isView(value) || isArrayBuffer(value)) {
    return "JSON data (give numbers as an Array, bytes as an artifact)";
  }
  const type = describeType(value);
  if (type === "Tensor" || type === "Variable") return "JSON data (dataSync() or data() gives the numbers of a Tensor)";
  if (type === "Set" || type.endsWith("Iterator")) return "JSON data (Array.from() makes an Array of it)";
  return "plain JSON data ({ ...value } copies the fields of an instance)";
}

// src/bytes/decode-json.ts
var INTEGER = new RegExp(`^(?:0|-?[1-9][0-9]{0,${MAX_BIGINT_DIGITS - 1}})$`);
function decodeJsonValue(parsed, limits = JSON_LIMITS) {
  const stack = [];
  let values = 0;
  const take = (value) => {
    if (++values > limits.values) throw tooMany(limits);
    if (typeof value === "number" && !Number.isFinite(value)) throw beyond();
    if (typeof value !== "object" || value === null) return value;
    let source = value;
    if (Object.hasOwn(source, MARK)) {
      const scalar = unwrap(source);
      if (typeof scalar !== "object") return scalar;
      source = scalar;
    }
    if (stack.length >= MAX_JSON_DEPTH) throw tooDeep();
    const keys = Array.isArray(source) ? void 0 : Object.keys(source);
    const target = keys === void 0 ? [] : {};
    stack.push({ source, target, keys, length: keys?.length ?? source.length, next: 0 });
    return target;
  };
  const result = take(parsed);
  for (let frame2 = stack.at(-1); frame2 !== void 0; frame2 = stack.at(-1)) {
    if (frame2.next === frame2.length) {
      stack.pop();
      continue;
    }
    if (frame2.keys === void 0) frame2.target[frame2.next] = take(frame2.source[frame2.next]);
    else {
      const key = frame2.keys[frame2.next];
      setOwn(frame2.target, key, take(frame2.source[key]));
    }
    frame2.next++;
  }
  return result;
}
function storedObject(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return void 0;
  const source = value;
  const object = Object.hasOwn(source, MARK) ? unwrap(source) : source;
  return typeof object === "object" ? object : void 0;
}
function unwrap(source) {
  const kind = source[MARK];
  const v = source["v"];
  if (Object.keys(source).length === 2) {
    if (kind === "f64") {
      if (v === "NaN") return Number.NaN;
      if (v === "Infinity") return Number.POSITIVE_INFINITY;
      if (v === "-Infinity") return Number.NEGATIVE_INFINITY;
      if (v === "-0") return -0;
    } else if (kind === "int") {
      if (typeof v === "string" && INTEGER.test(v)) return BigInt(v);
    } else if (kind === "obj" && typeof v === "object" && v !== null && !Array.isArray(v)) {
      return v;
    }
  }
  throw corrupt2(`holds a "${MARK}" that this version does not know`);
}
var tooMany = ({ values }) => corrupt2(`holds more than ${values} values`);
var beyond = () => corrupt2("holds a number beyond float64");
var tooDeep = () => corrupt2(`is nested deeper than ${MAX_JSON_DEPTH} levels`);
function corrupt2(what) {
  return new LedgerError("CORRUPT", `stored JSON ${what}`);
}

// src/journal/recorded-dataset.ts
var MAX_DATASET_COLUMNS = 1e3;

// src/journal/is-recorded-dataset.ts
var TEXTS = ["uri", "context", "artifact"];
var COUNTS = ["size", "rows", "columns"];
var NUMBERS = ["min", "max", "mean"];
function isDatasetList(value) {
  return (
    Array.isArray(value) &&
    value.every((each) => isDictionary(each) && isDatasetData(each) && typeof each["time"] === "number")
  );
}
function isDatasetData(value) {
  const { name, digest, schema, profile } = value;
  return (
    [name, digest].every((each) => typeof each === "string") &&
    TEXTS.every((key) => value[key] === void 0 || typeof value[key] === "string") &&
    COUNTS.every((key) => value[key] === void 0 || isCount(value[key])) &&
    (schema === void 0 || isSchema(schema)) &&
    (profile === void 0 || isProfile(profile))
  );
}
function isSchema(value) {
  return (
    Array.isArray(value) &&
    value.length <= MAX_DATASET_COLUMNS &&
    value.every((each) => isDictionary(each) && ["name", "type"].every((key) => typeof each[key] === "string"))
  );
}
function isProfile(value) {
  if (!isDictionary(value)) return false;
  const columns = Object.values(value);
  return columns.length <= MAX_DATASET_COLUMNS && columns.every((each) => isDictionary(each) && isColumn(each));
}
function isColumn(column) {
  const { nulls, distinct } = column;
  return (
    isCount(nulls) &&
    (distinct === void 0 || isCount(distinct)) &&
    NUMBERS.every((key) => column[key] === void 0 || typeof column[key] === "number")
  );
}

// src/journal/fork-origin.ts
function isForkOrigin(value) {
  return (
    isDictionary(value) && typeof value["run"] === "string" && ID_PATTERN.test(value["run"]) && isInteger(value["step"])
  );
}

// src/journal/recorded-code.ts
var MAX_ARCHIVE_PARTS = 128;

// src/journal/is-recorded-code.ts
var TEXTS2 = ["engineVersion", "commit", "branch", "tag", "entry", "directory"];
function isRecordedCode(value) {
  if (!isDictionary(value)) return false;
  const { engine, dirty, authoredAt, committedAt, incomplete, lockfile, patch, archive } = value;
  return (
    isText(engine) &&
    isDirty(dirty) &&
    TEXTS2.every((name) => value[name] === void 0 || isText(value[name])) &&
    [authoredAt, committedAt].every((each) => each === void 0 || Number.isFinite(each)) &&
    isListOf(value["remotes"], ({ name, url }) => isText(name) && isText(url)) &&
    isListOf(value["changes"], ({ path, status }) => isText(path) && isText(status)) &&
    isListOf(value["untracked"], ({ path, size }) => isText(path) && isCount(size)) &&
    isListOf(value["submodules"], isSubmodule) &&
    (lockfile === void 0 ||
      (isDictionary(lockfile) && [lockfile["path"], lockfile["digest"]].every((each) => isText(each)))) &&
    (patch === void 0 || (isDictionary(patch) && isPatch(patch))) &&
    (archive === void 0 || (isDictionary(archive) && isArchive(archive))) &&
    Array.isArray(incomplete) &&
    incomplete.every(isText)
  );
}
function isSubmodule({ path, commit, dirty }) {
  return isText(path) && (commit === void 0 || isText(commit)) && isDirty(dirty);
}
function isPatch({ digest, size, complete }) {
  return isDigest(digest) && isCount(size) && typeof complete === "boolean";
}
function isArchive({ files, parts, ...stored }) {
  if (!Array.isArray(parts) || parts.length === 0 || parts.length > MAX_ARCHIVE_PARTS) return false;
  return isPatch(stored) && isCount(files) && isListOf(parts, ({ digest, size }) => isDigest(digest) && isCount(size));
}
function isListOf(value, is) {
  return Array.isArray(value) && value.every((item) => isDictionary(item) && is(item));
}
var isText = (value) => typeof value === "string";
var isDirty = (value) => typeof value === "boolean" || value === "unknown";

// src/journal/is-run-record.ts
var ATTRIBUTES = /* @__PURE__ */ runAttributes.flatMap(({ member, type, optional = false, of }) =>
  // What checks the member of the record checks these, too.
  of === void 0 ? [{ member, optional, holds: type === "text" ? "string" : "number" }] : [],
);
function hasMembers(value) {
  if (!isDictionary(value)) return false;
  for (const { member, optional, holds } of ATTRIBUTES) {
    const attribute = value[member];
    if (optional && attribute === void 0) continue;
    if (holds === "string" ? typeof attribute !== holds : !Number.isFinite(attribute)) return false;
  }
  const { id, experiment, metricDefinitions, media = {}, params, tags, environment, error } = value;
  return (
    ID_PATTERN.test(id) &&
    isExperiment(experiment) &&
    isDictionary(params) &&
    isStrings(tags) &&
    [metricDefinitions, media].every((each) => isDictionary(each) && Object.values(each).every(isDictionary)) &&
    ["artifacts", "inputs"].every((key) => isListOf2(value[key], isVersion)) &&
    isListOf2(value["damage"], isDamage) &&
    isDatasetList(value["datasets"]) &&
    (value["code"] === void 0 || isRecordedCode(value["code"])) &&
    (value["forkOf"] === void 0 || isForkOrigin(value["forkOf"])) &&
    [environment, error].every((each) => each === void 0 || isDictionary(each))
  );
}
function isVersion({ name, version, digest, aliases, metadata, size, createdAt, manifest }) {
  return (
    [name, version, digest].every((each) => typeof each === "string") &&
    [size, createdAt].every((each) => typeof each === "number") &&
    Array.isArray(aliases) &&
    isDictionary(metadata) &&
    isDictionary(manifest) &&
    typeof manifest["key"] === "string" &&
    isCount(manifest["size"]) &&
    isDigest(manifest["digest"])
  );
}
function isDamage({ kind, key, message, from, to, more }) {
  return (
    [kind, key, message].every((each) => typeof each === "string") &&
    [from, to, more].every((each) => each === void 0 || isCount(each))
  );
}
var isListOf2 = (value, is) => Array.isArray(value) && value.every((item) => isDictionary(item) && is(item));

// src/catalog/record-json.ts
function encodeRecord(record) {
  const members = Object.entries(record).map(([key, value]) =>
    key === "metrics" ? ["summaries", toLists(record.metrics)] : [key, value],
  );
  return encodeJson(Object.fromEntries(members), "record");
}
function toLists(metrics) {
  const lists = {};
  for (const key of Object.keys(metrics)) {
    const { count, mean, last, min, max, best } = metrics[key];
    const extremes2 = min && max ? [...numbers(min), ...numbers(max), ...(best ? numbers(best) : [])] : [];
    setOwn(lists, key, [count, mean, ...numbers(last), ...extremes2]);
  }
  return lists;
}
function decodeRecord(text) {
  const data = parseJson(text);
  if (!isDictionary(data) || Object.hasOwn(data, "metrics")) throw new RangeError("a record is malformed");
  const summaries = storedObject(data["summaries"]);
  if (summaries === void 0) throw new RangeError("a record is malformed");
  const metrics = {};
  for (const key of Object.keys(summaries)) setOwn(metrics, key, toSummary(summaries[key]));
  data["summaries"] = null;
  const rest = decodeJsonValue(data);
  const record = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => (key === "summaries" ? ["metrics", metrics] : [key, value])),
  );
  if (!hasMembers(record)) throw new RangeError("a record is malformed");
  return record;
}
var numbers = ({ value, step, time }) => [value, step, time];
function toSummary(value) {
  const list = areNumbers(value) ? value : decodeJsonValue(value);
  if (!areNumbers(list)) throw new RangeError("a record is malformed");
  const count = list[0];
  const mean = list[1];
  switch (list.length) {
    case 5:
      return { last: pointAt(list, 2), mean, count };
    case 11:
      return { last: pointAt(list, 2), min: pointAt(list, 5), max: pointAt(list, 8), mean, count };
    case 14:
      return {
        last: pointAt(list, 2),
        min: pointAt(list, 5),
        max: pointAt(list, 8),
        best: pointAt(list, 11),
        mean,
        count,
      };
    default:
      throw new RangeError("a record is malformed");
  }
}
function areNumbers(list) {
  if (!Array.isArray(list)) return false;
  for (let i = 0; i < list.length; i++) if (typeof list[i] !== "number") return false;
  return true;
}
var pointAt = (list, at) => ({
  value: list[at],
  step: list[at + 1],
  time: list[at + 2],
});

// src/catalog/segment-file.ts
var TAIL_BYTES = 262144;
var END_BYTES = 8;
var SegmentFile = class _SegmentFile {
  name;
  directory;
  #tail;
  constructor(name, directory, tail) {
    this.name = name;
    this.directory = directory;
    this.#tail = tail;
  }
  static async open(backend, name, signal) {
    let tail = await readTail(backend, name, TAIL_BYTES, signal);
    let end = directoryEnd(tail, name);
    if (end - 8 < tail.start) {
      tail = await readTail(backend, name, name.size - end + TAIL_BYTES, signal);
      end = directoryEnd(tail, name);
    }
    const size = directorySize(tail.bytes.subarray(0, end - tail.start));
    if (size > Math.min(end, MAX_FOOTER_BYTES)) throw new RangeError("its directory has an impossible length");
    const start2 = end - size;
    if (start2 < tail.start) tail = await readTail(backend, name, name.size - start2, signal);
    return new _SegmentFile(
      name,
      { start: start2, bytes: tail.bytes.subarray(start2 - tail.start, end - tail.start) },
      tail,
    );
  }
  /**
   * Reads ranges, with at most `most` requests to an object store. Returns a function that returns the bytes of each
   * range.
   */
  async read(backend, ranges, most, signal) {
    const outside = ranges.filter(({ start: start2 }) => start2 < this.#tail.start);
    const planned = planRanges(outside, backend.capabilities.append ? Number.POSITIVE_INFINITY : most);
    const pieces = await Promise.all(
      planned.map(async (range) => ({ start: range.start, bytes: await read(backend, this.name, range, signal) })),
    );
    pieces.push(this.#tail);
    return ({ start: start2, end }) => {
      const piece = pieces.find((each) => each.start <= start2 && end <= each.start + each.bytes.length);
      if (piece === void 0) throw new RangeError("it is malformed");
      return piece.bytes.subarray(start2 - piece.start, end - piece.start);
    };
  }
};
var NEAR_BYTES = 65536;
function planRanges(wanted, most) {
  const joined = [];
  for (const { start: start2, end } of wanted.toSorted((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last !== void 0 && start2 - last.end <= NEAR_BYTES) last.end = Math.max(last.end, end);
    else joined.push({ start: start2, end });
  }
  const gaps = joined
    .slice(1)
    .map(({ start: start2 }, i) => ({ at: i + 1, bytes: start2 - joined[i].end }))
    .sort((a, b) => b.bytes - a.bytes || a.at - b.at);
  const kept = new Set(gaps.slice(0, Math.max(0, most - 1)).map(({ at }) => at));
  return joined.reduce((ranges, range, i) => {
    const last = ranges.at(-1);
    if (last === void 0 || kept.has(i)) ranges.push({ ...range });
    else last.end = range.end;
    return ranges;
  }, []);
}
async function readTail(backend, name, length, signal) {
  const start2 = Math.max(0, name.size - length);
  return { start: start2, bytes: await read(backend, name, { start: start2, end: name.size }, signal) };
}
function directoryEnd({ bytes }, { size }) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(bytes.length - 4, true) !== MAGIC) throw new RangeError("it is not a Parquet file");
  const end = size - END_BYTES - view.getUint32(bytes.length - END_BYTES, true);
  if (end < Math.max(END_BYTES, size - MAX_FOOTER_BYTES)) throw new RangeError("its footer has an impossible length");
  return end;
}
async function read(backend, { key }, { start: start2, end }, signal) {
  const length = end - start2;
  const bytes = await backend.read(key, { range: { offset: start2, length }, ...(signal && { signal }) });
  if (bytes.length !== length) throw new RangeError("it is shorter than its listed size");
  return bytes;
}
async function orCorrupt(key, signal, work) {
  try {
    return await work();
  } catch (cause) {
    if (signal?.aborted || (LedgerError.is(cause) && cause.code !== "CORRUPT")) throw cause;
    throw corrupt3(key, cause);
  }
}
function corrupt3(key, cause) {
  return new LedgerError("CORRUPT", `${key} is damaged: ${cause.message}`, { key, cause });
}

// src/catalog/segment.ts
var PAGES_AT_ONCE = 64;
var INFLATED_AT_ONCE = 4 * 1024 * 1024;
var PIECE_BYTES = 4 * 1024 * 1024;
var Segment = class _Segment {
  name;
  directory;
  #file;
  #columns;
  /** The bytes of columns that nobody has looked at yet. */
  #unread = /* @__PURE__ */ new Map();
  #cells = /* @__PURE__ */ new Map();
  #pages;
  constructor(file, directory) {
    this.name = file.name;
    this.directory = directory;
    this.#file = file;
    this.#columns = new Map(directory.columns.map((column) => [column.name, column]));
    if (directory.rows > MAX_SEGMENT_ROWS || this.#columns.size !== directory.columns.length)
      throw new RangeError("its directory is malformed");
    checkColumns(this.#columns);
    this.#pages = new RecordPages(directory.records);
  }
  static async open(backend, name, signal) {
    return await orCorrupt(name.key, signal, async () => {
      const file = await SegmentFile.open(backend, name, signal);
      return new _Segment(file, decodeDirectory(name.key, file.directory.bytes, file.directory.start));
    });
  }
  get rows() {
    return this.directory.rows;
  }
  /** The number of cells in memory. */
  get held() {
    return (this.#cells.size + this.#unread.size) * this.rows;
  }
  /** Returns what the directory says about a column. */
  column(name) {
    return this.#columns.get(name);
  }
  /** Returns a loaded column, or `undefined` if the segment has no column of that name. */
  cells(name) {
    const bytes = this.#unread.get(name);
    if (bytes !== void 0) {
      try {
        const cells2 = decodeCells(bytes, this.#columns.get(name), this.rows);
        this.#cells.set(name, cells2);
      } catch (cause) {
        throw corrupt3(this.name.key, cause);
      }
      this.#unread.delete(name);
    }
    return this.#cells.get(name);
  }
  /** Returns the id of a row's run. */
  idAt(row) {
    const id = this.cells("run_id").at(row);
    if (!ID_PATTERN.test(id)) throw corrupt3(this.name.key, new RangeError("an id in it is not valid"));
    return id;
  }
  /** Reads the named columns that exist and are not in memory yet, with at most `most` requests to an object store. */
  async load(backend, names, most, signal) {
    const wanted = [...new Set(names)].flatMap((name) => (this.#has(name) ? [] : (this.#columns.get(name) ?? [])));
    for (const { name, size } of wanted)
      if (size > MAX_COLUMN_BYTES)
        throw corrupt3(this.name.key, new RangeError(`column ${name.slice(0, 250)} is too long`));
    const rangeOf = ({ start: start2, size }) => ({ start: start2, end: start2 + size });
    await orCorrupt(this.name.key, signal, async () => {
      const bytesOf = await this.#file.read(backend, wanted.map(rangeOf), most, signal);
      for (const column of wanted) this.#unread.set(column.name, bytesOf(rangeOf(column)));
    });
  }
  /** Returns the records of some rows, with at most `most` requests to an object store. */
  async records(backend, rows, most, signal) {
    return await orCorrupt(this.name.key, signal, async () => {
      const pages = /* @__PURE__ */ new Map();
      for (const row of rows) {
        const page = this.#pages.of(row);
        const own2 = pages.get(page);
        if (own2) own2.push(row);
        else pages.set(page, [row]);
      }
      const wanted = [...pages.keys()].map((page) => this.#pages.at(page));
      const bytesOf = await this.#file.read(backend, wanted, most, signal);
      const own = [...pages.values()];
      const stored = [];
      for (const page of wanted) {
        stored.push(toStored(page, bytesOf(page)));
        await breakIfDue();
      }
      const records = /* @__PURE__ */ new Map();
      for (let i = 0, next = 0; i < stored.length; i = next) {
        next = endOfBatch(stored, i);
        const some = stored.slice(i, next);
        for (const [k, bytes] of gunzipAll(some).entries()) {
          const { firstRow, rows: count } = some[k];
          const texts = decodeTexts(bytes, count);
          for (const row of own[i + k]) {
            records.set(row, this.#toRecord(texts.at(row - firstRow), row));
            await breakIfDue();
          }
        }
      }
      return records;
    });
  }
  /** Yields the pages of records as they are stored. */
  async *storedPages(backend, signal) {
    for (let i = 0; i < this.#pages.count;) {
      const first = this.#pages.at(i);
      const some = [first];
      while (i + some.length < this.#pages.count) {
        const next = this.#pages.at(i + some.length);
        if (next.end > first.start + PIECE_BYTES) break;
        some.push(next);
      }
      const bytesOf = await orCorrupt(this.name.key, signal, () => this.#file.read(backend, some, 1, signal));
      for (const page of some) yield await orCorrupt(this.name.key, signal, async () => toStored(page, bytesOf(page)));
      i += some.length;
    }
  }
  /** Returns the texts of the records of some rows of a page. */
  textsOf(page, rows) {
    try {
      const texts = decodeTexts(gunzip(page.gzip, page.size, true), page.rows);
      return rows.map((row) => texts.at(row - page.firstRow));
    } catch (cause) {
      throw corrupt3(this.name.key, cause);
    }
  }
  /** Returns the data sets of a cell. */
  parseDatasets(text) {
    const datasets = parseDatasets(text);
    if (datasets === void 0) throw corrupt3(this.name.key, new RangeError("data sets are malformed"));
    return datasets;
  }
  /**
   * Returns the record of a row. Throws if it is the record of another run, or of an experiment that does not belong
   * here.
   */
  #toRecord(text, row) {
    const record = decodeRecord(text);
    const { key } = this.name;
    const belongs =
      this.directory.repeats.length > 0 || key.startsWith(`${experimentPrefix(record.experiment)}/segments/`);
    if (!belongs || !this.#mayBeOf(row, record.id)) throw new RangeError("a record is malformed");
    return record;
  }
  /**
   * Compares the ids only if they are already inflated, because inflating them takes longer than reading some records.
   */
  #mayBeOf(row, id) {
    if (this.#cells.has("run_id")) return this.idAt(row) === id;
    const { min, max } = this.#columns.get("run_id");
    return min <= id && id <= max;
  }
  #has(column) {
    return this.#cells.has(column) || this.#unread.has(column);
  }
};
function endOfBatch(pages, start2) {
  let next = start2;
  for (let bytes = 0; next < pages.length && next < start2 + PAGES_AT_ONCE; next++) {
    bytes += pages[next].size;
    if (next > start2 && bytes > INFLATED_AT_ONCE) break;
  }
  return next;
}

// src/catalog/segment-cache.ts
var MAX_CELLS = 8e6;
var MAX_SEGMENTS = 256;
var SegmentCache = class {
  #backend;
  #segments = /* @__PURE__ */ new Map();
  constructor(backend) {
    this.#backend = backend;
  }
  async open(name, signal) {
    const known = this.#segments.get(name.key);
    this.#segments.delete(name.key);
    const segment = known ?? Segment.open(this.#backend, name, signal);
    this.#segments.set(name.key, segment);
    try {
      return await segment;
    } catch (error) {
      if (this.#segments.get(name.key) === segment) this.#segments.delete(name.key);
      if (known !== void 0 && !signal?.aborted) return await this.open(name, signal);
      throw error;
    }
  }
  forget({ key }) {
    this.#segments.delete(key);
  }
  /** Forgets the least recently used segments beyond the limit. */
  async trim() {
    let cells2 = 0;
    let segments = 0;
    for (const [key, opened] of [...this.#segments].reverse()) {
      const segment = await opened.catch(() => void 0);
      cells2 += segment?.held ?? 0;
      if (++segments > MAX_SEGMENTS || cells2 > MAX_CELLS) this.#segments.delete(key);
    }
  }
};

// src/parquet/byte-sink.ts
var ByteSink = class {
  /** The buffer. A write that does not fit replaces it by a larger one. */
  room = new Uint8Array(1024);
  #view = new DataView(this.room.buffer);
  /** Index in `room` of the next byte. */
  index = 0;
  #before = 0;
  /** The number of bytes written in all, before and after restarts. */
  get offset() {
    return this.#before + this.index;
  }
  /** The bytes written since the last restart: a view, not a copy. */
  get written() {
    return this.room.subarray(0, this.index);
  }
  /** Forgets the bytes written so far, but keeps the buffer. `offset` keeps counting. */
  restart() {
    this.#before += this.index;
    this.index = 0;
  }
  /** Makes room for `size` more bytes. */
  ensure(size) {
    const needed = this.index + size;
    if (needed <= this.room.length) return;
    const larger = new Uint8Array(Math.max(2 * this.room.length, needed));
    larger.set(this.written);
    this.room = larger;
    this.#view = new DataView(larger.buffer);
  }
  byte(value) {
    this.ensure(1);
    this.room[this.index++] = value;
  }
  bytes(value) {
    this.ensure(value.length);
    this.room.set(value, this.index);
    this.index += value.length;
  }
  uint32(value) {
    this.ensure(4);
    this.#view.setUint32(this.index, value, true);
    this.index += 4;
  }
  int64(value) {
    this.ensure(8);
    this.#view.setBigInt64(this.index, value, true);
    this.index += 8;
  }
  /** Writes an unsigned number of up to 32 bits as a varint, seven bits a byte. */
  varint(value) {
    for (; value & ~127; value >>>= 7) this.byte((value & 127) | 128);
    this.byte(value);
  }
  /**
   * Writes a signed number as a zigzag varint: a number of up to 32 bits, or a bigint of up to 64. Small ones take few
   * bytes.
   */
  zigzag(value) {
    if (typeof value === "number") return this.varint((value << 1) ^ (value >> 31));
    let rest = (value << 1n) ^ (value >> 63n);
    for (; rest > 127n; rest >>= 7n) this.byte(Number(rest & 127n) | 128);
    this.byte(Number(rest));
  }
};

// src/parquet/footer-checksum.ts
var FOOTER_CHECKSUM_KEY = "runledger.crc32";
function footerChecksum(bytes) {
  return toDigits(crc32(Uint8Array.of(8), 0, 1, crc32(bytes)));
}
function toDigits(crc) {
  return crc.toString(16).padStart(8, "0");
}

// src/parquet/thrift-write.ts
var encoder3 = /* @__PURE__ */ utf8Encoder();
function writeStruct(out, struct) {
  let last = 0;
  for (const [id, value] of Object.entries(struct)) {
    if (value === void 0) continue;
    out.byte(((Number(id) - last) << 4) | typeOf(value));
    last = Number(id);
    writeValue(out, value);
  }
  out.byte(0);
}
function typeOf(value) {
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
function writeValue(out, value) {
  if (typeof value === "number" || typeof value === "bigint") out.zigzag(value);
  else if (typeof value === "string") writeBytes(out, encoder3.encode(value));
  else if (typeof value === "function") writeBytes(out, encoder3.encode(value()));
  else if (isBytes(value)) writeBytes(out, value);
  else if (isList(value)) {
    const type = typeOf(value[0]);
    if (value.length < 15) out.byte((value.length << 4) | type);
    else {
      out.byte(240 | type);
      out.varint(value.length);
    }
    for (const element of value) writeValue(out, element);
  } else if (typeof value === "object") writeStruct(out, value);
}
function writeBytes(out, bytes) {
  out.varint(bytes.length);
  out.bytes(bytes);
}
function isList(value) {
  return Array.isArray(value);
}

// src/parquet/footer-write.ts
var TEXT2 = {
  type: TYPE.byteArray,
  converted: CONVERTED.utf8,
  logical: { 1: {} },
};
var TIMESTAMP = {
  type: TYPE.int64,
  converted: CONVERTED.timestampMillis,
  logical: { 8: { 1: true, 2: { 1: {} } } },
};
function writeFooter(out, columns, groups) {
  const start2 = out.index;
  writeStruct(out, {
    1: 2,
    // version
    2: [{ 4: "schema", 5: columns.length }, ...columns.map(schemaElement)],
    3: int64(groups.reduce((total2, { rows }) => total2 + rows, 0)),
    // num_rows
    4: groups.map(rowGroup),
    5: [{ 1: FOOTER_CHECKSUM_KEY, 2: () => footerChecksum(out.written.subarray(start2)) }],
    // key_value_metadata
    6: "runledger",
    // created_by
    7: columns.map(() => ({ 1: {} })),
    // column_orders: the order of the type
  });
}
function schemaElement({ name, type, optional, converted, logical }) {
  return { 1: type, 3: optional ? REPETITION.optional : REPETITION.required, 4: name, 6: converted, 10: logical };
}
function rowGroup({ chunks, rows, start: start2, end, sortedBy }) {
  return {
    // file_offset (deprecated), meta_data, offset_index_offset, offset_index_length
    1: chunks.map((chunk) => ({
      2: 0n,
      3: columnMetaData(chunk),
      4: chunk.index && int64(chunk.index.start),
      5: chunk.index?.size,
    })),
    2: int64(chunks.reduce((total2, { unpackedSize }) => total2 + unpackedSize, 0)),
    // total_byte_size
    3: int64(rows),
    // num_rows
    4: sortedBy === void 0 ? void 0 : [{ 1: sortedBy, 2: false, 3: false }],
    // descending, nulls_first
    5: int64(start2),
    // file_offset
    6: int64(end - start2),
    // total_compressed_size
  };
}
function columnMetaData(chunk) {
  const { element, start: start2, dataStart, statistics } = chunk;
  return {
    1: element.type,
    2: chunk.encodings,
    3: [element.name],
    // path_in_schema
    4: chunk.gzip ? CODEC.gzip : CODEC.none,
    5: int64(chunk.values),
    6: int64(chunk.unpackedSize),
    7: int64(chunk.size),
    9: int64(dataStart),
    11: dataStart === start2 ? void 0 : int64(start2),
    // dictionary_page_offset
    12: {
      3: int64(statistics.nulls),
      5: statistics.max,
      6: statistics.min,
      7: statistics.maxExact,
      8: statistics.minExact,
    },
  };
}
function int64(value) {
  return BigInt(value);
}
function beginFile(out) {
  if (out.offset === 0) out.uint32(MAGIC);
}
function endFile(out, columns, groups) {
  beginFile(out);
  const start2 = out.index;
  writeFooter(out, columns, groups);
  out.uint32(out.index - start2);
  out.uint32(MAGIC);
}

// src/parquet/column-chunk-write.ts
function* writeChunkInPieces(out, element, pages, compressor2, statistics) {
  compressor2.reset();
  const raw = sum(pages.map(({ bytes }) => bytes));
  const packed = [];
  if (raw >= SMALL_BYTES)
    for (const page of pages)
      packed.push(
        compressor2.compressInPieces ? yield* compressor2.compressInPieces(page) : compressor2.compress(page),
      );
  const gzip2 = raw >= SMALL_BYTES && sum(packed) < raw;
  const start2 = out.offset;
  let unpackedSize = 0;
  let dataStart = start2;
  let values = 0;
  for (const [i, page] of pages.entries()) {
    const body = gzip2 ? packed[i] : page.bytes;
    const pageStart = out.offset;
    writeHeader(out, page, page.bytes.length, body);
    unpackedSize += out.offset - pageStart + page.bytes.length;
    out.bytes(body);
    if (!page.isDictionary) {
      dataStart = pageStart;
      values += page.count;
    }
  }
  const encodings = [.../* @__PURE__ */ new Set([...pages.map(({ encoding }) => encoding), ENCODING.rle])];
  const size = out.offset - start2;
  return { element, encodings, gzip: gzip2, values, unpackedSize, size, start: start2, dataStart, statistics };
}
var PagedChunk = class {
  locations = [];
  #out;
  #element;
  #compressor;
  #start;
  #unpackedSize = 0;
  #values = 0;
  constructor(out, element, compressor2) {
    this.#out = out;
    this.#element = element;
    this.#compressor = compressor2;
    this.#start = out.offset;
  }
  add(page) {
    this.addPacked(page, this.#compressor.compress(page), page.bytes.length);
  }
  /** Adds a page that is already compressed: `body` inflates to `size` bytes. */
  addPacked({ encoding, count }, body, size) {
    const start2 = this.#out.offset;
    writeHeader(this.#out, { encoding, count }, size, body);
    this.#unpackedSize += this.#out.offset - start2 + size;
    this.#out.bytes(body);
    this.locations.push({ start: start2, size: this.#out.offset - start2, firstRow: this.#values });
    this.#values += count;
  }
  /** Returns what the footer states about the chunk. */
  end(statistics) {
    const start2 = this.#start;
    return {
      element: this.#element,
      encodings: [ENCODING.plain, ENCODING.rle],
      gzip: true,
      values: this.#values,
      unpackedSize: this.#unpackedSize,
      size: this.#out.offset - start2,
      start: start2,
      dataStart: start2,
      statistics,
    };
  }
};
var SMALL_BYTES = 256;
function writeHeader(out, { isDictionary: isDictionary2, encoding, count }, size, body) {
  writeStruct(out, {
    1: isDictionary2 ? PAGE.dictionary : PAGE.data,
    2: size,
    3: body.length,
    4: crc32(body) | 0,
    // Fields 3 and 4 are the encodings of levels. Parquet requires them even if the page has no levels.
    5: isDictionary2 ? void 0 : { 1: count, 2: encoding, 3: ENCODING.rle, 4: ENCODING.rle },
    7: isDictionary2 ? { 1: count, 2: encoding } : void 0,
  });
}
function sum(parts) {
  return parts.reduce((total2, { length }) => total2 + length, 0);
}

// src/parquet/fflate-compressor.ts
import { Deflate, deflateSync } from "fflate";

// src/backend/body.ts
function concatBytes(parts, total2 = sumOf(parts)) {
  const out = new Uint8Array(total2);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}
function sumOf(parts) {
  let total2 = 0;
  for (const part of parts) total2 += part.byteLength;
  return total2;
}
function byteStream(chunks, size) {
  const stream = { [Symbol.asyncIterator]: () => chunks[Symbol.asyncIterator]() };
  return size === void 0 ? stream : Object.assign(stream, { size });
}

// src/bytes/gzip-member.ts
var GZIP_HEADER = 10;
var GZIP_TRAILER = 8;
function gzipMember(data, deflated) {
  return gzipMemberOf(deflated, crc32(data), data.length);
}
function gzipMemberOf(deflated, crc, size) {
  const out = new Uint8Array(GZIP_HEADER + deflated.length + GZIP_TRAILER);
  out.set(deflated, GZIP_HEADER);
  frame(crc, size, out, GZIP_HEADER + deflated.length);
  return out;
}
function frame(crc, size, out, end) {
  out.set([31, 139, 8, 0, 0, 0, 0, 0, 4, 255]);
  for (let i = 0; i < 4; i++) {
    out[end + i] = crc >>> (8 * i);
    out[end + 4 + i] = size >>> (8 * i);
  }
  return end + GZIP_TRAILER;
}

// src/parquet/fflate-compressor.ts
var PIECE_BYTES2 = 131072;
var OPTIONS = { level: 6 };
var generalCompressor = {
  compress: (page) => inOneGo(compressInPieces(page)),
  compressInPieces,
  reset: () => {},
};
function* compressInPieces({ bytes }) {
  if (bytes.length < 2 * PIECE_BYTES2) return gzipMember(bytes, deflateSync(bytes, OPTIONS));
  const deflated = [];
  const stream = new Deflate(OPTIONS, (piece) => deflated.push(piece));
  for (let start2 = 0; start2 < bytes.length; start2 += PIECE_BYTES2) {
    const end = start2 + PIECE_BYTES2;
    stream.push(bytes.subarray(start2, end), end >= bytes.length);
    yield;
  }
  return gzipMember(bytes, concatBytes(deflated));
}

// src/parquet/statistics.ts
function numberBounds(parts) {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const values of parts) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  if (min > max) return void 0;
  return { min: min === 0 ? -0 : min, max: max === 0 ? 0 : max };
}
var decoder3 = /* @__PURE__ */ utf8Decoder();
var encoder4 = /* @__PURE__ */ utf8Encoder();
function shortBounds(min, max, most) {
  const least = start(min, most);
  const greatest = max.length > most ? above(start(max, most), most) : void 0;
  return {
    min: least,
    max: greatest ?? max,
    ...(least.length < min.length && { minExact: false }),
    ...(greatest && { maxExact: false }),
  };
}
function start(bytes, most) {
  let end = Math.min(most, bytes.length);
  while (end < bytes.length && (bytes[end] & 192) === 128) end--;
  return bytes.subarray(0, end);
}
function above(bytes, most) {
  const characters = [...decoder3.decode(bytes)];
  while (characters.length > 0) {
    const code = characters.pop().codePointAt(0) + 1;
    if (code > 1114111) continue;
    const text = encoder4.encode(characters.join("") + String.fromCodePoint(code === 55296 ? 57344 : code));
    if (text.length <= most) return text;
  }
  return void 0;
}

// src/bytes/utf8-order.ts
function compareUtf8(a, b) {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
function rank(unit) {
  return unit < 55296 ? unit : unit < 57344 ? unit + 8192 : unit - 2048;
}

// src/parquet/table-write.ts
var PIECE_BYTES3 = 65536;
var LONGEST_BOUND = 64;
function elementOf({ name, type, nulls }) {
  const optional = nulls !== void 0;
  if (type === "double") return { name, type: TYPE.double, optional };
  if (type === "int64") return { name, type: TYPE.int64, optional };
  if (type === "boolean") return { name, type: TYPE.boolean, optional };
  return { name, optional, ...(type === "timestamp" ? TIMESTAMP : TEXT2) };
}
function* encodeChunkInPieces(out, element, column, start2, end, compressor2 = generalCompressor) {
  const page = new ByteSink();
  const { nulls } = column;
  if (nulls) writePresence(nulls, start2, end, page);
  const rows = [];
  for (let row = start2; row < end; row++) if (!nulls?.[row]) rows.push(row);
  const statistics = { nulls: end - start2 - rows.length, ...(yield* writeValues(column, rows, page)) };
  yield;
  const pages = [{ encoding: ENCODING.plain, count: end - start2, bytes: page.written }];
  return yield* writeChunkInPieces(out, element, pages, compressor2, statistics);
}
function writePresence(nulls, start2, end, page) {
  const levels = new ByteSink();
  levels.varint(Math.ceil((end - start2) / 8) * 2 + 1);
  writeBits(end - start2, (i) => !nulls[start2 + i], levels);
  page.uint32(levels.index);
  page.bytes(levels.written);
}
function writeBits(count, bit, page) {
  for (let i = 0; i < count; i += 8) {
    let byte = 0;
    for (let j = i; j < Math.min(i + 8, count); j++) if (bit(j)) byte |= 1 << (j - i);
    page.byte(byte);
  }
}
function* writeValues({ name, type, values }, rows, page) {
  if (type === "double") {
    const chosen = Float64Array.from(rows, (row) => values[row]);
    writePlain64(chosen, page);
    const bounds = numberBounds([chosen]);
    return bounds ? { min: plainBound(bounds.min), max: plainBound(bounds.max) } : {};
  }
  if (type === "int64" || type === "timestamp") {
    const chosen = BigInt64Array.from(rows, (row) => toBigInt(values[row], name));
    yield;
    writePlain64(chosen, page);
    return extremes(chosen, (a, b) => (a < b ? -1 : 1));
  }
  if (type === "boolean") {
    for (const row of rows) check(values[row], "boolean", "booleans", name);
    writeBits(rows.length, (i) => values[rows[i]], page);
    return extremes(
      rows.map((row) => values[row]),
      (a, b) => Number(a) - Number(b),
    );
  }
  let next = page.index + PIECE_BYTES3;
  for (const row of rows) {
    check(values[row], "string", "strings", name);
    writePlainString(values[row], page);
    if (page.index < next) continue;
    next = page.index + PIECE_BYTES3;
    yield;
  }
  yield;
  return extremes(
    rows.map((row) => values[row]),
    compareUtf8,
  );
}
function extremes(values, compare2) {
  if (values.length === 0) return {};
  let min = values[0];
  let max = min;
  for (let i = 1; i < values.length; i++) {
    const value = values[i];
    if (compare2(value, min) < 0) min = value;
    if (compare2(value, max) > 0) max = value;
  }
  return shortBounds(plainBound(min), plainBound(max), LONGEST_BOUND);
}
function toBigInt(value, name) {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw invalidArgument(`columns[${name}].values`, "safe integers", value);
  }
  return BigInt(value);
}
function check(value, type, expected, name) {
  if (typeof value !== type) throw invalidArgument(`columns[${name}].values`, expected, value);
}

// src/parquet/paged-table-write.ts
var PAGE_BYTES = 16384;
var compressor = {
  compress: ({ bytes }) => {
    const packed = gzip(bytes);
    return inflatesTooFar(packed.length, bytes.length) ? gzip(bytes, true) : packed;
  },
  reset: () => {},
};
var PagedTableWriter = class {
  #out = new ByteSink();
  #texts;
  #element;
  #page = new ByteSink();
  #pageRows = 0;
  #rows = 0;
  /** `texts` is the name of the column of texts. */
  constructor(texts) {
    beginFile(this.#out);
    this.#element = elementOf({ name: texts, type: "string" });
    this.#texts = new PagedChunk(this.#out, this.#element, compressor);
  }
  /** The number of bytes written so far. */
  get size() {
    return this.#out.offset;
  }
  /** Adds the text of the next row. */
  add(text) {
    writePlainString(text, this.#page);
    this.#pageRows++;
    this.#rows++;
    if (this.#page.index >= PAGE_BYTES) this.#endPage();
  }
  /** Adds the texts of the next rows as a page copied from another such file. The page inflates to `size` bytes. */
  copyPage(gzip2, rows, size) {
    this.#endPage();
    this.#texts.addPacked({ encoding: ENCODING.plain, count: rows }, gzip2, size);
    this.#rows += rows;
  }
  /** Returns a copy of the bytes written since the last call. */
  take() {
    const bytes = this.#out.written.slice();
    this.#out.restart();
    return bytes;
  }
  /**
   * Writes the other columns, which must have as many rows, and the footer. Between them it writes the bytes that
   * `describe` returns, where no reader of Parquet looks. Yields where it may be interrupted.
   */
  *endInPieces(columns, describe2) {
    this.#endPage();
    const out = this.#out;
    const rows = this.#rows;
    const { locations } = this.#texts;
    const texts = this.#texts.end({ nulls: 0 });
    const chunks = [];
    for (const column of columns) {
      chunks.push(yield* encodeChunkInPieces(out, elementOf(column), column, 0, rows, compressor));
      yield;
    }
    const end = out.offset;
    const pages = locations.map(({ start: start2, size, firstRow }) => ({
      1: BigInt(start2),
      2: size,
      3: BigInt(firstRow),
    }));
    writeStruct(out, { 1: pages });
    const indexed = { ...texts, index: { start: end, size: out.offset - end } };
    yield;
    out.bytes(describe2(chunks, locations));
    yield;
    const all = [...chunks, indexed];
    endFile(
      out,
      all.map(({ element }) => element),
      [{ chunks: all, rows, start: texts.start, end }],
    );
  }
  #endPage() {
    if (this.#pageRows === 0) return;
    this.#texts.add({ encoding: ENCODING.plain, count: this.#pageRows, bytes: this.#page.written });
    this.#page.restart();
    this.#pageRows = 0;
  }
};

// src/catalog/columns-builder.ts
var MAX_COLUMNS = 4e3;
var MAX_NAME_LENGTH = 1e3;
var ATTRIBUTES2 = /* @__PURE__ */ attributeColumns.filter(({ member }) => member !== "id");
var ColumnsBuilder = class {
  #sparse = new Map(
    [...ATTRIBUTES2.map(({ column }) => column), "datasets", "artifacts", "inputs"].map((name) => [name, newColumn()]),
  );
  #rows = [];
  /** True if a value has no column. */
  incomplete = false;
  get rows() {
    return this.#rows.length;
  }
  /** The number of cells that hold a value. */
  cells = 0;
  /** The UTF-16 code units of all texts. */
  textLength = 0;
  add({ record, document, marker }) {
    const row = this.#rows.push({ id: record.id, document, marker }) - 1;
    const put = (name, cell) => this.#put(row, name, cell);
    for (const attribute of ATTRIBUTES2) put(attribute.column, attributeValue(record, attribute));
    if (record.datasets.length > 0) put("datasets", formatDatasets(record.datasets));
    for (const list of ["artifacts", "inputs"]) if (record[list].length > 0) put(list, formatVersions(record[list]));
    for (const key of Object.keys(record.tags)) put(`tags.${key}`, record.tags[key]);
    for (const [path, leaf] of flattenParams(record.params)) put(`params.${path}`, leaf ?? void 0);
    putMetrics(record.metrics, put);
  }
  /** Adds a row of a segment in which every value has a column. */
  addStored({ ids, documents, markers, fields }, at) {
    const numbers2 = { id: ids(at), document: Number(documents.at(at)), marker: Number(markers.at(at)) };
    const row = this.#rows.push(numbers2) - 1;
    for (const { name, cells: cells2 } of fields) this.#put(row, name, firstOf(cells2, at));
    return numbers2;
  }
  /** Builds the columns one at a time, when the caller asks for the next. */
  *columns() {
    yield { name: "run_id", type: "string", values: this.#rows.map(({ id }) => id) };
    yield { name: "document", type: "int64", values: Float64Array.from(this.#rows, ({ document }) => document) };
    yield { name: "marker", type: "int64", values: Float64Array.from(this.#rows, ({ marker }) => marker) };
    for (const [name, column] of this.#sparse)
      if (column.rows.length > 0 && !column.isUnfit) yield* this.#dense(name, column);
  }
  #put(row, name, cell) {
    if (cell === void 0) return;
    let column = this.#sparse.get(name);
    if (column === void 0) {
      if (this.#sparse.size === MAX_COLUMNS || name.length > MAX_NAME_LENGTH || hasLoneSurrogate(name)) {
        this.incomplete = true;
        return;
      }
      this.#sparse.set(name, (column = newColumn()));
    }
    if (typeof cell === "number") column.numbers++;
    else if (typeof cell === "boolean") column.booleans++;
    else if (typeof cell === "bigint") {
      column.integers++;
      this.textLength += 2 * String(cell).length;
    } else if (cell === NESTED) column.nested++;
    else {
      this.textLength += cell.length;
      if (hasLoneSurrogate(cell)) this.incomplete = column.isUnfit = true;
    }
    column.rows.push(row);
    column.cells.push(cell);
    this.cells++;
  }
  *#dense(name, column) {
    const { cells: cells2, numbers: numbers2, booleans, integers, nested } = column;
    const path = name.slice("params.".length);
    const isNumber = (cell) => typeof cell === "number";
    const isBoolean = (cell) => typeof cell === "boolean";
    const ofNumbers = (named) => {
      const values = new Float64Array(this.rows);
      const nulls = this.#spread(column, values, (cell) => (isNumber(cell) ? cell : void 0));
      const isTime =
        TIME_COLUMNS.includes(named) && values.every((ms) => Number.isSafeInteger(ms) && !Object.is(ms, -0));
      return { name: named, type: isTime ? "timestamp" : "double", values, ...nulls };
    };
    const ofBooleans = (named) => {
      const values = new Array(this.rows).fill(false);
      const nulls = this.#spread(column, values, (cell) => (isBoolean(cell) ? cell : void 0));
      return { name: named, type: "boolean", values, ...nulls };
    };
    const ofTexts = (named, toText) => {
      const values = new Array(this.rows).fill("");
      const nulls = this.#spread(column, values, toText);
      return { name: named, type: "string", values, ...nulls };
    };
    if (nested > 0) {
      const values = new Array(this.rows).fill(false);
      const nulls = this.#spread(column, values, (cell) => (cell === NESTED ? true : void 0));
      yield { name: `nested.${path}`, type: "boolean", values, ...nulls };
    }
    const leaves = cells2.length - nested;
    if (leaves === 0) return;
    if (numbers2 === leaves) return yield ofNumbers(name);
    if (booleans === leaves) return yield ofBooleans(name);
    yield ofTexts(name, (cell) => (cell === NESTED ? void 0 : String(cell)));
    if (integers > 0) yield ofTexts(`integers.${path}`, (cell) => (typeof cell === "bigint" ? String(cell) : void 0));
    if (numbers2 > 0) yield ofNumbers(`numbers.${path}`);
    if (booleans > 0) yield ofBooleans(`booleans.${path}`);
  }
  /** Puts the values into their rows. Returns which rows have none, if there are any. */
  #spread({ rows, cells: cells2 }, values, toValue) {
    const nulls = new Array(this.rows).fill(true);
    let left = this.rows;
    for (let i = 0; i < rows.length; i++) {
      const value = toValue(cells2[i]);
      if (value === void 0) continue;
      values[rows[i]] = value;
      nulls[rows[i]] = false;
      left--;
    }
    return left > 0 ? { nulls } : {};
  }
};
function firstOf(columns, at) {
  for (const cells2 of columns) {
    const cell = cells2.at(at) ?? void 0;
    if (cell !== void 0) return cell;
  }
  return void 0;
}
var newColumn = () => ({ rows: [], cells: [], numbers: 0, booleans: 0, integers: 0, nested: 0 });
function putMetrics(metrics, put) {
  for (const key of Object.keys(metrics)) {
    const { last, min, max, best, mean, count } = metrics[key];
    put(`metrics.${key}.last`, last.value);
    put(`metrics.${key}.min`, min?.value);
    put(`metrics.${key}.max`, max?.value);
    put(`metrics.${key}.mean`, mean);
    put(`metrics.${key}.count`, count);
    put(`metrics.${key}.best`, best?.value);
  }
}

// src/catalog/segment-lineage.ts
var NO_LINEAGE = { peers: [], replaces: [] };

// src/catalog/segment-write.ts
var RECORD = "record";
var PIECE_BYTES4 = 1024 * 1024;
var SegmentWriter = class {
  #key;
  #columns = new ColumnsBuilder();
  #file = new PagedTableWriter(RECORD);
  #amends = [];
  #lineage;
  #repeats;
  constructor(key, lineage = NO_LINEAGE, repeats = []) {
    this.#key = key;
    this.#lineage = lineage;
    this.#repeats = repeats;
  }
  get rows() {
    return this.#columns.rows;
  }
  get isFull() {
    const { rows, cells: cells2, textLength } = this.#columns;
    if (rows >= MAX_SEGMENT_ROWS || cells2 >= MAX_SEGMENT_CELLS) return true;
    return this.#file.size >= MAX_SEGMENT_BYTES || 3 * textLength >= MAX_SEGMENT_TEXT_BYTES;
  }
  /** Adds rows. Returns bytes to store when there are enough. */
  add(added) {
    const before = this.#file.size;
    if ("record" in added) this.#addRow(added);
    else this.#addStored(added);
    const piece = Math.floor(this.#file.size / PIECE_BYTES4) > Math.floor(before / PIECE_BYTES4);
    return piece ? this.#file.take() : void 0;
  }
  #addRow(row) {
    const { record, document, marker } = row;
    this.#file.add(encodeRecord(record));
    this.#columns.add(row);
    this.#amend(record.id, document, marker);
  }
  #addStored({ source, rows, records }) {
    if ("gzip" in records) this.#file.copyPage(records.gzip, records.rows, records.size);
    else for (const text of records) this.#file.add(text);
    for (const row of rows) {
      const { id, document, marker } = this.#columns.addStored(source, row);
      this.#amend(id, document, marker);
    }
  }
  #amend(id, document, marker) {
    if (document > 1 || marker > 0) this.#amends.push([id, document, marker]);
  }
  /** Returns the rest of the bytes. */
  end() {
    return inOneGo(this.endInPieces());
  }
  /** Does what {@link end} does. Yields where it may be interrupted. */
  *endInPieces() {
    const { rows, incomplete } = this.#columns;
    const more = { amends: this.#amends, incomplete, ...this.#lineage, repeats: this.#repeats };
    yield* this.#file.endInPieces(this.#columns.columns(), (chunks, pages) =>
      encodeDirectory(this.#key, describe(rows, chunks, pages, more)),
    );
    return this.#file.take();
  }
};
function describe(rows, chunks, pages, more) {
  const records = {
    start: pages[0].start,
    sizes: pages.map(({ size }) => size),
    rows: pages.map(({ firstRow }, i) => (pages[i + 1]?.firstRow ?? rows) - firstRow),
  };
  return { rows, columns: chunks.map(toEntry), records, ...more };
}
var TYPES3 = {
  [TYPE.double]: "double",
  [TYPE.int64]: "int64",
  [TYPE.boolean]: "boolean",
  [TYPE.byteArray]: "string",
};
function toEntry({ element, start: start2, size, gzip: gzip2, statistics }) {
  const { min, max, nulls } = statistics;
  const type = TYPES3[element.type];
  const entry = { name: element.name, type, start: start2, size, codec: gzip2 ? CODEC.gzip : CODEC.none, nulls };
  if (min === void 0 || max === void 0 || type === "boolean") return entry;
  return { ...entry, min: toBound(min, type), max: toBound(max, type) };
}
function toBound(bytes, type) {
  if (type === "string") return utf8Decoder().decode(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return type === "double" ? view.getFloat64(0, true) : Number(view.getBigInt64(0, true));
}
async function storeRows({ backend, newId }, prefix, generation, rows, signal, lineage = NO_LINEAGE) {
  const keys = [];
  const source = rows[Symbol.asyncIterator]();
  try {
    for (let next = await source.next(); !next.done;) {
      const key = segmentKey(prefix, generation, newId());
      const writer = new SegmentWriter(key, {
        ...lineage,
        peers: [...lineage.peers, ...keys.map((each) => nameOf({ key: each }))],
      });
      const bytes = async function* () {
        while (!next.done && !writer.isFull) {
          const piece = writer.add(next.value);
          if (piece) yield piece;
          await breakIfDue();
          next = await source.next();
        }
        yield await inSlices(writer.endInPieces());
      };
      await backend.create(key, byteStream(bytes()), { durable: true, ...(signal && { signal }) });
      keys.push(key);
    }
  } finally {
    await source.return?.();
  }
  const call = { durable: true, ...(signal && { signal }) };
  if (keys.length > 0 && generation === 1) await createEmpty(backend, segmentedKey(prefix), call);
  return keys;
}

// src/ledger/random-ids.ts
import { customRandom } from "nanoid";
var ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
var TIME_LETTERS = 10;
function encodeTime(ms) {
  let text = "";
  let rest = Math.max(0, Math.floor(ms));
  for (let i = 0; i < TIME_LETTERS; i++) {
    text = ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

// bench/random.ts
var Random = class {
  #state;
  #spare;
  /** Every seed gives a stream of its own. xoshiro128**, whose first outputs still resemble the seed and are passed over. */
  constructor(seed) {
    this.#state = Uint32Array.of(seed, 2654435769, 608135816, 3084996962);
    for (let i = 0; i < 50; i++) this.#bits();
  }
  /** Evenly in [0, 1), with all 53 bits. */
  uniform() {
    const high = this.#bits();
    const low = this.#bits() >>> 11;
    return (high * 2 ** 21 + low) / 2 ** 53;
  }
  /** Standard normal, by Marsaglia's polar method: it finds two at a time. */
  normal() {
    const spare = this.#spare;
    if (spare !== void 0) {
      this.#spare = void 0;
      return spare;
    }
    for (;;) {
      const x = this.uniform() * 2 - 1;
      const y = this.uniform() * 2 - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = y * scale;
      return x * scale;
    }
  }
  #bits() {
    const s = this.#state;
    const five = Math.imul(s[1], 5);
    const out = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return out;
  }
};

// bench/catalog-runs.ts
var EXPERIMENT = "search";
var WIDE = { params: 30, metrics: 50 };
var START = 17e11;
var OPTIMIZERS = ["adam", "sgd", "rmsprop"];
function* catalogRuns(count, wide = WIDE) {
  const random = new Random(7);
  const whole = (below) => Math.floor(random.uniform() * below);
  for (let i = 0; i < count; i++) {
    const startTime = START + i * 6e4;
    const params = {};
    for (let p = 0; p < wide.params; p++)
      params[`p${p}`] = p % 3 === 0 ? random.uniform() : p % 3 === 1 ? whole(100) : OPTIMIZERS[whole(3)];
    const metrics = {};
    for (let m = 0; m < wide.metrics; m++) metrics[`m${m}`] = summary(random, startTime);
    yield {
      record: {
        id: `${encodeTime(startTime)}${String(i).padStart(16, "0")}`,
        name: `run ${i}`,
        experiment: EXPERIMENT,
        status: "finished",
        startTime,
        lastActivity: startTime,
        endTime: startTime + whole(36e5),
        params,
        tags: { stage: i % 2 === 0 ? "train" : "tune" },
        metrics,
        metricDefinitions: {},
        artifacts: [],
        inputs: [],
        datasets: [],
        dropped: 0,
        damage: [],
      },
      document: 1,
      marker: 0,
    };
  }
}
function summary(random, startTime) {
  const point = (value) => ({
    value,
    step: Math.floor(random.uniform() * 1e3),
    time: startTime + Math.floor(random.uniform() * 1e6),
  });
  const [a, b, c] = Float64Array.of(random.normal(), random.normal(), random.normal()).sort();
  return { last: point(b), min: point(a), max: point(c), best: point(a), mean: (a + b + c) / 3, count: 1e3 };
}

// bench/child.ts
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
var children = 0;
async function runChild(file, args = []) {
  const source = fileURLToPath(new URL(file, import.meta.url));
  if (!file.endsWith(".ts")) return await run(source, args);
  const compiled = source.replace(/\.ts$/, `.${process.pid}-${++children}.tmp.mjs`);
  try {
    await build({
      entryPoints: [source],
      outfile: compiled,
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      target: "node20",
      logLevel: "error",
    });
    return await run(compiled, args);
  } finally {
    await rm(compiled, { force: true });
  }
}
async function run(path, args) {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn(process.execPath, [path, ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (out += text));
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`${path} ${args.join(" ")} ended with code ${code}`);
  return JSON.parse(out);
}
function answer(result) {
  process.stdout.write(JSON.stringify(result));
}
function isMain(url) {
  return process.argv[1] !== void 0 && fileURLToPath(url) === process.argv[1];
}

// bench/library.ts
var DIST = new URL("../dist/", import.meta.url);
var core = await built("index.js");
var compare = await built("compare/index.js");
var fs = await built("backends/fs/index.js");
var memory = await built("backends/memory/index.js");
var git = await built("git/index.js");
var node = await built("node/index.js");
var tfjs = await built("adapters/tfjs/index.js");
var openLedger = core.openLedger;
var aggregateHistories = compare.aggregateHistories;
var fsBackend = fs.fsBackend;
var fromPath = fs.fromPath;
var memoryBackend = memory.memoryBackend;
var openCapturingLedger = node.openLedger;
var captureGit = git.captureGit;
var captureSources = git.captureSources;
var tfCallback = tfjs.tfCallback;
async function built(file) {
  return await import(new URL(file, DIST).href);
}

// bench/longest-block.ts
import { readFileSync } from "node:fs";
var INTERVAL_MS = 1;
async function longestBlock(work) {
  let longest = 0;
  let busy = 0;
  let before = performance.now();
  let waitedBefore = waitedForCore();
  const look = () => {
    const now = performance.now();
    const waited = waitedForCore();
    longest = Math.max(longest, now - before - INTERVAL_MS);
    busy = Math.max(busy, now - before - INTERVAL_MS - (waited - waitedBefore));
    before = now;
    waitedBefore = waited;
  };
  const timer = setInterval(look, INTERVAL_MS);
  await new Promise((resolve) => setTimeout(resolve, 2 * INTERVAL_MS));
  longest = busy = 0;
  waitedBefore = waitedForCore();
  const start2 = (before = performance.now());
  await work();
  const passed = performance.now() - start2;
  look();
  clearInterval(timer);
  return { passed, longest, busy };
}
function waitedForCore() {
  try {
    return Number(readFileSync("/proc/self/schedstat", "latin1").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}

// bench/scratch.ts
import { mkdtemp, rm as rm2 } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
async function withScratch(work) {
  const directory = await mkdtemp(join(tmpdir(), "runledger-bench-"));
  try {
    return await work(directory);
  } finally {
    await rm2(directory, { recursive: true, force: true });
  }
}

// bench/statistics.ts
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// bench/workloads.ts
var DIGESTS = { W1: "54610712", W2: "f8676841", W3: "6e97a180" };
var TRAINING_KEYS = [
  "train/loss",
  "train/accuracy",
  "train/grad_norm",
  "train/lr",
  "train/perplexity",
  "perf/samples_per_sec",
  "train/epoch",
  "gpu/mem_mb",
  "train/loss_ema",
  "model/weight_norm",
];
var TRAINING_ROWS = 1e5;
var LAYERS = 50;
var LAYER_ROWS = 5e3;
var f32 = Math.fround;
function makeWorkload(name) {
  const workload = name === "W1" ? trainingInFloat32() : name === "W2" ? trainingInFloat64() : layerStatistics();
  const digest = digestOf(workload);
  if (digest !== DIGESTS[name]) throw new Error(`${name} has the digest ${digest} and not ${DIGESTS[name]}`);
  return workload;
}
function logCalls({ keys, steps, times, columns }) {
  return Array.from(steps, (step, i) => {
    const metrics = {};
    keys.forEach((key, k) => (metrics[key] = columns[k][i]));
    return { metrics, at: { step, time: times[i] } };
  });
}
function trainingInFloat32() {
  const random = new Random(42);
  const state = { memory: 11234, average: 4, weight: 40 };
  return training("W1", (i) => {
    const loss = f32(expectedLoss(i) * Math.exp(0.08 * random.normal()));
    return [
      loss,
      correctOf256(expectedAccuracy(i), random) / 256,
      f32(1.3 * Math.exp(0.35 * random.normal())),
      learningRate(i),
      f32(Math.exp(Math.min(loss, 20))),
      f32(5200 * (1 + 0.02 * random.normal())),
      Math.round((i / 1563) * 100) / 100,
      (state.memory = nextMemory(state.memory, random)),
      f32((state.average = state.average * 0.99 + loss * 0.01)),
      f32((state.weight += 2e-4 * (1 + 0.5 * random.normal()) * Math.exp(-i / 5e4))),
    ];
  });
}
function trainingInFloat64() {
  const random = new Random(77);
  const state = { memory: 11234, average: 4, weight: 40 };
  return training("W2", (i) => {
    const loss = expectedLoss(i) * Math.exp(0.08 * random.normal());
    return [
      loss,
      expectedAccuracy(i) + 0.02 * random.normal(),
      1.3 * Math.exp(0.35 * random.normal()),
      learningRate(i) * (1 + 1e-3 * random.normal()),
      Math.exp(loss) * (1 + 1e-6 * random.normal()),
      5200 * (1 + 0.02 * random.normal()),
      (i / 1563) * (1 + 1e-9 * random.normal()),
      (state.memory = nextMemory(state.memory, random)) * (1 + 1e-3 * random.normal()),
      (state.average = state.average * 0.99 + loss * 0.01),
      (state.weight += 2e-4 * (1 + 0.5 * random.normal()) * Math.exp(-i / 5e4)),
    ];
  });
}
function training(name, row) {
  const columns = TRAINING_KEYS.map(() => new Float64Array(TRAINING_ROWS));
  for (let i = 0; i < TRAINING_ROWS; i++) row(i).forEach((value, k) => (columns[k][i] = value));
  return { name, keys: TRAINING_KEYS, columns, ...clock(TRAINING_ROWS, 55) };
}
function layerStatistics() {
  const random = new Random(1234);
  const keys = [];
  const columns = [];
  for (let layer = 0; layer < LAYERS; layer++) {
    for (const statistic of ["grad_norm", "weight_norm", "act_mean", "act_std"]) {
      let weight = 5 + 10 * random.uniform();
      const mean = random.normal();
      const value = {
        grad_norm: (i) => 0.5 * Math.exp(0.4 * random.normal()) * (0.3 + Math.exp(-i / 1500)),
        weight_norm: (i) => (weight += 1e-3 * (1 + 0.5 * random.normal()) * Math.exp(-i / 2e3)),
        act_mean: () => 0.1 * mean + 0.01 * random.normal(),
        act_std: () => 1 + 0.05 * random.normal(),
      }[statistic];
      keys.push(`layers/${layer}/${statistic}`);
      columns.push(Float64Array.from({ length: LAYER_ROWS }, (_, i) => f32(value(i))));
    }
  }
  return { name: "W3", keys, columns, ...clock(LAYER_ROWS, 220) };
}
function expectedLoss(i) {
  return 0.35 + 3.6 * Math.exp(-i / 9e3) + 0.4 * Math.exp(-i / 6e4);
}
function expectedAccuracy(i) {
  return 0.97 - 0.9 * Math.exp(-i / 12e3);
}
function learningRate(i) {
  if (i < 2e3) return (3e-4 * (i + 1)) / 2e3;
  return 15e-5 * (1 + Math.cos((Math.PI * (i - 2e3)) / (TRAINING_ROWS - 2e3)));
}
function correctOf256(p, random) {
  const correct = Math.round(256 * p + Math.sqrt(256 * p * (1 - p)) * random.normal());
  return Math.max(0, Math.min(256, correct));
}
function nextMemory(memory2, random) {
  return random.uniform() < 2e-3 ? 11e3 + Math.round(900 * random.uniform()) : memory2;
}
function clock(rows, period) {
  const random = new Random(7);
  let now = Date.UTC(2026, 0, 1);
  const times = Float64Array.from({ length: rows }, (_, i) => {
    let passed = period * (1 + 0.06 * random.normal());
    if (random.uniform() < 2e-3) passed += 200 + 800 * random.uniform();
    if (i % 5e3 === 4999) passed += 9e3 + 500 * random.normal();
    now += Math.max(1, passed);
    return Math.round(now);
  });
  return { steps: Float64Array.from(times.keys()), times };
}
function digestOf({ keys, steps, times, columns }) {
  let hash = 2166136261;
  const parts = [new TextEncoder().encode(keys.join("\n")), steps, times, ...columns];
  for (const { buffer, byteOffset, byteLength } of parts) {
    for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) hash = Math.imul(hash ^ byte, 16777619);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

// bench/long-calls.ts
var ROUNDS = Number(process.env["LONG_CALLS_ROUNDS"] ?? 3);
var LIMIT_MS = 50;
var MILLION = 1e6;
var LOOSE_RUNS = 2e3;
var RUNS = 1e4;
var MEDIA = 2e4;
var GIGABYTE = 1e9;
var FILLS = {
  loose: (directory) => fillLoose(directory, LOOSE_RUNS),
  manyLoose: (directory) => fillLoose(directory, RUNS),
  compacted: fillCompacted,
  running: fillRunning,
  finished: fillFinished,
  runningMedia: (directory) => fillMedia(directory, false),
  finishedMedia: (directory) => fillMedia(directory, true),
};
var CALLS = {
  image: {
    label: "`logImage()` of 4,096 x 4,096 pixels of noise, four channels",
    begin: async (directory) => {
      const run2 = await startRun(directory);
      const data = noise(4 * 4096 * 4096);
      return () => run2.logImage("noise", { data, width: 4096, height: 4096 });
    },
  },
  "table-columns": {
    label: "`logTable()` of 10 columns of 100,000 numbers, texts, dates and bigints",
    begin: async (directory) => {
      const run2 = await startRun(directory);
      const columns = Object.fromEntries(
        cells().map((cell, c) => [`c${c}`, Array.from({ length: 1e5 }, (_, i) => cell(i))]),
      );
      return () => run2.logTable("table", columns);
    },
  },
  "table-rows": {
    label: "the same as 100,000 rows of 10 cells",
    begin: async (directory) => {
      const run2 = await startRun(directory);
      const made = cells();
      const columns = made.map((_, c) => `c${c}`);
      const rows = Array.from({ length: 1e5 }, (_, i) => made.map((cell) => cell(i)));
      return () => run2.logTable("table", { columns, rows });
    },
  },
  "table-objects": {
    label: "the same as 100,000 objects of 10 cells",
    begin: async (directory) => {
      const run2 = await startRun(directory);
      const made = cells();
      const rows = Array.from({ length: 1e5 }, (_, i) => Object.fromEntries(made.map((cell, c) => [`c${c}`, cell(i)])));
      return () => run2.logTable("table", rows);
    },
  },
  artifact: {
    label: "`logArtifact()` of an array of 1 GB",
    begin: async (directory) => {
      const run2 = await startRun(directory);
      const bytes = new Uint8Array(GIGABYTE);
      for (let at = 0; at < GIGABYTE; at += 4096) bytes[at] = at >>> 12;
      return () => run2.logArtifact("bytes", bytes);
    },
  },
  "finish-one": {
    label: "`finish()` of a million points of one metric",
    begin: async (directory) => {
      const run2 = await startRun(directory);
      await logMillion(run2);
      return () => run2.finish();
    },
  },
  "finish-ten": {
    label: "`finish()` of 10 metrics x 100,000 points",
    begin: async (directory) => {
      const run2 = await startRun(directory);
      for (const { metrics, at } of logCalls(makeWorkload("W1"))) run2.log(metrics, at);
      await run2.flush();
      return () => run2.finish();
    },
  },
  "search-loose": {
    label: "`searchRuns()` over 2,000 closed runs that are in no segment yet",
    fill: "loose",
    begin: async (directory) => {
      const ledger = await openLedger(fsBackend(directory));
      return () => ledger.searchRuns({ experiment: EXPERIMENT, filter: "metrics.m3 < 0.5", orderBy: "metrics.m7" });
    },
  },
  "search-all": {
    label: "`searchRuns()` of 10,000 compacted runs, a page of all records",
    fill: "compacted",
    begin: async (directory) => {
      const ledger = await openLedger(fsBackend(directory));
      return () => ledger.searchRuns({ experiment: EXPERIMENT, limit: RUNS });
    },
  },
  "search-page": {
    label: "`searchRuns()` of 10,000 compacted runs, a filter and a page of 100",
    fill: "compacted",
    begin: async (directory) => {
      const ledger = await openLedger(fsBackend(directory));
      return () =>
        ledger.searchRuns({ filter: "metrics.m3 < 0.5 AND params.p1 > 10", orderBy: "metrics.m7", limit: 100 });
    },
  },
  compact: {
    label: "`compactCatalog()` of 10,000 closed runs",
    fill: "manyLoose",
    begin: async (directory) => {
      const ledger = await openLedger(fsBackend(directory));
      return () => ledger.compactCatalog();
    },
  },
  "get-run": {
    label: "`getRun()` of a running run with a million points",
    fill: "running",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return () => ledger.getRun(id);
    },
  },
  "history-running": {
    label: "`history()` of a million points of a running run",
    fill: "running",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return () => ledger.history(id, "loss");
    },
  },
  "history-finished": {
    label: "`history()` of a million points of a finished run",
    fill: "finished",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return () => ledger.history(id, "loss");
    },
  },
  watch: {
    label: "the first update of `watchRun()` of a running run with a million points",
    fill: "running",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return async () => {
        for await (const _ of ledger.watchRun(id)) break;
      };
    },
  },
  resume: {
    label: "`resumeRun()` of a run with a million points, and `finish()`",
    fill: "running",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return async () => {
        const run2 = await ledger.resumeRun(id);
        await run2.finish();
      };
    },
  },
  "media-running": {
    label: "`media()` of 20,000 texts of a running run",
    fill: "runningMedia",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return () => ledger.media(id);
    },
  },
  "media-finished": {
    label: "`media()` of 20,000 texts of a finished run",
    fill: "finishedMedia",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return () => ledger.media(id);
    },
  },
};
async function startRun(directory) {
  const ledger = await openLedger(fsBackend(directory));
  return await ledger.startRun({ environment: false });
}
function noise(length) {
  const random = new Random(3);
  const words = Uint32Array.from({ length: 65536 }, () => random.uniform() * 2 ** 32);
  const bytes = new Uint32Array(length / 4);
  for (let i = 0; i < bytes.length; i++) bytes[i] = words[i & 65535];
  return new Uint8Array(bytes.buffer);
}
function cells() {
  const random = new Random(5);
  return [
    (row) => row,
    () => random.normal(),
    () => random.uniform(),
    (row) => (row % 10 === 0 ? null : random.uniform()),
    (row) => `class ${row % 100}`,
    (row) => `images/train/${row}.png`,
    (row) => new Date(17e11 + row),
    (row) => BigInt(row) << 20n,
    (row) => row % 3 === 0,
    () => Math.floor(random.uniform() * 1e3),
  ];
}
async function logMillion(run2) {
  const random = new Random(9);
  for (let step = 0; step < MILLION; step++) {
    run2.log({ loss: Math.exp(-step / MILLION) + 0.1 * random.normal() }, { step });
    if (step % 1e5 === 0) await run2.flush();
  }
  await run2.flush();
}
async function fillRunning(directory) {
  await logMillion(await startRun(directory));
}
async function fillFinished(directory) {
  const run2 = await startRun(directory);
  await logMillion(run2);
  await run2.finish();
}
async function fillLoose(directory, count) {
  const ledger = await openLedger(fsBackend(directory));
  const rows = [...catalogRuns(count)];
  const lane = async () => {
    for (let row = rows.pop(); row !== void 0; row = rows.pop()) {
      const { params, metrics } = row.record;
      const run2 = await ledger.startRun({ experiment: EXPERIMENT, params, environment: false });
      run2.log(Object.fromEntries(Object.keys(metrics).map((key) => [key, metrics[key].last.value])));
      await run2.finish();
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}
async function fillCompacted(directory) {
  const backend = fsBackend(directory);
  await openLedger(backend);
  let made = 0;
  const context = { backend, segments: new SegmentCache(backend), newId: () => `bench-${made++}`, onError: () => {} };
  const rows = async function* () {
    yield* catalogRuns(RUNS);
  };
  await storeRows(context, experimentPrefix(EXPERIMENT), 1, rows(), void 0);
}
async function fillMedia(directory, isFinished) {
  const run2 = await startRun(directory);
  const logged = [];
  for (let step = 0; step < MEDIA; step++) {
    logged.push(run2.logText(`sample/${step % 100}`, `The prediction of step ${step}, and why.`, { step }));
    if (step % 1e3 === 999) {
      await run2.flush();
      await Promise.all(logged.splice(0));
    }
  }
  if (isFinished) await run2.finish();
}
async function onlyRun(directory) {
  const ledger = await openLedger(fsBackend(directory));
  const { runs } = await ledger.searchRuns({ fields: ["name"] });
  return { ledger: await openLedger(fsBackend(directory)), id: runs[0].id };
}
async function longCalls() {
  return await withScratch(async (filled) => {
    const rows = [];
    const targets = [];
    for (const [name, { label, fill }] of Object.entries(CALLS)) {
      if (fill && !existsSync(join2(filled, fill)))
        await runChild("long-calls.ts", ["fill", fill, join2(filled, fill)]);
      const times = [];
      for (let round = 0; round < ROUNDS; round++) times.push(await measureCall(name, fill && join2(filled, fill)));
      const middle = (n, of) => median(times.map((each) => each[n][of]));
      const longest = Math.max(middle(0, "busy"), middle(1, "busy"));
      rows.push([
        label,
        ...[middle(0, "busy"), middle(1, "busy"), middle(0, "passed"), middle(1, "passed")].map((ms) => ms.toFixed(0)),
      ]);
      targets.push({
        what: `longest block: ${label}`,
        limit: `<= ${LIMIT_MS} ms`,
        measured: `${longest.toFixed(0)} ms`,
        met: longest <= LIMIT_MS,
      });
    }
    return {
      title: "Longest blocks",
      method: `The longest time for which a call lets nothing else of its thread run, by a timer that is due every ms, less the time for which the thread waited for a core. On the fs backend; a new process makes each call twice; processes: ${ROUNDS}, medians. What is read was written by another process.`,
      table: [["", "longest block, first call, ms", "second call, ms", "first call, ms", "second call, ms"], ...rows],
      targets,
    };
  });
}
async function measureCall(name, filled) {
  return await withScratch(async (directory) => {
    if (filled !== void 0) await cp(filled, directory, { recursive: true });
    return await runChild("long-calls.ts", ["measure", name, directory]);
  });
}
async function inChild([phase, name, directory]) {
  if (phase === "fill") {
    await FILLS[name](directory);
    return null;
  }
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const { fill, begin } = CALLS[name];
  const times = [];
  for (const n of [0, 1]) {
    const call = await begin(fill ? directory : join2(directory, `${n}`));
    collect();
    times.push(await longestBlock(call));
  }
  return times;
}
if (isMain(import.meta.url)) {
  answer(await inChild(process.argv.slice(2)));
  process.exit();
}
export { longCalls };
