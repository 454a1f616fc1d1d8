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
  return after(earlier, now, true);
}

/**
 * Returns what to record of the code that the caller gives a resuming session. It replaces that of earlier sessions.
 * `incomplete` says so if the two differ in something that both state.
 */
export function givenCodeOfSession(earlier: RecordedCode, now: RecordedCode): RecordedCode {
  const [first, second] = [partsOf(earlier), partsOf(now)];
  return after(
    earlier,
    now,
    first.some((part, i) => isStated(part) && isStated(second[i]) && !same(part, second[i])),
  );
}

function after(earlier: RecordedCode, now: RecordedCode, isOther: boolean): RecordedCode {
  const before = earlier.incomplete.filter((each) => each.startsWith(REMARK));
  const remark = isOther ? [`${REMARK}an earlier one ran other code${nameOf(earlier)}`] : [];
  const remarks = [...new Set([...before, ...remark])].slice(-MOST);
  return { ...now, incomplete: [...now.incomplete, ...remarks] };
}

function nameOf({ commit, dirty, archive }: RecordedCode): string {
  if (commit !== undefined) return `: commit ${commit}${dirty === false ? "" : ", with changes"}`;
  return archive ? `: archive ${archive.digest}` : "";
}

const identityOf = (code: RecordedCode): string => JSON.stringify(partsOf(code));

/** Returns what identifies code. Untracked files are not part of it: a training makes some. */
function partsOf({ commit, dirty, changes, submodules, lockfile, patch, archive }: RecordedCode): unknown[] {
  const all = [commit, dirty, changes, submodules, lockfile?.digest, patch?.digest, archive?.digest];
  return all.map((value) => value ?? null);
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The caller need not know everything. */
const isStated = (part: unknown): boolean =>
  part !== null && part !== "unknown" && !(Array.isArray(part) && part.length === 0);
