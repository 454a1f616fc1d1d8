import { expect, test } from "vitest";
import { type Lineage, lineageKey, lineageToDot, lineageToMermaid, lineageToProv } from "../../src/compare/index.ts";

const lineage: Lineage = {
  nodes: [
    { kind: "run", id: "r1", name: "train" },
    { kind: "artifact", ref: "model:v0", digest: "sha256:aa" },
    { kind: "dataset", name: "mnist", digest: "sha256:bb" },
    { kind: "run", id: "r2", name: "fold", deleted: true },
  ],
  edges: [
    { from: "mnist@sha256:bb", to: "r1", kind: "used" },
    { from: "r1", to: "model:v0", kind: "made" },
    { from: "r1", to: "r1", kind: "resumed" },
    { from: "r1", to: "r2", kind: "parent" },
  ],
};

test("Mermaid, DOT and PROV-JSON of a lineage", () => {
  expect(lineageToMermaid(lineage)).toBe(
    [
      "flowchart LR",
      '  n0("run: train, r1")',
      '  n1["artifact: model:v0"]',
      '  n2[("dataset: mnist@bb")]',
      '  n3("run: fold, r2")',
      "  n2 -->|used| n0",
      "  n0 -->|made| n1",
      "  n0 -->|resumed| n0",
      "  n0 -->|parent| n3",
      "",
    ].join("\n"),
  );
  expect(lineageToDot(lineage)).toBe(
    [
      "digraph lineage {",
      "  rankdir=LR;",
      '  n0 [shape=ellipse, label="run: train, r1"];',
      '  n1 [shape=box, label="artifact: model:v0"];',
      '  n2 [shape=cylinder, label="dataset: mnist@bb"];',
      '  n3 [shape=ellipse, label="run: fold, r2"];',
      '  n2 -> n0 [label="used"];',
      '  n0 -> n1 [label="made"];',
      '  n0 -> n0 [label="resumed"];',
      '  n0 -> n3 [label="parent"];',
      "}",
      "",
    ].join("\n"),
  );
  expect(JSON.parse(lineageToProv(lineage))).toEqual({
    prefix: {
      runledger: "urn:runledger:",
      run: "urn:runledger:run:",
      artifact: "urn:runledger:artifact:",
      dataset: "urn:runledger:dataset:",
    },
    entity: {
      "artifact:model%3Av0": {
        "prov:label": "model:v0",
        "prov:type": "runledger:artifact",
        "runledger:digest": "sha256:aa",
      },
      "dataset:mnist%40sha256%3Abb": {
        "prov:label": "mnist",
        "prov:type": "runledger:dataset",
        "runledger:digest": "sha256:bb",
      },
    },
    activity: {
      "run:r1": { "prov:label": "train", "prov:type": "runledger:run", "runledger:resumed": true },
      "run:r2": { "prov:label": "fold", "prov:type": "runledger:run", "runledger:deleted": true },
    },
    wasGeneratedBy: { "_:e1": { "prov:entity": "artifact:model%3Av0", "prov:activity": "run:r1" } },
    used: { "_:e0": { "prov:activity": "run:r1", "prov:entity": "dataset:mnist%40sha256%3Abb" } },
    wasInformedBy: {
      "_:e3": { "prov:informed": "run:r2", "prov:informant": "run:r1", "prov:type": "runledger:parent" },
    },
  });
});

const HOSTILE = [
  'a"b',
  "a\nb --> c",
  "a]; b[",
  '"]\n  click n0 "javascript:alert(1)"',
  "--> n0",
  "%%{init: {}}%%",
  "<script>alert(1)</script>",
  "<b>&amp;</b>",
  "a\\",
  '\\"; evil -> n0; "',
  "\\N\\G",
  "#quot;",
  "`code` **bold**",
  "end",
  "\u202egnp",
  "\ud800",
  "x".repeat(10_000),
  "",
];

test.each(HOSTILE)("a hostile name stays a name: %j", (name) => {
  const hostile: Lineage = {
    nodes: [
      { kind: "run", id: "r1", name },
      { kind: "artifact", ref: `${name}:v0`, digest: name },
      { kind: "dataset", name, digest: name },
    ],
    edges: [
      { from: "r1", to: `${name}:v0`, kind: "made" },
      { from: lineageKey({ kind: "dataset", name, digest: name }), to: "r1", kind: "used" },
    ],
  };
  const mermaid = lineageToMermaid(hostile).split("\n");
  expect(mermaid).toHaveLength(7);
  expect(mermaid[1]).toMatch(/^ {2}n0\("run: (?:[\p{L}\p{N}\p{M} ._/:@+,-]|#\d+;)*"\)$/u);
  expect(mermaid[2]).toMatch(/^ {2}n1\["artifact: (?:[\p{L}\p{N}\p{M} ._/:@+,-]|#\d+;)*"\]$/u);
  expect(mermaid[3]).toMatch(/^ {2}n2\[\("dataset: (?:[\p{L}\p{N}\p{M} ._/:@+,-]|#\d+;)*"\)\]$/u);
  expect(mermaid.slice(4)).toEqual(["  n0 -->|made| n1", "  n2 -->|used| n0", ""]);
  const dot = lineageToDot(hostile).split("\n");
  expect(dot).toHaveLength(9);
  for (const line of dot.slice(2, 5)) {
    expect(line).toMatch(/^ {2}n\d \[shape=\w+, label="(?:[^"\\]|\\["\\])*"\];$/);
    expect(line).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
  }
  for (const text of [...mermaid, ...dot]) expect(text.length).toBeLessThan(1700);
  const prov = JSON.parse(lineageToProv(hostile)) as Record<string, Record<string, unknown>>;
  expect(Object.keys(prov["entity"]!)).toHaveLength(2);
  for (const id of Object.keys(prov["entity"]!)) expect(id).toMatch(/^(?:artifact|dataset):[\w.~%-]*$/);
  expect(Object.keys(prov["used"]!)).toEqual(["_:e1"]);
});

test("names with @ and % give different keys", () => {
  const keys = [
    lineageKey({ kind: "dataset", name: "a@b", digest: "c" }),
    lineageKey({ kind: "dataset", name: "a", digest: "b@c" }),
    lineageKey({ kind: "dataset", name: "a%40b", digest: "c" }),
  ];
  expect(keys).toEqual(["a%40b@c", "a@b@c", "a%2540b@c"]);
});

test("a drawing tells apart data sets of one name, and a run whose name is its id says it once", () => {
  const drawn = lineageToMermaid({
    nodes: [
      { kind: "dataset", name: "iris", digest: `table-sha256:50bd${"0".repeat(60)}` },
      { kind: "dataset", name: "iris", digest: `sha256:9d94${"0".repeat(60)}` },
      { kind: "dataset", name: "iris", digest: "" },
      { kind: "run", id: "prep", name: "prep" },
    ],
    edges: [],
  });
  expect(drawn.match(/"(.*)"/g)).toEqual([
    '"dataset: iris@50bd0000"',
    '"dataset: iris@9d940000"',
    '"dataset: iris@"',
    '"run: prep"',
  ]);
});

test.each([
  ["lineageToMermaid", lineageToMermaid],
  ["lineageToDot", lineageToDot],
  ["lineageToProv", lineageToProv],
])("%s names what is no lineage", (_, write) => {
  for (const [wrong, message] of [
    [null, "lineage must be a result of ledger.lineage, but is null"],
    [undefined, "lineage must be a result of ledger.lineage, but is undefined"],
    [Promise.resolve(lineage), "lineage must be a result of ledger.lineage, but is a Promise: await it first"],
    [{ nodes: [] }, "lineage must be a result of ledger.lineage, but is an object"],
    [{ nodes: [null], edges: [] }, "lineage.nodes[0] must be a run, an artifact or a data set, but is null"],
    [{ nodes: [{ kind: "run", id: "r" }], edges: [] }, "lineage.nodes[0] must be a run"],
    [{ nodes: [{ kind: "toString" }], edges: [] }, "lineage.nodes[0] must be a run"],
    [{ nodes: [], edges: [{ from: "a" }] }, "lineage.edges[0] must be an edge"],
  ] as const) {
    const call = (): string => write(wrong as never);
    expect(call).toThrow(message);
    expect(call).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  }
});
