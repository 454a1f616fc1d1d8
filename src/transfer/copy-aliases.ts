import { AliasStore } from "../artifacts/aliases.ts";
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
 * is. `versions`: what the versions are called that both have, by name.
 */
export async function copyAliases(
  { source, target, signal }: TransferContext,
  versions: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<AliasConflict[]> {
  const [from, to] = [new AliasStore(source), new AliasStore(target)];
  const conflicts: AliasConflict[] = [];
  for (const [name, tags] of versions) {
    const wanted = [...(await aliasesOf(from, name, signal))].filter(([, tag]) => tags.has(tag));
    if (wanted.length === 0) continue;
    const there = await to.all(name, signal);
    for (const [alias, tag] of wanted) {
      const own = there.get(alias);
      if (own === undefined) await to.set(name, alias, tag, signal);
      else if (own !== tag) {
        const message = `${alias} of ${name} means ${own} in the target and ${tag} in the source: it stays as it is`;
        conflicts.push({ id: `${name}:${alias}`, message });
      }
    }
  }
  return conflicts;
}

async function aliasesOf(
  store: AliasStore,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, string>> {
  try {
    return await store.all(name, signal);
  } catch (error) {
    // A source that cannot list knows no aliases.
    if (LedgerError.hasCode(error, "UNSUPPORTED")) return new Map();
    throw error;
  }
}
