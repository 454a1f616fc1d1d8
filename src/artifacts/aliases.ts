import type { Backend } from "../backend/backend.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { decodeSegment, encodeSegment } from "../backend/key.ts";
import { callOptions } from "../backend/call-options.ts";
import { isVersionTag } from "./name.ts";
import { countDown, fromCountDown, nextNumber } from "./numbered-objects.ts";

/** The most older records that one move removes. */
const MAX_REMOVED = 50;

/** A move of an alias. */
interface Move {
  readonly key: string;
  readonly number: number;
  /** The tag of the version that the alias means from then on. */
  readonly version: string;
}

/**
 * Stores which version each alias of a name means, as empty objects `artifacts/<name>/aliases/<alias>/<digits>.v3`. The
 * digits count the moves down, so the first key of an alias counts. A move removes the older keys after its own is
 * stored. If two writers move an alias at once, both succeed: their moves overlap, so either may be the later one. A
 * slow writer may store a number that others have passed. That has no effect, as if it had moved before them.
 */
export class AliasStore {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Returns all aliases of a name, sorted, with their version tags. Costs one listing of about one key an alias. */
  async all(name: string, signal?: AbortSignal): Promise<Map<string, string>> {
    const prefix = prefixOf(name);
    const found = new Map<string, string>();
    for await (const { key } of this.#backend.list(prefix, callOptions(signal))) {
      const segment = key.slice(prefix.length + 1).split("/", 1)[0] ?? "";
      if (found.has(segment)) continue;
      const move = parseMove(`${prefix}/${segment}`, key);
      if (move !== undefined) found.set(segment, move.version);
    }
    const aliases: [string, string][] = [];
    for (const [segment, version] of found) {
      const alias = aliasOf(segment);
      if (alias !== undefined) aliases.push([alias, version]);
    }
    return new Map(aliases.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Returns the version tag that an alias means now. */
  async get(name: string, alias: string, signal?: AbortSignal): Promise<string | undefined> {
    return (await this.#moves(folderOf(name, alias), 1, signal))[0]?.version;
  }

  /** Makes an alias mean a version. Writes nothing if it already does. Returns the version that it meant before. */
  async set(name: string, alias: string, version: string, signal?: AbortSignal): Promise<string | undefined> {
    const folder = folderOf(name, alias);
    const older = await this.#moves(folder, MAX_REMOVED, signal);
    const [newest] = older;
    if (newest?.version === version) return version;
    const key = `${folder}/${countDown(nextNumber(newest, folder))}.${version}`;
    await createOrMatch(this.#backend, key, new Uint8Array(0), signal, newest !== undefined);
    try {
      for (const move of older) await this.#backend.remove(move.key, callOptions(signal));
    } catch {
      // The alias has moved. An older record means nothing, and the next move tries to remove it again.
    }
    return newest?.version;
  }

  /**
   * Removes an alias that means one of these version tags. Does nothing if it means another version by now, or if
   * somebody moves it at the same moment.
   */
  async remove(name: string, alias: string, tags: readonly string[], signal?: AbortSignal): Promise<void> {
    const moves = await this.#moves(folderOf(name, alias), Number.POSITIVE_INFINITY, signal);
    if (moves[0] === undefined || !tags.includes(moves[0].version)) return;
    // The newest last, so that no older move counts again.
    for (const { key } of moves.toReversed()) await this.#backend.remove(key, callOptions(signal));
  }

  /** Lists at most `most` moves of an alias, the newest first. */
  async #moves(folder: string, most: number, signal: AbortSignal | undefined): Promise<Move[]> {
    const moves: Move[] = [];
    for await (const { key } of this.#backend.list(folder, {
      ...callOptions(signal),
      ...(Number.isFinite(most) && { pageSize: most }),
    })) {
      const move = parseMove(folder, key);
      if (move !== undefined && moves.push(move) >= most) break;
    }
    return moves;
  }
}

function parseMove(folder: string, key: string): Move | undefined {
  const match = /^(\d{8})\.(v.*)$/.exec(key.slice(folder.length + 1));
  const [, digits, version] = match ?? [];
  if (digits === undefined || version === undefined || !isVersionTag(version)) return undefined;
  return { key, number: fromCountDown(digits), version };
}

/** Returns the alias of a key segment, or `undefined` for a segment that no alias has. */
function aliasOf(segment: string): string | undefined {
  try {
    const alias = decodeSegment(segment);
    return encodeSegment(alias, "alias") === segment ? alias : undefined;
  } catch {
    return undefined;
  }
}

function prefixOf(name: string): string {
  return `artifacts/${encodeSegment(name, "name")}/aliases`;
}

function folderOf(name: string, alias: string): string {
  return `${prefixOf(name)}/${encodeSegment(alias, "alias")}`;
}
