import { expect, test } from "vitest";
import { EventLoopDelay } from "../../src/node/system/event-loop-delay.ts";

test("a loop that was blocked shows", async () => {
  const delay = new EventLoopDelay();
  try {
    expect(delay.take()).toEqual({});
    const end = performance.now() + 600;
    while (performance.now() < end);
    let taken = delay.take();
    for (; !("max" in taken); taken = delay.take()) await new Promise((resolve) => setImmediate(resolve));
    expect(taken["max"]).toBeGreaterThan(300);
    expect(taken["mean"]).toBeLessThanOrEqual(taken["max"] as number);
  } finally {
    delay.end();
  }
});
