import { LedgerError } from "../../errors/ledger-error.ts";
import type { SavableFile } from "./savable.ts";

const SHOWN = 5;

/** What of a system decides which names it holds. */
export interface NameRules {
  /** Whether some characters and names are reserved, as on Windows. */
  readonly reserved: boolean;
  /** Resolves with whether names that differ only in case are one. */
  readonly foldsCase: () => Promise<boolean>;
}

/**
 * Rejects with `CORRUPT` if a path leads out of the directory that it is joined to, or is there twice, and with
 * `UNSUPPORTED` if the system cannot hold a name, or would put one file in the place of another.
 */
export async function assertNames(files: readonly SavableFile[], { reserved, foldsCase }: NameRules): Promise<void> {
  const seen = new Set<string>();
  for (const { path, portable } of files) {
    if (!isInside(path) || (reserved && portable !== false && /^[a-z]:/i.test(path)))
      throw new LedgerError("CORRUPT", `${quote(path)} is not the path of a file in a directory`, { field: "opened" });
    if (seen.has(path)) throw new LedgerError("CORRUPT", `${quote(path)} is there twice`, { field: "opened" });
    seen.add(path);
  }
  const odd = files.filter(({ portable }) => portable === false).map(({ path }) => path);
  if (odd.length === 0) return;
  if (reserved) throw unsupported(odd, "Windows cannot hold, or would put in the place of others");
  const alike = alikeIn(odd);
  if (alike.length > 0 && (await foldsCase()))
    throw unsupported(alike, "this file system would put in the place of each other");
}

function isInside(path: unknown): path is string {
  return (
    typeof path === "string" &&
    !/[\0\\]/.test(path) &&
    path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..")
  );
}

/** Returns the paths that are equal, or one of which is a directory of another, if case does not count. */
function alikeIn(paths: readonly string[]): string[] {
  const byFolded = new Map<string, string>();
  const alike = new Set<string>();
  const compare = (path: string, folded: string): void => {
    const other = byFolded.get(folded);
    if (other !== undefined) alike.add(other).add(path);
  };
  const all = paths.map((path) => ({ path, folded: path.toUpperCase().toLowerCase().normalize("NFC") }));
  for (const { path, folded } of all) {
    compare(path, folded);
    byFolded.set(folded, path);
  }
  for (const { path, folded } of all)
    for (let at = folded.indexOf("/"); at !== -1; at = folded.indexOf("/", at + 1)) compare(path, folded.slice(0, at));
  return [...alike];
}

function unsupported(paths: readonly string[], what: string): LedgerError {
  const shown = paths.slice(0, SHOWN).map(quote).join(", ");
  const more = paths.length > SHOWN ? ` and ${paths.length - SHOWN} more` : "";
  const advice = "Read these files with read() or stream(), and save them under other names";
  return new LedgerError("UNSUPPORTED", `the artifact has names that ${what}: ${shown}${more}. ${advice}`, {
    field: "opened",
    operation: "save",
  });
}

function quote(path: unknown): string {
  const text = String(path);
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
