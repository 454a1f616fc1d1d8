import { expect, test } from "vitest";
import { makeDemoRepository } from "./demo-repository.ts";

// A changed learning rate, changed data and changed code are in test/faults/reproduce.test.ts.
test("examples/reproduce.ts makes a run of the demo again", { timeout: 180_000 }, async ({ onTestFinished }) => {
  const demo = await makeDemoRepository();
  onTestFinished(demo.close);
  const before = await demo.state();
  const { status, output } = await demo.reproduce();
  expect(output).toMatch(/git worktree add --detach \S+ [0-9a-f]{40} /);
  expect(output).toContain("git apply --whitespace=nowarn ../changes.patch");
  expect(output).toMatch(/same {5}code: commit\n {2}same {5}code: changes\n/);
  expect(output).toMatch(/same {5}data: mnist \/ train\n {2}same {5}data: mnist \/ validation\n/);
  expect(output).toMatch(/same {5}val\/accuracy: (\S+) and \1\n/);
  expect(output).toMatch(/Reproduced: all metrics are equal within 1e-6\.\n$/);
  expect(status).toBe(0);

  expect(await demo.state()).toBe(before);
  expect(await demo.leftovers()).toEqual([]);
});
