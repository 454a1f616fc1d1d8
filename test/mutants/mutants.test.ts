import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend, Capabilities } from "../../src/backend/backend.ts";
import { withChecks } from "../../src/backend/layers/checks.ts";
import {
  type ConformanceCase,
  ContractViolation,
  conformance,
  conformanceCases,
  runCase,
} from "../../src/conformance/index.ts";
import { appendMutants } from "./appends.ts";
import { probe, trustingBackend } from "./boundary.ts";
import { changeMutants } from "./changes.ts";
import { cursorMutants } from "./cursors.ts";
import { errorMutants } from "./errors.ts";
import { halfMutants } from "./halves.ts";
import { handleMutants } from "./handles.ts";
import { ideas } from "./ideas.ts";
import { listMutants } from "./lists.ts";
import { moveMutants } from "./moves.ts";
import type { Mutant } from "./mutant.ts";
import { prefixMutants } from "./prefixes.ts";
import { processMutants } from "./processes.ts";
import { readMutants } from "./reads.ts";
import { harnessOf, referenceBackend } from "./reference.ts";
import { removeMutants } from "./removes.ts";
import { streamMutants } from "./streams.ts";
import { timingMutants } from "./timing.ts";
import { writeMutants } from "./writes.ts";
import { isFull, sampled } from "../rounds.ts";

const mutants: readonly Mutant[] = [
  ...writeMutants,
  ...streamMutants,
  ...readMutants,
  ...listMutants,
  ...prefixMutants,
  ...cursorMutants,
  ...removeMutants,
  ...appendMutants,
  ...moveMutants,
  ...changeMutants,
  ...timingMutants,
  ...halfMutants,
  ...errorMutants,
  ...handleMutants,
  ...processMutants,
];

const LEAST: Capabilities = { append: false, exclusiveCreate: false, durable: false };

describe("the reference keeps the contract", () => {
  conformance(
    harnessOf("reference", (store) => referenceBackend(store)),
    test,
  );
});

describe("a backend that declares nothing keeps the contract", () => {
  conformance(
    harnessOf("least", (store) => referenceBackend(store, LEAST)),
    test,
  );
  conformance(
    harnessOf("least, without close, liveness and changes", (store) => {
      const { close: _close, liveness: _liveness, changes: _changes, ...rest } = referenceBackend(store, LEAST);
      return rest;
    }),
    test,
  );
});

/** Which mutants each case kills. */
const kills = new Map<string, string[]>(conformanceCases.map((one) => [one.name, []]));

async function isKilledBy(mutant: Mutant, one: ConformanceCase): Promise<boolean> {
  const harness = harnessOf(mutant.name, (store) => {
    const sound = referenceBackend(store, mutant.capabilities) as Required<Backend>;
    return { ...sound, ...mutant.damage(sound, store) };
  });
  try {
    await runCase(harness, one);
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(ContractViolation);
    return true;
  }
}

const heavy = conformanceCases.filter(({ name }) => /MiB|large/.test(name));
const light = conformanceCases.filter((one) => !heavy.includes(one));

async function killersAmong(mutant: Mutant, cases: readonly ConformanceCase[]): Promise<string[]> {
  const results = await Promise.all(cases.map((one) => isKilledBy(mutant, one)));
  return cases.filter((_, i) => results[i]).map(({ name }) => name);
}

/** Mutants that only a time limit may kill. All begin at once, so that they wait together. */
const waiting = new Map<Mutant, Promise<string[]>>();

/** A sample kills too few to show that every case is needed. */
const tried = sampled(mutants, 16);

describe.concurrent("broken backends", () => {
  beforeAll(() => {
    for (const mutant of isFull ? tried.filter((each) => changeMutants.includes(each)) : tried)
      waiting.set(mutant, killersAmong(mutant, light));
  });
  for (const mutant of tried) {
    test(`killed: ${mutant.name}`, async () => {
      const expected = ideas[mutant.name];
      let killers = await (waiting.get(mutant) ?? killersAmong(mutant, light));
      // Copying megabytes is slow, so only mutants that nothing else kills get that far.
      if (killers.length === 0) killers = await killersAmong(mutant, heavy);
      for (const name of killers) kills.get(name)?.push(mutant.name);
      expect(killers).not.toEqual([]);
      if (expected !== undefined) expect(killers).toContain(expected);
    });
  }
});

describe("the suite", () => {
  test.runIf(isFull)("every case kills at least one", () => {
    const idle = [...kills].filter(([, killed]) => killed.length === 0).map(([name]) => name);
    expect(idle).toEqual([]);
  });

  test("every idea is among the mutants", () => {
    const names = mutants.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(ideas)));
  });

  test("names of cases and mutants are unique", () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    expect(new Set(conformanceCases.map(({ name }) => name)).size).toBe(conformanceCases.length);
    expect(mutants.length).toBeGreaterThanOrEqual(40);
  });

  afterAll(() => {
    if (!isFull) return;
    const table = [...kills].map(([name, killed]) => `${String(killed.length).padStart(4)}  ${name}`);
    console.log(`mutants killed by each case (${mutants.length} mutants, ${kills.size} cases)\n${table.join("\n")}`);
  });
});

/**
 * A backend may trust its keys, because a layer of the core keeps bad keys away. The suite has no case for that layer,
 * so it is tested here in the same way.
 */
describe("bad keys", () => {
  const methods = ["create", "read", "stat", "list", "remove", "append", "move"] as const;

  test("never reach a backend behind withChecks", async () => {
    const { backend, called } = trustingBackend();
    await probe(withChecks(backend) as Required<Backend>);
    expect([...called]).toEqual([]);
  });

  test.each(methods)("killed: no key check on %s", async (method) => {
    const { backend, called } = trustingBackend();
    await probe({ ...(withChecks(backend) as Required<Backend>), [method]: backend[method] });
    expect([...called]).toEqual([method]);
  });
});
