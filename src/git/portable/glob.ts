/** What a token stands for. From 0 to 255: one byte with this value. From {@link FIRST_SET} down: one byte of a set. */
const ANY = -1;
/** Any number of characters but `/`. */
const STAR = -2;
/** All that follows, at least one character. */
const EVERYTHING = -3;
/** Any number of whole directories. */
const DIRECTORIES = -4;
/** A set that does not end: git matches nothing with it. */
const NEVER = -5;
const FIRST_SET = -6;

const SLASH = 47;

/** A pattern with wildcards, as git has them in `.gitignore`. Its text has one character for each byte. */
export interface Glob {
  readonly tokens: readonly number[];
  /** The bytes of each set, as bits. */
  readonly sets: readonly Int32Array[];
  /** The length of the shortest text that it matches. */
  readonly shortest: number;
}

/** Returns the tokens of a pattern. */
export function parseGlob(pattern: string): Glob {
  const tokens: number[] = [];
  const sets: Int32Array[] = [];
  let shortest = 0;
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i] as string;
    if (character === "*") {
      let end = i;
      while (pattern[end] === "*") end++;
      const isWhole = end - i === 2 && (i === 0 || pattern[i - 1] === "/");
      if (isWhole && pattern[end] === "/") {
        tokens.push(DIRECTORIES);
        end++;
      } else tokens.push(isWhole && end === pattern.length ? EVERYTHING : STAR);
      i = end - 1;
      continue;
    }
    shortest++;
    if (character === "?") tokens.push(ANY);
    else if (character === "[") {
      const set = parseSet(pattern, i);
      if (!set) return { tokens: [NEVER], sets: [], shortest: 1 };
      tokens.push(FIRST_SET - sets.length);
      sets.push(set.bytes);
      i = set.end;
    } else tokens.push(codeAt(pattern, character === "\\" && i + 1 < pattern.length ? ++i : i));
  }
  return { tokens, sets, shortest };
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  digit: /\d/,
  lower: /[a-z]/,
  upper: /[A-Z]/,
  space: /\s/,
  punct: /[!-/:-@[-`{-~]/,
  xdigit: /[\dA-Fa-f]/,
};

function parseSet(pattern: string, from: number): { readonly end: number; readonly bytes: Int32Array } | undefined {
  const bytes = new Int32Array(8);
  const add = (code: number): void => void ((bytes[code >> 5] as number) |= 1 << (code & 31));
  let i = from + 1;
  const isNegated = pattern[i] === "!" || pattern[i] === "^";
  if (isNegated) i++;
  for (let isFirst = true; ; isFirst = false) {
    if (i >= pattern.length) return undefined;
    if (pattern[i] === "]" && !isFirst) break;
    const named = pattern[i] === "[" ? /^\[:(\w+):\]/.exec(pattern.slice(i, i + 16)) : null;
    if (named) {
      const known = CLASSES[named[1] as string];
      for (let code = 0; known && code < 128; code++) if (known.test(String.fromCharCode(code))) add(code);
      i += named[0].length;
      continue;
    }
    if (pattern[i] === "\\") i++;
    if (i >= pattern.length) return undefined;
    const low = codeAt(pattern, i++);
    let high = low;
    if (pattern[i] === "-" && pattern[i + 1] !== "]" && i + 1 < pattern.length) {
      i += pattern[i + 1] === "\\" ? 2 : 1;
      if (i < pattern.length) high = codeAt(pattern, i++);
    }
    for (let code = low; code <= high; code++) add(code);
  }
  if (isNegated) for (let i = 0; i < bytes.length; i++) bytes[i] = ~(bytes[i] as number);
  (bytes[SLASH >> 5] as number) &= ~(1 << (SLASH & 31));
  return { end: i, bytes };
}

function codeAt(text: string, index: number): number {
  return text.charCodeAt(index) & 255;
}

/**
 * A text that is matched against patterns. A bit for each position says what a pattern has reached, so that one step
 * moves 32 positions: the time is the product of both lengths, divided by 32, for any pattern without sets.
 */
export class GlobSubject {
  readonly #text: string;
  readonly #reached: Int32Array;
  /** The positions of each byte. */
  #places: (Int32Array | undefined)[] | undefined;
  #notSlash: Int32Array | undefined;
  readonly #taken: Int32Array;

  /** Every character of the text stands for one byte. */
  constructor(text: string) {
    this.#text = text;
    // One position more than characters: the end.
    const words = (text.length >> 5) + 1;
    this.#reached = new Int32Array(words);
    this.#taken = new Int32Array(words);
  }

  matches({ tokens, sets, shortest }: Glob): boolean {
    const text = this.#text;
    const { length } = text;
    if (shortest > length || tokens.length === 0) return tokens.length === 0 && length === 0;
    const first = tokens[0] as number;
    const last = tokens.at(-1) as number;
    if (first === NEVER || (first >= 0 && first !== codeAt(text, 0))) return false;
    if (last >= 0 && last !== codeAt(text, length - 1)) return false;
    const reached = this.#reached.fill(0);
    reached[0] = 1;
    // Words before `from` and behind `to` are zero.
    let from = 0;
    let to = 0;
    for (const token of tokens) {
      if (token === EVERYTHING) return leastBit(reached, from) < length;
      if (token === STAR) to = this.#passStar(from, to);
      else if (token === DIRECTORIES) to = this.#passDirectories(from);
      else {
        const takes =
          token >= 0
            ? this.#placesOf(token)
            : token === ANY
              ? this.#notSlashes()
              : this.#placesIn(sets[FIRST_SET - token] as Int32Array, from, to);
        if (!takes) return false;
        to = this.#step(takes, from, to);
      }
      while (from <= to && reached[from] === 0) from++;
      if (from > to) return false;
    }
    return ((reached[length >> 5] as number) & (1 << (length & 31))) !== 0;
  }

  /** Moves from each position that the token takes to the next one. Returns the last word that may not be zero. */
  #step(takes: Int32Array, from: number, to: number): number {
    const reached = this.#reached;
    let carry = 0;
    for (let i = from; i <= to; i++) {
      const taken = (reached[i] as number) & (takes[i] as number);
      reached[i] = (taken << 1) | carry;
      carry = taken >>> 31;
    }
    if (carry === 0) return to;
    reached[to + 1] = 1;
    return to + 1;
  }

  /** Also reaches all that follows each position, up to the next slash: an addition carries through all of it. */
  #passStar(from: number, to: number): number {
    const reached = this.#reached;
    const open = this.#notSlashes();
    let carry = 0;
    let i = from;
    for (; i < reached.length && (i <= to || carry > 0); i++) {
      const free = open[i] as number;
      const sum = (free >>> 0) + (((reached[i] as number) & free) >>> 0) + carry;
      carry = sum > 0xffffffff ? 1 : 0;
      reached[i] = (reached[i] as number) | ((sum | 0) ^ free);
    }
    return i - 1;
  }

  /** Also reaches what follows each slash from the first position on. */
  #passDirectories(from: number): number {
    const reached = this.#reached;
    const slashes = this.#placesOf(SLASH);
    const least = leastBit(reached, from);
    let carry = 0;
    for (let i = from; slashes && i < reached.length; i++) {
      const found = (slashes[i] as number) & (i === least >> 5 ? -1 << (least & 31) : -1);
      reached[i] = (reached[i] as number) | (found << 1) | carry;
      carry = found >>> 31;
    }
    return reached.length - 1;
  }

  #placesOf(code: number): Int32Array | undefined {
    if (!this.#places) {
      this.#places = [];
      for (let i = 0; i < this.#text.length; i++) {
        const places = (this.#places[codeAt(this.#text, i)] ??= new Int32Array(this.#reached.length));
        (places[i >> 5] as number) |= 1 << (i & 31);
      }
    }
    return this.#places[code];
  }

  #notSlashes(): Int32Array {
    if (this.#notSlash) return this.#notSlash;
    const places = new Int32Array(this.#reached.length);
    for (let i = 0; i < this.#text.length; i++)
      if (codeAt(this.#text, i) !== SLASH) (places[i >> 5] as number) |= 1 << (i & 31);
    this.#notSlash = places;
    return places;
  }

  #placesIn(set: Int32Array, from: number, to: number): Int32Array {
    const end = Math.min(this.#text.length, (to + 1) << 5);
    const taken = this.#taken.fill(0, from, to + 1);
    for (let i = from << 5; i < end; i++) {
      const code = codeAt(this.#text, i);
      (taken[i >> 5] as number) |= (((set[code >> 5] as number) >>> (code & 31)) & 1) << (i & 31);
    }
    return taken;
  }
}

function leastBit(words: Int32Array, from: number): number {
  let i = from;
  while (words[i] === 0) i++;
  const word = words[i] as number;
  return (i << 5) + 31 - Math.clz32(word & -word);
}
