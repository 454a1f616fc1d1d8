import { createHash } from "node:crypto";
import { serialize } from "node:v8";
import type { Oracle } from "./oracle.ts";
import type { Contents } from "./places.ts";

/** Returns a digest of what a place holds and of everything that an oracle knows of it. */
export function stateOf(contents: Contents, oracle: Oracle): string {
  const hash = createHash("sha256");
  for (const [key, bytes] of contents) hash.update(`${key}\0${bytes.length}\0`).update(bytes);
  const runs = oracle.runs.map(({ id, params, artifacts, sessions }) => ({
    id,
    params,
    artifacts,
    sessions: sessions.map(({ run, ...known }) => [
      known,
      run.stats.points,
      run.stats.acknowledged,
      run.stats.buffered,
      run.stats.dropped,
    ]),
  }));
  hash.update(serialize([oracle.mayHaveUnknownRuns, runs]));
  return hash.digest("hex");
}
