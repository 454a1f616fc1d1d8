import { expect, test } from "vitest";
import { simulate } from "../../journal/object-simulation.ts";
import { isFull } from "../../rounds.ts";

const SEEDS = isFull ? 200 : 20;

test("a writer that dies before or after any of its operations loses nothing that it acknowledged", async () => {
  const { operations, removed } = await simulate({ seed: 1 });
  expect(removed).toBeGreaterThan(10);
  for (let killAt = 1; killAt <= operations; killAt++)
    for (const isDone of [false, true]) await simulate({ seed: 1000 + killAt, killAt, isDone });
});

test("two readers beside a writer whose objects repeat others, and are removed, read each row once", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await simulate({ seed });
});
