import type { Metrics, Run } from "../../../src/index.ts";

/** A row as it was handed to `log()`, its names flat. */
export interface LoggedRow {
  readonly step: number;
  readonly time: number;
  readonly metrics: ReadonlyMap<string, number>;
}

/** One writer of a run, as the program that held it knows it. */
export interface Session {
  readonly run: Run;
  readonly rows: LoggedRow[];
  /** So many rows, from the first on, were acknowledged. */
  acknowledged: number;
  /** Tags in the order they were set, and how many of them were acknowledged. */
  readonly tags: [string, string][];
  acknowledgedTags: number;
  finish: "not tried" | "tried" | "done";
}

/** What a program knows of its run. */
export interface KnownRun {
  readonly id: string;
  readonly params: object;
  /** In the order they joined. */
  readonly sessions: Session[];
  /** A session may have begun after the end of all known ones: the caller knows only those whose call resolved. */
  mayBeOpen?: boolean;
  /** Of versions whose `logArtifact` resolved: reference and content. */
  readonly artifacts: Map<string, string>;
}

/** What a program knows of everything it did to a ledger: the measure of what is found in it afterwards. */
export class Oracle {
  readonly runs: KnownRun[] = [];
  /** A `startRun` rejected: runs may be there that nobody knows, without a single point. */
  mayHaveUnknownRuns = false;

  /** Returns a copy to which others can be added. */
  copy(): Oracle {
    const oracle = new Oracle();
    for (const { id, params, sessions, artifacts } of this.runs)
      oracle.runs.push({ id, params, sessions: [...sessions], artifacts: new Map(artifacts) });
    return oracle;
  }

  started(run: Run, params: object): KnownRun {
    const known: KnownRun = { id: run.id, params, sessions: [], artifacts: new Map() };
    this.runs.push(known);
    this.joined(known, run);
    return known;
  }

  joined(known: KnownRun, run: Run): Session {
    const session: Session = { run, rows: [], acknowledged: 0, tags: [], acknowledgedTags: 0, finish: "not tried" };
    known.sessions.push(session);
    return session;
  }
}

/** Logs a row and takes note of it. `n`, in every row, is different in each. */
export function log(
  session: Session,
  n: number,
  metrics: Metrics,
  at: { readonly step: number; readonly time: number },
): void {
  const row = { n, ...metrics };
  session.run.log(row, at);
  session.rows.push({ ...at, metrics: new Map(flatten(row, "")) });
}

export function setTag(session: Session, key: string, value: string): void {
  session.run.setTags({ [key]: value });
  session.tags.push([key, value]);
}

/** Does what acknowledges all that went before it. */
export async function acknowledge(session: Session, work: () => Promise<unknown>): Promise<void> {
  const [rows, tags] = [session.rows.length, session.tags.length];
  await work();
  session.acknowledged = Math.max(session.acknowledged, rows);
  session.acknowledgedTags = Math.max(session.acknowledgedTags, tags);
}

function flatten(metrics: Metrics, prefix: string): [string, number][] {
  return Object.entries(metrics).flatMap(([name, value]) =>
    typeof value === "object"
      ? flatten(value, `${prefix}${name}/`)
      : value === undefined
        ? []
        : [[prefix + name, Number(value)] as [string, number]],
  );
}
