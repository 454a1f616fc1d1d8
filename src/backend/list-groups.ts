import type { Backend, CallOptions, Entry } from "./backend.ts";
import { type LedgerError, concernsOneObject } from "../errors/ledger-error.ts";

/**
 * Lists everything under `prefix`, which must not be empty, except what cannot be listed. Keys with the same segment
 * after the prefix are a group. If the backend cannot list a group, for example because a directory has no read
 * permission, this calls `onUnlisted` and continues after the group. It may have yielded some entries of the group
 * before. Throws any other failure.
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
      // The character after `/` is `0`, so only keys of this group sort between the two.
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
