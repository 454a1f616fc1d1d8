import fc from "fast-check";
import { expect, test } from "vitest";
import {
  checkReproduction,
  type CheckReproductionOptions,
} from "../../../src/compare/reproduction/check-reproduction.ts";
import type { RecordedCode } from "../../../src/journal/recorded-code.ts";
import { anyRecords, type Part, record } from "../records.ts";

const lockfile = { path: "package-lock.json", digest: "sha256:9" };
const code = (part: Partial<RecordedCode> = {}): RecordedCode => ({
  engine: "git",
  commit: "c1",
  entry: "train.ts",
  remotes: [],
  dirty: false,
  changes: [],
  untracked: [],
  submodules: [],
  incomplete: [],
  lockfile,
  ...part,
});
const whole: Part = {
  code: code(),
  params: { optimizer: { learningRate: 0.003 }, seed: 7 },
  metrics: { loss: [2, 0.5] },
  datasets: [{ time: 0, name: "mnist", digest: "sha256:1", context: "train" }],
  environment: { runtime: { name: "node", version: "22" }, tfjs: { version: "4", backend: "wasm" }, command: ["node"] },
};
const check = (a: Part, b: Part, options?: CheckReproductionOptions) =>
  checkReproduction(record("a", { ...whole, ...a }), record("b", { ...whole, ...b }), options);

test("the same inputs and metrics are a reproduction", () => {
  const result = check({}, { metrics: { loss: [9, 0.5 + 1e-9], "system/cpu": [1], "tfjs/memory/numBytes": [8] } });
  expect(result).toMatchObject({
    reproduced: true,
    because: [],
    metrics: [{ name: "loss", original: 0.5, again: 0.5 + 1e-9, within: true }],
  });
  expect(result.inputs).toEqual([
    { kind: "code", name: "commit", same: true },
    { kind: "code", name: "script", same: true },
    { kind: "code", name: "lockfile", same: true },
    { kind: "data", name: "mnist / train", same: true },
    { kind: "params", name: "optimizer.learningRate", same: true },
    { kind: "params", name: "seed", same: true },
    { kind: "environment", name: "runtime.name", same: true },
    { kind: "environment", name: "runtime.version", same: true },
    { kind: "backend", name: "tfjs.backend", same: true },
    { kind: "environment", name: "tfjs.version", same: true },
    { kind: "seed", name: "seed", same: true },
  ]);
});

test("because names what differs, the most telling first", () => {
  const metrics = { loss: [0.7] };
  const { because } = check(
    {},
    {
      metrics,
      code: code({ commit: "c2" }),
      params: { optimizer: { learningRate: 0.01 } },
      datasets: [{ time: 0, name: "mnist", digest: "sha256:2", context: "train" }],
      environment: { runtime: { name: "node", version: "24" }, tfjs: { version: "4", backend: "cpu" } },
      status: "failed",
      error: { name: "Error", message: "too\u001b[1m hot" },
    },
  );
  expect(because).toEqual([
    "status: the second run is failed, the first finished: Error: too\uFFFD[1m hot",
    "code: commit differs: c2 instead of c1",
    "data: mnist / train differs: another digest",
    "params: optimizer.learningRate differs: 0.01 instead of 0.003",
    "params: seed differs: absent instead of 7",
    "environment: runtime.version differs: 24 instead of 22",
    "backend: tfjs.backend differs: cpu instead of wasm",
    "seed: no param of both runs is a seed",
  ]);
  expect(check({}, { metrics }).because).toEqual([expect.stringContaining("everything recorded is the same")]);
  expect(check({ metrics: {} }, { metrics: {} })).toMatchObject({
    reproduced: false,
    because: [expect.stringContaining("neither run has one")],
  });
  const { because: unknown } = checkReproduction(
    record("a", { metrics: { loss: [1] }, datasets: whole.datasets! }),
    record("b", { ...whole, metrics, params: { lr: 1 } }),
  );
  expect(unknown[0]).toMatch(/^params: lr differs: 1 instead of absent/);
  expect(unknown).toContain("code: it is not known whether code is the same: not both runs recorded it");
});

test("without a lockfile it is not known whether the packages are the same", () => {
  const none = { metrics: { loss: [0.7] }, code: code({ lockfile: undefined }) };
  const { because, inputs } = check({ code: none.code }, none);
  expect(because).toEqual(["code: it is not known whether lockfile is the same: neither run recorded one"]);
  expect(inputs).toContainEqual({ kind: "code", name: "lockfile", same: "unknown" });
  const environment = { lockfile };
  expect(check({ ...none, environment }, { ...none, environment }).inputs).not.toContainEqual(
    expect.objectContaining({ name: "lockfile" }),
  );
  expect(check({}, none).inputs).toContainEqual({ kind: "code", name: "lockfile", same: false });
});

test("changes by their patches, and archives", () => {
  const patch = (digit: string, complete = true): Partial<RecordedCode> => ({
    dirty: true,
    changes: [{ path: "train.ts", status: "modified" }],
    patch: { digest: `sha256:${digit.repeat(64)}`, size: 1, complete },
  });
  const changes = (a: Partial<RecordedCode>, b: Partial<RecordedCode>) =>
    check({ code: code(a) }, { code: code(b) }).inputs.find(({ name }) => name === "changes")?.same;
  expect(changes(patch("a"), patch("a"))).toBe(true);
  expect(changes(patch("a"), patch("b"))).toBe(false);
  expect(changes(patch("a"), {})).toBe(false);
  expect(changes(patch("a", false), patch("a", false))).toBe("unknown");
  expect(changes(patch("a"), patch("b", false))).toBe("unknown");
  expect(changes({ dirty: "unknown" }, { dirty: "unknown" })).toBe("unknown");
  expect(changes({ dirty: true }, {})).not.toBe(true);
  const because = (a: Partial<RecordedCode>, b: Partial<RecordedCode>) =>
    check({ code: code(a) }, { code: code(b), metrics: { loss: [9] } }).because.find((text) =>
      text.includes("changes"),
    );
  const other = { path: "data.ts", status: "modified" } as const;
  const wider = { ...patch("b"), changes: [other, ...patch("b").changes!] };
  expect(because(patch("a"), patch("b"))).toBe("code: changes differ: both changed train.ts, not in the same way");
  expect(because(patch("a"), wider)).toBe(
    "code: changes differ: only the second run changed data.ts; both changed train.ts, perhaps not in the same way",
  );
  expect(because({ dirty: "unknown" }, {})).toBe("code: it is not known whether changes are the same");
  const none = { commit: undefined, entry: undefined, incomplete: ["commit: unborn", "entry: none"] };
  expect(check({ code: code(none) }, { code: code(none), metrics: { loss: [9] } }).because).toEqual(
    expect.arrayContaining(["code: it is not known whether commit is the same"]),
  );
  const archive = { digest: `sha256:${"c".repeat(64)}`, size: 1, files: 1, complete: true, parts: [] };
  const sources = { engine: "archive" as const, dirty: "unknown" as const, archive };
  expect(check({ code: code(sources) }, { code: code(sources) }).inputs).toContainEqual({
    kind: "code",
    name: "archive",
    same: true,
  });
});

test("an earlier session that ran other code may be the reason", () => {
  const archive = { digest: `sha256:${"c".repeat(64)}`, size: 1, files: 1, complete: true, parts: [] };
  const text = "an earlier one ran other code: commit c0";
  for (const part of [{}, { engine: "archive" as const, commit: undefined, archive }]) {
    const resumed = code({ ...part, incomplete: [`sessions: ${text}`] });
    const { inputs, because } = check({ code: resumed }, { code: code(part), metrics: { loss: [9] } });
    expect(inputs).toContainEqual({ kind: "code", name: "earlier sessions", same: "unknown" });
    expect(because).toEqual([`code: it is not known whether earlier sessions are the same: of the first run ${text}`]);
    expect(check({ code: code(part) }, { code: resumed, metrics: { loss: [9] } }).because).toEqual([
      `code: it is not known whether earlier sessions are the same: of the second run ${text}`,
    ]);
  }
});

test("a member of the environment that one run lacks is not known to differ, but a variable or dependency is", () => {
  const runtime = { name: "node", version: "22" };
  const lists = { dependencies: { b: "2" }, variables: { A: "1", B: "2" } };
  const npm = { runtime, packageManager: { name: "npm", version: "11" }, ...lists };
  const node = { runtime, packageManager: { name: "npm" }, dependencies: { a: "1", b: "2" }, variables: { A: "1" } };
  const because = (a: object, b: object) =>
    check({ environment: a as never }, { environment: b as never, metrics: { loss: [9] } }).because;
  expect(because(npm, node)).toEqual([
    "environment: dependencies.a differs: 1 instead of absent",
    "environment: variables.B differs: absent instead of 2",
    "environment: it is not known whether packageManager.version is the same: only the first run recorded it: 11",
  ]);
  expect(because({ runtime }, { runtime, dependencies: { a: "1" } })).toEqual([
    "environment: it is not known whether dependencies.a is the same: only the second run recorded it: 1",
  ]);
});

test("tolerances: absolute, relative, by name and by glob", () => {
  const differ = { metrics: { "val/loss": [1.05], "val/acc": [0.95] } };
  const same = { metrics: { "val/loss": [1], "val/acc": [0.9] } };
  const within = (tolerances: CheckReproductionOptions["tolerances"]) =>
    check(same, differ, { tolerances }).metrics.map((metric) => metric.within);
  expect(within(undefined)).toEqual([false, false]);
  expect(within({ "val/*": 0.06 })).toEqual([true, true]);
  expect(within({ "val/*": 0.06, "val/acc": 0 })).toEqual([false, true]);
  expect(within({ "**": { relative: 0.05 } })).toEqual([false, true]);
  expect(within({ "**": { relative: 0.05 }, "val/a*": { absolute: 0.1, relative: 0 } })).toEqual([true, true]);
  expect(within({ "**": Infinity })).toEqual([true, true]);
});

test("because names a tolerance that is of no metric", () => {
  const because = (tolerances: CheckReproductionOptions["tolerances"]) =>
    check({ metrics: { loss: [1] } }, { metrics: { loss: [1.05] } }, { tolerances }).because[0];
  expect(because({ losss: 0.1 })).toBe('tolerances: neither run has the metric "losss"; did you mean "loss"?');
  expect(because({ "val/*": 0.1 })).toBe('tolerances: neither run has the metric "val/*"');
  expect(because({ loss: 0.01, "l*": 0.01 })).not.toContain("tolerances");
  expect(check({}, {}, { tolerances: { other: 1 } })).toMatchObject({ because: [] });
});

test("NaN and infinities are the same as themselves alone, and a missing metric is not within", () => {
  const values = [Number.NaN, Infinity, -Infinity, 0, -0, 1];
  for (const a of values)
    for (const b of values) {
      const [metric] = check({ metrics: { x: [a] } }, { metrics: { x: [b] } }).metrics;
      expect(metric?.within).toBe(a === b || (Number.isNaN(a) && Number.isNaN(b)));
    }
  expect(check({ metrics: { x: [Number.NaN] } }, { metrics: { x: [Number.NaN] } }).metrics[0]?.difference).toBe(0);
  expect(
    check({ metrics: { x: [1], y: [1] } }, { metrics: { x: [1] } }, { tolerances: { "**": Infinity } }),
  ).toMatchObject({
    reproduced: false,
    metrics: [{ within: true }, { name: "y", original: 1, again: undefined, difference: undefined, within: false }],
  });
});

test("bad tolerances and records name the field", () => {
  const field = (tolerances: unknown) => {
    try {
      check({}, {}, { tolerances } as never);
    } catch (error) {
      return (error as { code: string; field: string }).code + " " + (error as { field: string }).field;
    }
    return undefined;
  };
  expect(field({ loss: -1 })).toBe("INVALID_ARGUMENT tolerances.loss");
  expect(field({ loss: "1" })).toBe("INVALID_ARGUMENT tolerances.loss");
  expect(field({ loss: Number.NaN })).toBe("INVALID_ARGUMENT tolerances.loss");
  expect(field({ loss: { absolute: -1 } })).toBe("INVALID_ARGUMENT tolerances.loss.absolute");
  expect(field({ loss: { relative: "x" } })).toBe("INVALID_ARGUMENT tolerances.loss.relative");
  expect(field([1])).toBe("INVALID_ARGUMENT tolerances");
  expect(field({ loss: { abs: 1 } })).toMatch(/^UNSUPPORTED/);
  expect(() => checkReproduction(undefined as never, record("b"))).toThrow(/records\[0\]/);
  expect(() => check({}, {}, { tolerance: 1 } as never)).toThrow(/tolerances/);
});

test("property: symmetric, and a record reproduces itself if it has metrics", () => {
  fc.assert(
    fc.property(anyRecords, (records) => {
      const [a = record("a"), b = record("b")] = records;
      const [there, back] = [checkReproduction(a, b), checkReproduction(b, a)];
      expect(back.reproduced).toBe(there.reproduced);
      expect(back.inputs).toEqual(there.inputs);
      expect(back.metrics.map(({ name, within }) => [name, within])).toEqual(
        there.metrics.map(({ name, within }) => [name, within]),
      );
      const self = checkReproduction(a, a);
      expect(self.reproduced).toBe(self.metrics.length > 0);
      expect(self.inputs.every(({ same }) => same !== false)).toBe(true);
      expect(there.because.length).toBeLessThanOrEqual(50);
    }),
  );
});

test("a run that failed, or that still runs, is no reproduction, whatever its metrics", () => {
  const failed = check({}, { status: "failed", error: { name: "Error", message: "crashed" } });
  expect(failed).toMatchObject({ reproduced: false });
  expect(failed.because[0]).toBe("status: the second run is failed, the first finished: Error: crashed");
  expect(check({}, { status: "running" })).toMatchObject({ reproduced: false });
  const running = check({ status: "running" }, { status: "running" });
  expect(running).toMatchObject({ reproduced: false, because: ["status: both runs still go on"] });
  expect(check({ status: "failed" }, { status: "failed" })).toMatchObject({ reproduced: true });
});
