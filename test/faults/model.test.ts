import fc from "fast-check";
import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger, type Run } from "../../src/index.ts";
import { createTestClock, type Fault, type FaultyBackend, faultyBackend, seededIds, type TestClock } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";

const RUNS = 300;

/** What the program knows: of each session the values it logged, in order, and how many of them are acknowledged. */
interface Model {
  readonly sessions: { readonly logged: number[]; acknowledged: number }[];
  next: number;
  tag: string | undefined;
  acknowledgedTag: string | undefined;
  /** The open session logged nothing more: it was asked to finish. */
  isClosing: boolean;
  /** Recovery found that nobody goes on, or the last session finished, and nothing came after it. */
  settled: "finished" | "interrupted" | undefined;
}

/** The library under test: one place, and the one session that is open on its only run. */
class Real {
  readonly inner: Backend;
  readonly clock: TestClock = createTestClock();
  faulty: FaultyBackend;
  ledger: Ledger;
  run: Run;
  #openings = 1;

  static async begin(inner: Backend): Promise<Real> {
    const clock = createTestClock();
    const faulty = faultyBackend(inner);
    const ledger = await openLedger(faulty, { clock, ids: seededIds(1, () => clock.now()) });
    return new Real(inner, faulty, ledger, await ledger.startRun({ environment: false, params: { a: 1 } }));
  }

  private constructor(inner: Backend, faulty: FaultyBackend, ledger: Ledger, run: Run) {
    this.inner = inner;
    this.faulty = faulty;
    this.ledger = ledger;
    this.run = run;
  }

  /** A ledger without faults, as another process opens it. */
  async other(): Promise<Ledger> {
    return await openLedger(this.inner, { clock: this.clock, ids: seededIds(1000 + this.#openings++, () => this.clock.now()) });
  }

  /** The same session behind it, with a fault in one of the next calls. */
  plan(fault: Fault): void {
    (this.faulty.operations as { plan?: unknown }).plan = fault;
  }
}

void Real;
void RUNS;
void fc;
void objectsOnly;
void expect;
void test;
