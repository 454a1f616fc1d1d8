import type { Dictionary } from "../../journal/event.ts";
import { messageOf } from "../../platform/any-realm.ts";

/** What was found out about the environment, and what could not be. */
export class Findings {
  readonly found: Dictionary = {};
  /** What is not permitted or cannot be read, in words. */
  readonly incomplete: string[] = [];
  /** Where a secret was replaced. */
  readonly redacted: { readonly kind: string; readonly place: string }[] = [];

  /** Adds an answer, unless it is `undefined`. */
  add(name: string, answer: unknown): void {
    if (answer !== undefined) this.found[name] = answer;
  }

  /** Adds the answer to a question. If the question fails, {@link incomplete} says so. Never rejects. */
  async look(name: string, question: () => unknown): Promise<void> {
    try {
      this.add(name, await question());
    } catch (error) {
      this.missing(name, error);
    }
  }

  /** Notes that something could not be found out. What does not exist is not worth a note. */
  missing(name: string, error: unknown): void {
    if (isAbsent(error)) return;
    this.incomplete.push(`${name}: ${isForbidden(error) ? "not permitted" : messageOf(error, "unknown trouble")}`);
  }

  /** Returns the remarks of findings, as members of the environment. */
  static remarks(...all: readonly Findings[]): Dictionary {
    const incomplete = all.flatMap((findings) => findings.incomplete);
    const redacted = all.flatMap((findings) => findings.redacted);
    return { ...(incomplete.length > 0 && { incomplete }), ...(redacted.length > 0 && { redacted }) };
  }
}

/** Returns whether an error says that there is no such file or directory. */
export function isAbsent(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Returns whether the system or the runtime does not permit something. Deno has errors of its own for that. */
function isForbidden(error: unknown): boolean {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  return (
    ["EACCES", "EPERM", "ERR_ACCESS_DENIED"].includes(code as string) ||
    ["NotCapable", "PermissionDenied"].includes(name as string)
  );
}
