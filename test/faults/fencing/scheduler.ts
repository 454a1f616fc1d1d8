import type { Entry } from "../../../src/backend/index.ts";
import { type Backend, LedgerError } from "../../../src/index.ts";
import { type Call, intercept } from "../../../src/testing/intercept.ts";

/** What becomes of one call of an actor. */
export type Fate = "made" | "error-before" | "lost-ack" | "unknown" | "crash-before" | "crash-after";

/** One process of a simulation. */
export interface Actor {
  readonly name: string;
  dead: boolean;
  /** Picks the fate of each of its calls. */
  readonly fate: (call: Call) => Fate;
  /** What the actor is shown instead of the truth; `undefined` shows the truth. */
  readonly lie?: ((call: Call) => { readonly instead: unknown } | undefined) | undefined;
}

interface Waiting {
  readonly actor: Actor;
  readonly what: string;
  readonly go: () => void;
}

/**
 * Lets the calls of several actors happen one at a time, in an order that random numbers decide. A call takes effect when it
 * is let go; with `slowAnswers` its answer waits to be let go once more.
 */
export class Scheduler {
  /** What happened, for people. */
  readonly trace: string[] = [];
  readonly #random: () => number;
  readonly #slowAnswers: boolean;
  /** How likely the actor that was let go last goes on: long runs of one actor are as interesting as fine mixtures. */
  readonly #stickiness: number;
  #waiting: Waiting[] = [];
  #last: Actor | undefined;
  /** Called each time everything stands still. */
  onStill: () => void = () => {};
  readonly #asleep = new Map<Actor, number>();
  #running = false;

  constructor(random: () => number, slowAnswers: boolean) {
    this.#random = random;
    this.#slowAnswers = slowAnswers;
    this.#stickiness = [0, 0.5, 0.8][Math.floor(random() * 3)] as number;
  }

  /** Counts what happened so far. */
  get now(): number {
    return this.trace.length;
  }

  /** The place as an actor has it. Before {@link run} its calls are made at once. */
  backend(inner: Backend, actor: Actor): Backend {
    const turn = (what: string): Promise<void> =>
      new Promise((go) => this.#waiting.push({ actor, what: `${actor.name}: ${what}`, go }));
    const dead = (): Promise<never> => {
      actor.dead = true;
      return new Promise(() => {});
    };
    const nameOf = ({ operation, key }: Call): string => `${operation} ${key.split("/").slice(2).join("/") || key}`;
    const failure = (call: Call, code: "IO" | "UNAVAILABLE" | "OUTCOME_UNKNOWN"): LedgerError =>
      new LedgerError(code, "injected", { key: call.key, operation: call.operation });
    return intercept(inner, {
      call: async (call, proceed) => {
        if (!this.#running) return await proceed();
        const fate = actor.fate(call);
        await turn(`${nameOf(call)}${fate === "made" ? "" : ` (${fate})`}`);
        if (fate === "crash-before") return dead();
        if (fate === "error-before") throw failure(call, "IO");
        const lie = actor.lie?.(call);
        const answer = lie ? Promise.resolve(lie.instead as never) : proceed();
        const ended = await answer.then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        );
        if (this.#slowAnswers) await turn(`hears of ${nameOf(call)}`);
        if (fate === "crash-after") return dead();
        if (fate === "lost-ack") throw failure(call, "UNAVAILABLE");
        if (fate === "unknown") throw failure(call, "OUTCOME_UNKNOWN");
        if ("error" in ended) throw ended.error;
        return ended.value;
      },
      list: (call, proceed) => this.#list(call, proceed, actor, turn, nameOf(call)),
    });
  }

  async *#list(
    call: Call,
    proceed: () => AsyncIterable<Entry>,
    actor: Actor,
    turn: (what: string) => Promise<void>,
    name: string,
  ): AsyncGenerator<Entry> {
    if (!this.#running) {
      yield* proceed();
      return;
    }
    await turn(name);
    const lie = actor.lie?.(call);
    if (lie) {
      yield* lie.instead as Entry[];
      return;
    }
    const entries: Entry[] = [];
    for await (const entry of proceed()) entries.push(entry);
    if (this.#slowAnswers) await turn(`hears of ${name}`);
    yield* entries;
  }

  /** Until every program has ended, or its actor died. */
  async run(programs: readonly { readonly actor: Actor; readonly work: () => Promise<void> }[]): Promise<void> {
    this.#running = true;
    const left = new Set<Actor>();
    let failure: { error: unknown } | undefined;
    for (const { actor, work } of programs) {
      left.add(actor);
      void work()
        .catch((error: unknown) => (failure ??= { error }))
        .finally(() => left.delete(actor));
    }
    for (let idle = 0; ;) {
      // In memory everything that a call sets going is done before the next turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      if (failure) throw failure.error;
      this.onStill();
      this.#waiting = this.#waiting.filter(({ actor }) => !actor.dead);
      for (const actor of left) if (actor.dead) left.delete(actor);
      if (this.#waiting.length === 0) {
        if (left.size === 0) {
          this.#running = false;
          return;
        }
        if (++idle > 1000) throw new Error(`stuck: ${[...left].map(({ name }) => name).join()}`);
        continue;
      }
      idle = 0;
      if (this.#random() < 0.1) this.#pause();
      const awake = this.#waiting.filter(({ actor }) => (this.#asleep.get(actor) ?? 0) <= this.now);
      const able = awake.length > 0 ? awake : this.#waiting;
      const same = able.filter(({ actor }) => actor === this.#last);
      const from = same.length > 0 && this.#random() < this.#stickiness ? same : able;
      const next = from[Math.floor(this.#random() * from.length)] as Waiting;
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#last = next.actor;
      this.trace.push(next.what);
      next.go();
    }
  }

  /** The actor that was let go last stands still for a while, as a process does that the system stops: others get far meanwhile. */
  #pause(): void {
    if (this.#last) this.#asleep.set(this.#last, this.now + Math.floor(this.#random() * 60));
  }
}
