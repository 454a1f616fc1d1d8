import type { RecordedCode } from "../journal/recorded-code.ts";

const REMARK = "sessions: ";
/** The most earlier sessions that are named. */
const MOST = 5;

/**
 * Returns what to record of the code of a resuming session, or `undefined` if the record stays as it is: the session has
 * the same code, or another script, which does something else with the run. If the code differs, `incomplete` says that
 * an earlier session ran other code.
 */
export function codeOfSession(earlier: RecordedCode, now: RecordedCode): RecordedCode | undefined {
  if (earlier.entry !== now.entry || identityOf(earlier) === identityOf(now)) return undefined;
  const { commit, dirty, incomplete } = earlier;
  const which = commit === undefined ? "" : `: commit ${commit}${dirty === false ? "" : ", with changes"}`;
  const before = incomplete.filter((remark) => remark.startsWith(REMARK)).slice(-MOST + 1);
  return { ...now, incomplete: [...now.incomplete, ...before, `${REMARK}an earlier one ran other code${which}`] };
}

/** Untracked files are not part of it: a training makes some. */
function identityOf({ commit, dirty, changes, submodules, lockfile, patch, archive }: RecordedCode): string {
  const all = [commit, dirty, changes, submodules, lockfile?.digest, patch?.digest, archive?.digest];
  return JSON.stringify(all.map((value) => value ?? null));
}
