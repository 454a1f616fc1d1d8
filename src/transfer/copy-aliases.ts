import { AliasStore } from "../artifacts/aliases.ts";
import { entriesOf } from "../artifacts/manifests.ts";
import { listNumber } from "../artifacts/numbered-objects.ts";
import type { Backend } from "../backend/backend.ts";
import { encodeSegment } from "../backend/key.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { TransferContext } from "./transfer-context.ts";

/** An alias that means another version in the target. */
export interface AliasConflict {
  /** `name:alias`. */
  readonly id: string;
  readonly message: string;
}

/**
 * Gives versions in the target the aliases that they have in the source. An alias that the target has already stays as it
 * is, and a version that was removed gets none. `versions`: what the versions are called that both have, by name.
 */
export async function copyAliases(
  { source, target, signal }: TransferContext,
  versions: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<AliasConflict[]> {
  const conflicts: AliasConflict[] = [];
  for (const [name, tags] of versions) {
    const wanted = [...(await aliasesOf(source, name, signal))].filter(([, tag]) => tags.has(tag));
    for (const each of await setAliases(target, name, wanted, signal)) conflicts.push(each);
  }
  return conflicts;
}

/** Sets aliases, each with the tag of its version, as {@link copyAliases} does. */
export async function setAliases(
  target: Backend,
  name: string,
  wanted: readonly (readonly [alias: string, tag: string])[],
  signal: AbortSignal | undefined,
): Promise<AliasConflict[]> {
  if (wanted.length === 0) return [];
  const conflicts: AliasConflict[] = [];
  const store = new AliasStore(target);
  const there = await store.all(name, signal);
  for (const [alias, tag] of wanted) {
    const own = there.get(alias);
    if (own === undefined) {
      if (await isReadable(target, name, tag, signal)) await store.set(name, alias, tag, signal);
    } else if (own !== tag) {
      const message = `${alias} of ${name} means ${own} in the target and ${tag} in the source: it stays as it is`;
      conflicts.push({ id: `${name}:${alias}`, message });
    }
  }
  return conflicts;
}

/** Returns whether a tag means a version that was not removed. */
async function isReadable(
  target: Backend,
  name: string,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const number = Number(/^v(\d{1,8})/.exec(tag)?.[1] ?? Number.NaN);
  if (Number.isNaN(number)) return false;
  const found = await listNumber(target, `artifacts/${encodeSegment(name, "name")}/versions`, number, signal);
  return entriesOf(found, tag).some(({ isRemoved }) => !isRemoved);
}

/** Returns the aliases of a name in a source, with the tags that they mean. */
export async function aliasesOf(
  source: Backend,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, string>> {
  try {
    return await new AliasStore(source).all(name, signal);
  } catch (error) {
    // A source that cannot list knows no aliases.
    if (LedgerError.hasCode(error, "UNSUPPORTED")) return new Map();
    throw error;
  }
}
