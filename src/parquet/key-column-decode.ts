import { compareBytes } from "../bytes/utf8-order.ts";
import { ENCODING } from "./thrift-enums.ts";
import { decodeHybrid } from "./rle-hybrid.ts";
import type { ChunkPages, Page } from "./page-read.ts";
import { plainTexts } from "./plain.ts";

/** Successive rows of a row group that have the same key. */
export interface KeyRun {
  /** UTF-8. */
  readonly key: Uint8Array;
  readonly rows: number;
}

/** Decodes the key column into runs. Throws a RangeError unless the keys ascend. */
export function decodeKeys({ dictionary, data }: ChunkPages): KeyRun[] {
  const runs = new RunBuilder();
  // PLAIN_DICTIONARY is the old name of both PLAIN in a dictionary page and RLE_DICTIONARY in a data page.
  if (dictionary && dictionary.encoding !== ENCODING.plain && !isDictionary(dictionary)) {
    throw new RangeError(`encoding ${dictionary.encoding} is not supported`);
  }
  const keys = dictionary && [...plainTexts(dictionary.bytes, dictionary.values)];
  for (const page of data) {
    if (page.encoding === ENCODING.plain) for (const key of plainTexts(page.bytes, page.values)) runs.add(key, 1);
    else if (isDictionary(page)) decodeIndices(page, keys ?? [], runs);
    else throw new RangeError(`encoding ${page.encoding} is not supported`);
  }
  return runs.finish();
}

function isDictionary({ encoding }: Page): boolean {
  return encoding === ENCODING.dictionary || encoding === ENCODING.plainDictionary;
}

class RunBuilder {
  readonly #runs: KeyRun[] = [];
  #key: Uint8Array | undefined;
  #rows = 0;

  add(key: Uint8Array, rows: number): void {
    if (this.#key === key) {
      this.#rows += rows;
      return;
    }
    const order = this.#key === undefined ? -1 : compareBytes(this.#key, key);
    if (order > 0) throw new RangeError("keys are out of order");
    if (order < 0) {
      this.#flush();
      this.#key = key;
    }
    this.#rows += rows;
  }

  #flush(): void {
    if (this.#key !== undefined) this.#runs.push({ key: this.#key, rows: this.#rows });
    this.#rows = 0;
  }

  finish(): KeyRun[] {
    this.#flush();
    return this.#runs;
  }
}

/** Decodes indices into the dictionary. The first byte states how many bits an index has. */
function decodeIndices({ bytes, values }: Page, keys: readonly Uint8Array[], runs: RunBuilder): void {
  const width = bytes[0] as number;
  // No row group has enough rows to need more bits for its indices.
  if (!(width <= 20)) throw new RangeError("the page is malformed");
  decodeHybrid(bytes.subarray(1), width, values, (index, rows) => {
    const key = keys[index];
    if (key === undefined) throw new RangeError("the page is malformed");
    runs.add(key, rows);
  });
}
