/**
 * Maps names of other libraries, or names that users expect, to names here. A value may have several names, separated by
 * spaces: the first one that is known counts. Names are compared without case, `_` and `-`.
 */
export type Aliases = { readonly [name: string]: string };

/** The most letters of a name that is compared letter by letter. */
const MAX_COMPARED = 40;
const MAX_KNOWN = 1000;

/** Returns the known name that was probably meant, or `undefined` if none is similar. */
export function suggestion(given: unknown, known: Iterable<string>, aliases: Aliases = {}): string | undefined {
  if (typeof given !== "string" || given === "" || given.length > MAX_COMPARED) return undefined;
  const names = [...known].slice(0, MAX_KNOWN);
  const folded = fold(given);
  const same = names.find((name) => fold(name) === folded);
  if (same !== undefined) return same;
  const alias = Object.keys(aliases).find((name) => fold(name) === folded);
  const meant = alias === undefined ? undefined : aliases[alias]?.split(" ").find((name) => names.includes(name));
  if (meant !== undefined) return meant;
  let best: string | undefined;
  let least = folded.length < 5 ? 1.5 : 2.5;
  for (const name of names) {
    const distance = editDistance(folded, fold(name));
    // If names are equally similar, the first one wins. A name whose letters all differ is not similar.
    if (distance < least && distance < Math.min(folded.length, name.length)) {
      least = distance;
      best = name;
    }
  }
  return best;
}

/** Returns `; did you mean "params"?`, or an empty text if no known name is similar. */
export function didYouMean(given: unknown, known: Iterable<string>, aliases?: Aliases): string {
  const name = suggestion(given, known, aliases);
  return name === undefined ? "" : `; did you mean ${JSON.stringify(name)}?`;
}

function fold(name: string): string {
  return name.replace(/[_\-\s]/g, "").toLowerCase();
}

/**
 * Returns how many letters must be inserted, deleted, changed, or swapped with the next to turn one text into the
 * other.
 */
function editDistance(a: string, b: string): number {
  if (b.length > MAX_COMPARED) return MAX_COMPARED;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + changed);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, beforeLast[j - 2]! + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] as number;
}
