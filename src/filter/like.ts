/**
 * Returns a test for a pattern of LIKE: `%` stands for any characters, `_` for one code point. There are no escapes.
 * The test goes back only to the latest `%`, so its time is at worst proportional to the product of both lengths.
 */
export function compileLike(pattern: string, ignoreCase: boolean): (text: string) => boolean {
  const codes = Array.from(ignoreCase ? foldCase(pattern) : pattern, (c) => c.codePointAt(0) as number);
  return (text) => matches(codes, ignoreCase ? foldCase(text) : text);
}

/** Returns the text with which every match begins. */
export function likePrefix(pattern: string): string {
  const end = pattern.search(/[%_]/);
  return end < 0 ? pattern : pattern.slice(0, end);
}

const ANY = 0x25;
const ONE = 0x5f;

function matches(codes: readonly number[], text: string): boolean {
  let at = 0;
  let from = 0;
  /** Where to continue after a mismatch: after the latest `%`, which then covers one more character of the text. */
  let retryAt = -1;
  let retryFrom = 0;
  while (from < text.length) {
    const code = codes[at];
    if (code === ANY) {
      retryAt = ++at;
      retryFrom = from;
      continue;
    }
    const found = text.codePointAt(from) as number;
    if (code === ONE || code === found) {
      at++;
      from += width(found);
    } else if (retryAt >= 0) {
      at = retryAt;
      retryFrom += width(text.codePointAt(retryFrom) as number);
      from = retryFrom;
    } else return false;
  }
  while (codes[at] === ANY) at++;
  return at === codes.length;
}

const width = (code: number): number => (code > 0xffff ? 2 : 1);

/**
 * Returns a text without differences of case. Folds each character alone: Σ, σ and ς become the same, and ß stays one
 * character.
 */
function foldCase(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase();
  let folded = "";
  for (const character of text) {
    const upper = character.toUpperCase();
    const lower = (isOne(upper) ? upper : character).toLowerCase();
    folded += isOne(lower) ? lower : character;
  }
  return folded;
}

const isOne = (text: string): boolean => text.length === width(text.codePointAt(0) as number);
