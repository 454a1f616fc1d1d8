import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { AliasStore } from "./aliases.ts";
import { type ManifestStore, removedMarkerKey, type StoredVersion, tagOf } from "./manifests.ts";
import type { NumberedEntry } from "./numbered-objects.ts";

// A call that sets an alias stores it and then looks for the marker of a removal. A removal stores the marker and then
// looks for aliases. So one of the two sees the other.

/**
 * Makes aliases mean a version, and returns `true`. If the version was removed meanwhile, makes them mean what they meant
 * before, and returns `false`.
 */
export async function setAliases(
  { aliases, manifests }: { readonly aliases: AliasStore; readonly manifests: ManifestStore },
  { tag, key, manifest: { name } }: StoredVersion,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const before: [alias: string, tag: string | undefined][] = [];
  for (const alias of names) before.push([alias, await aliases.set(name, alias, tag, signal)]);
  if (!(await manifests.isRemoved(name, key, signal))) return true;
  for (const [alias, earlier] of before) {
    // Somebody may have moved it since.
    if ((await aliases.get(name, alias, signal)) !== tag) continue;
    if (earlier === undefined || earlier === tag) await aliases.remove(name, alias, [tag], signal);
    else await aliases.set(name, alias, earlier, signal);
  }
  return false;
}

/**
 * Completes a removal whose marker is stored: removes the aliases that were set meanwhile, if `force`. Otherwise takes the
 * removal back and rejects with `CONFLICT`. A call that saw the marker for that moment has only refused the version, or made
 * another one.
 */
export async function settleRemoval(
  backend: Backend,
  aliases: AliasStore,
  { name, entry, tags }: { readonly name: string; readonly entry: NumberedEntry; readonly tags: readonly string[] },
  { force, signal }: { readonly force: boolean; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const late = [...(await aliases.all(name, signal))].flatMap(([alias, tag]) => (tags.includes(tag) ? [alias] : []));
  if (late.length === 0) return;
  if (!force && !entry.isRemoved) {
    await backend.remove(removedMarkerKey(name, entry), callOptions(signal));
    const message = `${name}:${tagOf(entry)} got aliases (${late.join(", ")}) while it was being removed, so it stays`;
    throw new LedgerError("CONFLICT", message, { field: "ref" });
  }
  for (const alias of late) await aliases.remove(name, alias, tags, signal);
}
