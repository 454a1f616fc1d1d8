import { expect, test } from "vitest";
import { simulate } from "./object-simulation.ts";

test("two readers beside a writer whose objects repeat others, and are removed, read each row once", async () => {
  let removed = 0;
  for (let seed = 1; seed <= 5; seed++) removed += (await simulate({ seed })).removed;
  expect(removed).toBeGreaterThan(5 * 20);
});

test("a writer that dies with any of its operations loses nothing that it acknowledged", async () => {
  const { operations } = await simulate({ seed: 99 });
  expect(operations).toBeGreaterThan(60);
  for (let killAt = 1; killAt <= operations; killAt += 23)
    await simulate({ seed: killAt, killAt, isDone: killAt % 2 === 0 });
});
