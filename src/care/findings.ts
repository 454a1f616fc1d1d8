import { LedgerError } from "../errors/ledger-error.ts";
import type { Verification, VerificationProblem, VerificationProgress } from "./verification.ts";

/** How many problems are kept: a store that lost everything must not fill the memory. */
const MAX_PROBLEMS = 10_000;

/** Where the parts of a verification put what they find. */
export interface FindingsSink {
  /** Counts an object, and the bytes that were read of it. Throws `INVALID_ARGUMENT` if the listener throws. */
  count(bytes: number): void;
  /** Adds a problem. Of an object, the first one counts. */
  add(problem: VerificationProblem): void;
  /** Takes note that the seal of a run is of another ledger. */
  adopt(run: string): void;
}

/** What was found out about the seal of a run. */
export interface SealReport {
  /** Whether there is a seal, and the list of what it covers is that of its root. */
  readonly isSealed: boolean;
  /** The ids of trusted keys that have signed it. */
  readonly signedBy: readonly string[];
  /** The ids that other signatures name. */
  readonly unknownSigners: readonly string[];
  /** The keys of what was added later. */
  readonly late: readonly string[];
  /** Prefixes that a store without listings cannot list. */
  readonly unchecked: readonly string[];
}

/** Counts what is verified, and keeps what is wrong. */
export class Findings implements FindingsSink {
  readonly #problems: VerificationProblem[] = [];
  readonly #keys = new Set<string>();
  readonly #tell: ((progress: VerificationProgress) => void) | undefined;
  readonly #signedBy = new Set<string>();
  readonly #unknownSigners = new Set<string>();
  readonly #adopted = new Set<string>();
  readonly #late: string[] = [];
  readonly #unchecked: string[] = [];
  #runs = 0;
  #sealedRuns = 0;
  #more = 0;
  #checked = 0;
  #bytes = 0;
  constructor(tell: ((progress: VerificationProgress) => void) | undefined) {
    this.#tell = tell;
  }

  count(bytes: number): void {
    this.#checked++;
    this.#bytes += bytes;
    try {
      this.#tell?.({ checked: this.#checked, bytes: this.#bytes, problems: this.#problems.length + this.#more });
    } catch (cause) {
      const message = "onProgress threw an error";
      throw new LedgerError("INVALID_ARGUMENT", message, { field: "onProgress", received: "function", cause });
    }
  }

  add(problem: VerificationProblem): void {
    if (this.#keys.has(problem.key)) return;
    if (this.#problems.length >= MAX_PROBLEMS) {
      this.#more++;
      return;
    }
    this.#keys.add(problem.key);
    this.#problems.push(problem);
  }

  adopt(run: string): void {
    if (this.#adopted.size < MAX_PROBLEMS) this.#adopted.add(run);
  }

  /** Takes note of the seal of a run. `undefined`: it has none. */
  addRun(report: SealReport | undefined): void {
    this.#runs++;
    if (report === undefined) return;
    if (report.isSealed) this.#sealedRuns++;
    for (const id of report.signedBy) this.#signedBy.add(id);
    for (const id of report.unknownSigners) this.#unknownSigners.add(id);
    for (const key of report.late) if (this.#late.length < MAX_PROBLEMS) this.#late.push(key);
    for (const prefix of report.unchecked) this.#unchecked.push(prefix);
  }

  /** Returns what was found. */
  result(): Verification {
    const problems = this.#problems.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    return {
      intact: problems.length === 0,
      sealed: this.#runs > 0 && this.#sealedRuns === this.#runs,
      signedBy: [...this.#signedBy].sort(),
      unknownSigners: [...this.#unknownSigners].sort(),
      checked: this.#checked,
      bytes: this.#bytes,
      problems,
      moreProblems: this.#more,
      missing: problems.flatMap(({ kind, key }) => (kind === "missing" || kind === "removed" ? [key] : [])),
      lateRecords: this.#late.toSorted(),
      unchecked: this.#unchecked.toSorted(),
      adopted: [...this.#adopted].sort(),
    };
  }
}

/** Returns the problem that an error of the store or of a reader tells. Throws anything else. */
export function problemOf(error: unknown, key: string, advice: string): VerificationProblem {
  if (!LedgerError.is(error)) throw error;
  return { kind: kindOf(error), key: error.key ?? key, message: `${error.message}. ${advice}` };
}

function kindOf({ code, message }: LedgerError): VerificationProblem["kind"] {
  if (code === "NOT_FOUND") return "missing";
  if (code === "FORMAT_TOO_NEW") return "too-new";
  if (code !== "CORRUPT") return "unreadable";
  return / is missing\b/.test(message) ? "missing" : "damaged";
}
