import { describe, expect, test } from "vitest";
import { knownEvent } from "../../src/journal/decode-event.ts";
import { toRunCreated } from "../../src/journal/read-run-beginning.ts";
import { LedgerError } from "../../src/index.ts";

const digest = `sha256:${"a".repeat(64)}`;
const head = { v: 1, order: 3, time: 1.5 };
const version = {
  name: "model",
  version: "v0",
  digest,
  size: 3,
  type: "model",
  aliases: ["latest"],
  metadata: { a: 1 },
  createdAt: 1,
  runId: "r",
  manifest: { key: "k", size: 3, digest },
};

/** An event of each kind with all its members. */
const events = [
  {
    kind: "session",
    mode: "join",
    fence: 1,
    beatMs: 1000,
    alive: "x",
    positions: { w: 1 },
    document: 1,
    writers: 2,
  },
  { kind: "params", set: { ["__proto__"]: 1, lr: 0.1 } },
  { kind: "environment", set: { node: "20" } },
  { kind: "tags", set: { a: "b" }, remove: ["c"] },
  { kind: "note", text: "t" },
  { kind: "metric", name: "loss", goal: "minimize", stepMetric: "epoch", unit: "s", description: "d" },
  { kind: "artifact", version },
  { kind: "input", version },
  { kind: "dataset", name: "raw", digest, uri: "u", size: 1, context: "c", rows: 1, columns: 1, artifact: "raw:v0" },
  { kind: "beat" },
  { kind: "clock", jumpMs: 3.5 },
  { kind: "dropped", points: 3 },
  { kind: "finish", status: "failed", endTime: 3, error: { name: "E", message: "m", stack: "s" } },
  { kind: "leave", next: 3 },
  { kind: "interrupted", positions: { w: 1 }, endTime: 3 },
].map((event) => ({ ...event, ...head }));

/** Members that an event may leave out. */
const OPTIONAL: Record<string, readonly string[]> = {
  session: ["fence", "alive", "positions", "document", "writers"],
  tags: ["set", "remove"],
  metric: ["goal", "stepMetric", "unit", "description"],
  dataset: ["uri", "size", "context", "rows", "columns", "artifact"],
  finish: ["endTime", "error"],
  interrupted: ["endTime"],
};

describe.each(events)("an event of the kind $kind", (event) => {
  test("is read as it is, without members that this version does not know", () => {
    expect(knownEvent(event)).toStrictEqual(event);
    expect(knownEvent({ ...event, later: 1 })).toStrictEqual(event);
  });

  test.each(Object.keys(event))("must have a %s of the right type", (member) => {
    const { [member]: _, ...without } = event as Record<string, unknown>;
    const mayLack = OPTIONAL[event.kind]?.includes(member) ?? false;
    expect(knownEvent(without)).toStrictEqual(mayLack ? without : undefined);
    for (const wrong of [null, true, [[1]], NaN, { a: [] }]) {
      // Some dictionaries hold any data.
      if (member === "set" && event.kind !== "tags" && !Array.isArray(wrong) && typeof wrong === "object" && wrong)
        continue;
      expect(knownEvent({ ...event, [member]: wrong }), JSON.stringify(wrong)).toBeUndefined();
    }
  });
});

test("members of members that this version does not know are dropped, and must have the right type", () => {
  const artifact = { kind: "artifact", ...head, version };
  const manifest = { ...version.manifest, later: 1 };
  expect(knownEvent({ ...artifact, version: { ...version, later: 1, manifest } })).toStrictEqual(artifact);
  expect(knownEvent({ ...artifact, version: { ...version, manifest: { ...manifest, size: -1 } } })).toBeUndefined();
  expect(knownEvent({ ...artifact, version: { ...version, aliases: [1] } })).toBeUndefined();
  const finish = { kind: "finish", ...head, status: "failed", error: { name: "E", message: "m" } };
  expect(knownEvent({ ...finish, error: { ...finish.error, later: 1 } })).toStrictEqual(finish);
  expect(knownEvent({ ...finish, error: { name: "E" } })).toBeUndefined();
});

test("kinds that are unknown, or names of what every object has, are no events", () => {
  for (const kind of ["later", "constructor", "__proto__", "toString", 1, null, undefined])
    expect(knownEvent({ kind, ...head })).toBeUndefined();
  for (const value of [null, 1, "beat", [], undefined]) expect(knownEvent(value)).toBeUndefined();
});

test("the error for a wrong beginning of a run names the member", () => {
  const created = {
    v: 1,
    id: "a",
    experiment: "e",
    name: "n",
    createdAt: 1,
    writer: { id: "w", beatMs: 1000, later: 1 },
  };
  const { later: _, ...writer } = created.writer;
  expect(toRunCreated({ ...created, later: 1 }, "a")).toStrictEqual({ ...created, writer });
  const message = (value: unknown): string => {
    try {
      toRunCreated(value, "a");
    } catch (error) {
      if (LedgerError.hasCode(error, "CORRUPT")) return error.message;
    }
    return "";
  };
  for (const member of ["v", "experiment", "name", "createdAt", "writer"])
    expect(message({ ...created, [member]: null })).toContain(`its member "${member}" is missing`);
  expect(message({ ...created, note: 1 })).toContain('"note"');
  expect(message([])).toContain("it is not an object");
});
