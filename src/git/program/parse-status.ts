import type { CodeChange, CodeChangeStatus } from "../../journal/recorded-code.ts";
import { pathName, splitAtZero } from "../path-name.ts";

export interface Status {
  readonly commit?: string;
  readonly branch?: string;
  readonly changes: readonly CodeChange[];
  /** Untracked paths as bytes. */
  readonly untracked: readonly Uint8Array[];
}

const TYPE = 0o170000;

/** Reads what `git status --porcelain=v2 --branch -z --no-renames` prints. */
export function parseStatus(output: Uint8Array): Status {
  let commit: string | undefined;
  let branch: string | undefined;
  const changes: CodeChange[] = [];
  const untracked: Uint8Array[] = [];
  for (const line of splitAtZero(output)) {
    switch (line[0]) {
      case 0x23: {
        // "# branch.oid (initial)"
        const [, name, value = ""] = pathName(line).split(/ (\S+) /);
        if (name === "branch.oid" && value !== "(initial)") commit = value;
        if (name === "branch.head" && value !== "(detached)") branch = value;
        break;
      }
      case 0x31: {
        const [fields, path] = cutFields(line, 8);
        changes.push({ path, status: statusOf(fields[3] ?? "", fields[5] ?? "") });
        break;
      }
      case 0x75:
        changes.push({ path: cutFields(line, 10)[1], status: "unmerged" });
        break;
      case 0x3f:
        untracked.push(line.subarray(2));
        break;
      default:
    }
  }
  return { ...(commit !== undefined && { commit }), ...(branch !== undefined && { branch }), changes, untracked };
}

function statusOf(headMode: string, workMode: string): CodeChangeStatus {
  const head = Number.parseInt(headMode, 8);
  const work = Number.parseInt(workMode, 8);
  if (head === 0) return "added";
  if (work === 0) return "deleted";
  return (head & TYPE) === (work & TYPE) ? "modified" : "type-changed";
}

/** Returns the first fields of a line, which are separated by spaces, and the path behind them. */
function cutFields(line: Uint8Array, count: number): readonly [fields: readonly string[], path: string] {
  const fields: string[] = [];
  let from = 0;
  while (fields.length < count) {
    const at = line.indexOf(0x20, from);
    if (at === -1) break;
    fields.push(pathName(line.subarray(from, at)));
    from = at + 1;
  }
  return [fields, pathName(line.subarray(from))];
}
