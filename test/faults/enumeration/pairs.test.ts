import { describe, expect, test } from "vitest";
import type { FaultMode } from "../../../src/testing/index.ts";
import { play } from "./enumerate.ts";
import { PLACES } from "./places.ts";
import { oneSession } from "./workload.ts";
import { stride } from "../../rounds.ts";

const FIRST: readonly FaultMode[] = ["error-before", "lost-ack", "late"];
const SECOND: readonly FaultMode[] = ["crash-after", "torn", "error-before", "lost-ack", "late"];

/** In a sample one in so many operations goes wrong first, and one in so many of the later ones second. */
const EVERY = stride(30);

describe.each(["memory", "objects"] as const)("two faults, on %s", (name) => {
  test.each(FIRST)(
    "%s and then another, at every pair of operations, cost nothing that was acknowledged",
    async (first) => {
      for (const second of SECOND) {
        for (let a = 1, isOver = false; !isOver; a += EVERY) {
          for (let b = a + 1; ; b += EVERY) {
            const faults = [
              { mode: first, at: a },
              { mode: second, at: b },
            ];
            const scenario = { name: `pairs on ${name}`, newPlace: PLACES[name], work: oneSession, faults };
            const { operations, wrong } = await play({ ...scenario, caller: "tries again" });
            expect(wrong, `${first} at operation ${a}, ${second} at ${b}`).toEqual([]);
            isOver = operations.length < a;
            if (operations.length < b) break;
          }
        }
      }
    },
  );
});
