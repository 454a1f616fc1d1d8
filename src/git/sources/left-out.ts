const MAX_NAMED = 5;

/** Why files are left out of an archive, in words. */
export type Reason =
  | "large"
  | "table"
  | "binary"
  | "room"
  | "number"
  | "secret"
  | "link"
  | "special"
  | "name"
  | "unreadable"
  | "folder"
  | "rules"
  | "ledger"
  | "late";

/** What is left out by rule is no part of the sources, so the archive is complete without it. */
const BY_RULE: ReadonlySet<Reason> = new Set<Reason>(["ledger"]);

/** For each reason, what follows the number, and the names of one and of several. */
export type Texts = { readonly [R in Reason]: readonly [why: string, one?: string, many?: string] };

/** Counts what is left out of an archive, and names the first of each reason. */
export class LeftOut {
  readonly #found = new Map<Reason, { count: number; readonly names: string[] }>();

  add(reason: Reason, path: string): void {
    const found = this.#found.get(reason) ?? { count: 0, names: [] };
    found.count++;
    if (found.names.length < MAX_NAMED) found.names.push(path);
    this.#found.set(reason, found);
  }

  /** Returns a line for each reason. */
  lines(texts: Texts): string[] {
    return (Object.keys(texts) as Reason[]).flatMap((reason) => {
      const found = this.#found.get(reason);
      if (!found) return [];
      const { count, names } = found;
      const more = count > names.length ? `, and ${count - names.length} more` : "";
      const [why, one = "file", many = `${one}s`] = texts[reason];
      const subject = BY_RULE.has(reason) ? "sources" : "archive";
      return [`${subject}: ${count} ${count === 1 ? one : many} ${why} (${names.join(", ")}${more})`];
    });
  }
}
