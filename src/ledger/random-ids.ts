import { customRandom } from "nanoid";
import { builtinModule } from "../platform/builtin-module.ts";
import type { Clock } from "../platform/clock.ts";
import type { IdSource } from "../run/run-context.ts";

/** Crockford's base 32 in lower case: no letters look alike, and a filesystem that ignores case merges no two ids. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
/** 48 bits of milliseconds, five bits in each letter. */
const TIME_LETTERS = 10;

/** Node loads more for the `crypto` of browsers than for its own. */
const randomBytes = (size: number): Uint8Array =>
  builtinModule<{ randomBytes(size: number): Uint8Array }>("node:crypto")?.randomBytes(size) ??
  crypto.getRandomValues(new Uint8Array(size));

/** 130 random bits. */
const randomId = /* @__PURE__ */ customRandom(ALPHABET, 26, randomBytes);
/** 80 random bits. */
const randomTail = /* @__PURE__ */ customRandom(ALPHABET, 16, randomBytes);

/**
 * Returns a source of ids. Ids of runs begin with the start time, so that runs sort by it. All other ids are random.
 */
export function randomIds(clock: Clock): IdSource {
  let last = 0;
  return (kind) => {
    if (kind !== "run") return randomId();
    // Two runs of one process in one millisecond still sort in order.
    last = Math.max(Math.floor(clock.now()), last + 1);
    return encodeTime(last) + randomTail();
  };
}

/** Returns a time in ms as ten letters that sort like the number. */
export function encodeTime(ms: number): string {
  let text = "";
  let rest = Math.max(0, Math.floor(ms));
  for (let i = 0; i < TIME_LETTERS; i++) {
    text = (ALPHABET[rest % 32] as string) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
