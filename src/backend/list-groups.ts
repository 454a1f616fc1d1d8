import type { Backend, CallOptions, Entry } from "./backend.ts";
import { type LedgerError, concernsOneObject } from "../errors/ledger-error.ts";

/**
 * Lists everything below `prefix`, which is not empty, past what cannot be listed. All keys that share the segment behind the prefix are
 * a group. If the backend cannot list a group, for example because a directory of it has no read permission, `onUnlisted` hears of it,
 * and the listing goes on behind it; entries of that group may have been given before. Any other failure is thrown.
 */
export async function* listGroups(
  backend: Backend,
  prefix: string,
  onUnlisted: (group: string, error: LedgerError) => void,
  options?: CallOptions,
): AsyncGenerator<Entry, void, undefined> {
  const below = `${prefix}/`;
  let startAfter: string | undefined;
  for (;;) {
    try {
      yield* backend.list(prefix, { ...options, ...(startAfter !== undefined && { startAfter }) });
      return;
    } catch (error) {
      const group = concernsOneObject(error) ? groupOf(error.key, below) : undefined;
      // `0` follows `/`: nothing but this group lies between the two.
      const next = `${below}${group}0`;
      if (group === undefined || (startAfter !== undefined && next <= startAfter)) throw error;
      onUnlisted(group, error as LedgerError);
      startAfter = next;
    }
  }
}

function groupOf(key: string | undefined, below: string): string | undefined {
  if (key?.startsWith(below) !== true) return undefined;
  return key.slice(below.length).split("/", 1)[0] || undefined;
}
