import type { Run } from "../../../src/index.ts";

/** What is known of one session from outside. */
export interface Session {
  readonly actor: string;
  readonly writer: string;
  readonly run: Run;
  /** In order. `at`: when, by the scheduler. A row logged without a step has none here. */
  readonly logged: { readonly value: number; readonly step: number | undefined; readonly at: number }[];
  /** So many of them were acknowledged, and when that grew last. */
  acknowledged: number;
  acknowledgedAt: number;
  finish: "not tried" | "tried" | "done";
  fenced: boolean;
}

/** An exclusive session, and the moment from which no older one may have anything acknowledged. */
export interface Claim {
  readonly session: Session;
  readonly at: number;
  /** What the place held then. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
}

/** Everything an outsider saw of a run that some processes wrote and claimed. */
export class Known {
  readonly sessions: Session[] = [];
  readonly claims: Claim[] = [];
  readonly wrong: string[] = [];
  runId = "";

  began(actor: string, writer: string, run: Run): Session {
    const session: Session = {
      actor,
      writer,
      run,
      logged: [],
      acknowledged: 0,
      acknowledgedAt: 0,
      finish: "not tried",
      fenced: false,
    };
    this.sessions.push(session);
    return session;
  }

  /** Takes note of what the library says is acknowledged: each row is a point. */
  look(at: number): void {
    for (const session of this.sessions) {
      const count = session.run.stats.acknowledged;
      if (count <= session.acknowledged) continue;
      session.acknowledged = count;
      session.acknowledgedAt = at;
    }
  }
}
