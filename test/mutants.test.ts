import { afterAll, describe, expect, test } from "vitest";
import type { Backend, Capabilities } from "../src/backend/backend.ts";
import {
  type ConformanceCase,
  ContractViolation,
  conformance,
  conformanceCases,
  runCase,
} from "../src/conformance/index.ts";
import { appendMutants } from "./mutants/appends.ts";
import { cursorMutants } from "./mutants/cursors.ts";
import { errorMutants } from "./mutants/errors.ts";
import { halfMutants } from "./mutants/halves.ts";
import { handleMutants } from "./mutants/handles.ts";
import { listMutants } from "./mutants/lists.ts";
import { moveMutants } from "./mutants/moves.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { prefixMutants } from "./mutants/prefixes.ts";
import { readMutants } from "./mutants/reads.ts";
import { harnessOf, referenceBackend } from "./mutants/reference.ts";
import { removeMutants } from "./mutants/removes.ts";
import { streamMutants } from "./mutants/streams.ts";
import { timingMutants } from "./mutants/timing.ts";
import { writeMutants } from "./mutants/writes.ts";

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
  ...timingMutants,
  ...halfMutants,
  ...errorMutants,
  ...handleMutants,
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
    harnessOf("least, without close and liveness", (store) => {
      const { close: _close, liveness: _liveness, ...rest } = referenceBackend(store, LEAST);
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

describe.concurrent("broken backends", () => {
  for (const mutant of mutants) {
    test(`killed: ${mutant.name}`, async () => {
      const results = await Promise.all(conformanceCases.map((one) => isKilledBy(mutant, one)));
      const killers = conformanceCases.filter((_, i) => results[i]);
      for (const { name } of killers) kills.get(name)?.push(mutant.name);
      expect(killers.map(({ name }) => name)).not.toEqual([]);
    });
  }
});

describe("the suite", () => {
  test("every case kills at least one", () => {
    const idle = [...kills].filter(([, killed]) => killed.length === 0).map(([name]) => name);
    expect(idle).toEqual([]);
  });

  test("names of cases and mutants are unique", () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    expect(new Set(conformanceCases.map(({ name }) => name)).size).toBe(conformanceCases.length);
    expect(mutants.length).toBeGreaterThanOrEqual(40);
  });

  afterAll(() => {
    const table = [...kills].map(([name, killed]) => `${String(killed.length).padStart(4)}  ${name}`);
    console.log(`mutants killed by each case (${mutants.length} mutants, ${kills.size} cases)\n${table.join("\n")}`);
  });
});
