import { cp, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rounds } from "../rounds.ts";
import { type DemoRepository, makeDemoRepository } from "../docs/demo-repository.ts";

const firstReason = (output: string): string | undefined =>
  /the most telling reason first:\n\n {2}(.*)\n/.exec(output)?.[1];

// Trains six times.
describe.skipIf(rounds(0, 1) === 0)("with test:faults alone, because it is slow", () => {
  let demo: DemoRepository;
  beforeAll(async () => {
    demo = await makeDemoRepository();
  }, 120_000);
  afterAll(() => demo.close());

  test("reproduce.ts makes a run of the demo again", { timeout: 180_000 }, async () => {
    const before = await demo.state();
    const { status, output } = await demo.reproduce();
    expect(output).toMatch(/git worktree add --detach \S+ [0-9a-f]{40} /);
    expect(output).toContain('git apply --whitespace=nowarn "$START"/../reproduce-');
    expect(output).toMatch(/same {5}code: commit\n {2}same {5}code: changes\n/);
    expect(output).toMatch(/same {5}data: mnist \/ train\n {2}same {5}data: mnist \/ validation\n/);
    expect(output).toMatch(/same {5}val\/accuracy: (\S+) and \1\n/);
    expect(output).toMatch(/Reproduced: all metrics are equal within 1e-6\.\n$/);
    expect(status).toBe(0);

    expect(await demo.state()).toBe(before);
    expect(await demo.leftovers()).toEqual([]);
  });

  test("reproduce.ts names a changed learning rate", { timeout: 120_000 }, async () => {
    const { status, output } = await demo.reproduce("--learning-rate", "0.02");
    expect(firstReason(output)).toBe("params: optimizer.learningRate differs: 0.02 instead of 0.01");
    expect(status).toBe(1);
    expect(await demo.leftovers()).toEqual([]);
  });

  test("reproduce.ts names changed data", { timeout: 120_000 }, async () => {
    const digits = join(demo.place, "digits");
    await cp(join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src/digits"), digits, {
      recursive: true,
    });
    for (let digit = 0; digit < 10; digit++) {
      const file = join(digits, `${digit}.json`);
      const { data } = JSON.parse(await readFile(file, "utf8")) as { data: number[] };
      await writeFile(file, JSON.stringify({ data: data.map((grey, i) => (i % 784 === 400 ? 1 - grey : grey)) }));
    }
    const { status, output } = await demo.reproduce("--digits", digits);
    expect(firstReason(output)).toBe("data: mnist / train differs: another digest");
    expect(status).toBe(1);
  });

  test("reproduce.ts names changed code, also if the metrics are the same", { timeout: 120_000 }, async () => {
    const lines = (await readFile(join(import.meta.dirname, "../../examples/mnist/model.ts"), "utf8")).split("\n");
    const at = lines.findIndex((line) => line.includes('activation: "relu"'));
    // The two lines before it are the changed one of the record, so only what follows is context.
    const patch = async (to: string): Promise<string> => {
      const file = join(demo.place, "further.patch");
      const context = lines.slice(at + 1, at + 4).map((line) => ` ${line}`);
      const hunk = [`@@ -${at + 1},4 +${at + 1},4 @@`, `-${lines[at]}`, `+${to}`, ...context];
      await writeFile(file, ["--- a/examples/mnist/model.ts", "+++ b/examples/mnist/model.ts", ...hunk, ""].join("\n"));
      return file;
    };
    const tanh = await demo.reproduce("--patch", await patch(lines[at]!.replace("relu", "tanh")));
    expect(firstReason(tanh.output)).toMatch(/^code: changes differ: .*examples\/mnist\/model\.ts/);
    expect(tanh.status).toBe(1);

    const comment = await demo.reproduce("--patch", await patch(`${lines[at]} // as it was`));
    expect(comment.output).toContain("The metrics are the same, but not the inputs: changes");
    expect(comment.status).toBe(1);
  });
});
