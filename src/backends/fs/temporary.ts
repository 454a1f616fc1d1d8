import { crypto } from "./builtin-modules.ts";

const PREFIX = ".tmp-";

/** Returns a name that nobody can guess, for a file that is being written. */
export function temporaryName(): string {
  return PREFIX + crypto().randomBytes(16).toString("hex");
}

/**
 * Returns the name of the claim on another name, for file systems that refuse links. It is always the same for the same
 * name.
 */
export function claimName(name: string): string {
  return `${PREFIX}claim-${crypto().createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
}

/** Returns whether this backend made the name for a file that is not an object. */
export function isTemporaryName(name: string): boolean {
  return /^\.tmp-(?:claim-)?[0-9a-f]{32}$/.test(name);
}
