import { isDate } from "../../platform/any-realm.ts";
import type { Clock } from "../../platform/clock.ts";
import { LedgerError, invalidArgument } from "../../errors/ledger-error.ts";
import { abortable } from "../../platform/abort.ts";

/** Keys to sign requests with. The objects that `@aws-sdk/credential-providers` returns fit. */
export interface S3Credentials {
  /** The id of the key. */
  readonly accessKeyId: string;
  /** The secret that belongs to the id. */
  readonly secretAccessKey: string;
  /** The token of temporary keys. */
  readonly sessionToken?: string | undefined;
  /**
   * When the keys expire: a `Date`, ms since the epoch, or an ISO 8601 string. A function that returned the keys is
   * called again one minute before.
   */
  readonly expiration?: Date | number | string | undefined;
}

/**
 * Keys, a function that returns them, or `"anonymous"` for unsigned requests. The function is called at the first
 * request, again shortly before the `expiration` it returned, and when the store says that the token has expired; never
 * twice at the same time.
 */
export type S3CredentialSource = S3Credentials | (() => S3Credentials | Promise<S3Credentials>) | "anonymous";

/** One set of checked keys, with the signing keys derived from it. Never leaves this folder. */
export interface KeySet {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly signingKeys: Map<string, ArrayBuffer>;
}

const REFRESH_BEFORE_MS = 60_000;
/** The shortest time between two calls of a source, even if it returns keys that are about to expire. */
const LEAST_INTERVAL_MS = 10_000;

/** Returns the current keys, whatever their source. */
export class CredentialHolder {
  readonly #source: () => Promise<unknown>;
  readonly #renewable: boolean;
  readonly #anonymous: boolean;
  readonly #clock: Clock;
  #current: { readonly keys: KeySet; readonly staleAt: number } | undefined;
  #asking: Promise<KeySet> | undefined;

  /** Throws `INVALID_ARGUMENT` or `CREDENTIALS` for keys that cannot be right. */
  constructor(source: S3CredentialSource, clock: Clock) {
    this.#clock = clock;
    this.#anonymous = source === "anonymous";
    this.#renewable = typeof source === "function";
    this.#source = typeof source === "function" ? async () => source() : () => Promise.resolve(source);
    if (typeof source === "object" && source !== null) this.#current = { keys: checked(source), staleAt: Infinity };
    else if (!this.#renewable && !this.#anonymous) {
      throw invalidArgument("credentials", 'keys, a function or "anonymous"', source);
    }
  }

  /** Returns the keys to sign with, or `undefined` for anonymous access. */
  async get(signal: AbortSignal | undefined): Promise<KeySet | undefined> {
    if (this.#anonymous) return undefined;
    if (this.#current !== undefined && this.#clock.now() < this.#current.staleAt) return this.#current.keys;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return abortable(this.#asking, signal);
  }

  /** Records that the store calls these keys expired. Returns true if the source may return others. */
  expired(keys: KeySet | undefined): boolean {
    if (!this.#renewable) return false;
    if (this.#current?.keys === keys) this.#current = undefined;
    return true;
  }

  async #ask(): Promise<KeySet> {
    let given: unknown;
    try {
      given = await this.#source();
    } catch (cause) {
      if (LedgerError.is(cause)) throw cause;
      throw new LedgerError("CREDENTIALS", "the credentials function failed; see the cause", { cause });
    }
    const keys = checked(given);
    const now = this.#clock.now();
    const ends = endOf((given as S3Credentials).expiration);
    this.#current = { keys, staleAt: Math.max(now + LEAST_INTERVAL_MS, ends - REFRESH_BEFORE_MS) };
    return keys;
  }
}

function endOf(expiration: unknown): number {
  if (expiration === undefined || expiration === null) return Infinity;
  const time = isDate(expiration)
    ? expiration.getTime()
    : typeof expiration === "string"
      ? Date.parse(expiration)
      : expiration;
  if (typeof time !== "number" || Number.isNaN(time)) {
    throw invalidArgument("credentials.expiration", "a Date, a number of ms or an ISO date", expiration);
  }
  return time;
}

function checked(given: unknown): KeySet {
  if (typeof given !== "object" || given === null) throw invalidArgument("credentials", "an object with keys", given);
  const { accessKeyId, secretAccessKey, sessionToken } = given as Record<string, unknown>;
  return {
    accessKeyId: printable("accessKeyId", accessKeyId),
    secretAccessKey: printable("secretAccessKey", secretAccessKey),
    sessionToken:
      sessionToken === undefined || sessionToken === "" ? undefined : printable("sessionToken", sessionToken),
    signingKeys: new Map(),
  };
}

// Checked here, because the error of `Headers` would contain a value that it refuses.
function printable(field: string, value: unknown): string {
  if (typeof value !== "string") throw invalidArgument(`credentials.${field}`, "a string", value);
  if (/^[\x21-\x7e]+$/.test(value)) return value;
  const fault = value === "" ? "is empty" : "contains a space, a line break or another character that no key contains";
  throw new LedgerError("CREDENTIALS", `credentials.${field} ${fault}`, {
    field: `credentials.${field}`,
    received: "string",
  });
}
