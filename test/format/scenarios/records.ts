import { beginRun, bytesOf, eventItem, eventsPayload, frames, recordsPayload } from "./by-hand.ts";
import { rowItem, storeBytes, storeSegment, TIME } from "./by-hand.ts";
import type { Place } from "./place.ts";

/** An event of place `order` that was recorded `order` ms after the beginning of the run. */
const event = (kind: string, order: number, more: object = {}): object => ({
  kind,
  v: 1,
  order,
  time: TIME + order,
  ...more,
});
const tags = (order: number, set: object): object => event("tags", order, { set });
const session = (order: number, more: object = {}): object =>
  event("session", order, { mode: "join", beatMs: 1e4, ...more });

/** Journals that follow rules which no writer of this library needs. */
export async function records(place: Place): Promise<void> {
  await place.open();
  await endTimes(place);
  await interrupted(place);
  await ends(place);
  await failingPayloads(place);
  await rows(place);
  await orders(place);
  await events(place);
  await muchDamage(place);
}

/** Clocks that jump, and ends before the beginning. */
async function endTimes(place: Place): Promise<void> {
  const jumps = await beginRun(place, "jumps");
  await storeSegment(place, jumps, "first", 0, [
    eventsPayload(0, [
      tags(1, { a: "1" }),
      event("clock", 5_000_000, { jumpMs: 4_999_000 }),
      event("clock", 5_000_100, { jumpMs: -300 }),
      event("leave", 5_000_200, { next: 4 }),
    ]),
  ]);
  await storeSegment(place, jumps, "second", 0, [
    eventsPayload(0, [session(2), event("note", 90_000, { text: "x" }), event("leave", 90_001, { next: 3 })]),
  ]);
  for (const [name, last] of [
    ["left before the start", event("leave", 5, { next: 2 })],
    ["finished before the start", event("finish", 5, { status: "failed", endTime: TIME - 5 })],
    ["interrupted before the start", event("interrupted", 5, { positions: { first: 2 }, endTime: 1 })],
  ] as const) {
    const id = await beginRun(place, name.replaceAll(" ", "-"), { startTime: TIME + 1_000_000 });
    await storeSegment(place, id, "first", 0, [eventsPayload(0, [tags(1, { a: "1" }), last])]);
  }
}

/** An `interrupted` event counts unless a writer got further whose fence is not below that of the event's writer. */
async function interrupted(place: Place): Promise<void> {
  for (const [name, fence, late, positions] of [
    ["further-below-the-fence", 1, 0, { first: 1, late: 1 }],
    ["further-at-the-fence", 1, 1, { first: 1, late: 1 }],
    ["further-above-the-fence", 0, 1, { first: 1, late: 1 }],
    ["as-far-as-said", 0, 0, { first: 1, late: 3 }],
    ["not-named", 0, 0, { first: 1 }],
    ["a-recovery-further", 0, 0, { first: 1, late: 3, recovery: 0 }],
  ] as const) {
    const id = await beginRun(place, name);
    if (fence + late > 0) await place.store.create(`runs/${id}/fences/000001.json`, new Uint8Array(1));
    await storeSegment(place, id, "first", 0, [eventsPayload(0, [tags(1, { a: "1" })])]);
    await storeSegment(place, id, "late", 0, [
      eventsPayload(0, [session(2, { fence: late }), tags(3, { a: "2" }), tags(4, { a: "3" })]),
    ]);
    const recover = session(5, { mode: "recover", fence });
    await storeSegment(place, id, "recovery", 0, [eventsPayload(0, [recover, event("interrupted", 6, { positions })])]);
  }
}

/** Journals that end at a fence: damage beyond the end, and ends of writers without a segment. */
async function ends(place: Place): Promise<void> {
  const end = async (id: string, writer: string, next: number, fence = 1): Promise<void> => {
    const name = `runs/${id}/fences/${String(fence).padStart(6, "0")}`;
    await place.store.create(`${name}.end.${writer}.${next}`, new Uint8Array(0));
  };
  const three = eventsPayload(
    0,
    [1, 2, 3].map((n) => tags(n, { [`t${n}`]: "x" })),
  );
  const noise = new Uint8Array(30).fill(170);
  const newer = Uint8Array.of(9, 9);
  for (const next of [0, 2, 3, 4]) {
    const id = await beginRun(place, `damage-and-end-${next}`);
    await end(id, "first", next);
    await end(id, "first", next + 1, 2);
    const broken = recordsPayload(3, 2, eventItem(tags(4, { t4: "x" })), bytesOf(6));
    const all = frames(id, "first", 0, [three, newer]);
    await storeBytes(place, id, "first", all, noise, frames(id, "first", 0, [broken, newer]), noise);
  }
  const failing = await beginRun(place, "fails-at-the-end");
  await end(failing, "first", 2);
  const item = eventItem("this is no JSON");
  const items = [1, 2].map((n) => eventItem(tags(n, { [`t${n}`]: "x" })));
  await storeBytes(
    place,
    failing,
    "first",
    frames(failing, "first", 0, [recordsPayload(0, 4, ...items, item, bytesOf(6))]),
  );
  for (const next of [0, 3]) {
    const id = await beginRun(place, `no-segment-end-${next}`);
    await end(id, "gone", next);
    await storeSegment(place, id, "first", 0, [three]);
  }
  const beyond = await beginRun(place, "end-beyond-all-numbers");
  await end(beyond, "gone", 2 ** 53);
  await storeSegment(place, beyond, "first", 0, [three]);
  const said = await beginRun(place, "end-above-positions");
  await end(said, "gone", 2);
  await storeSegment(place, said, "first", 0, [three]);
  await storeSegment(place, said, "gone", 0, [
    eventsPayload(0, [session(4), tags(5, { b: "1" }), tags(6, { b: "2" })]),
  ]);
  const seen = session(7, { positions: { gone: 9, nobody: 1, first: 3 } });
  await storeSegment(place, said, "later", 0, [eventsPayload(0, [seen])]);
}

/** Payloads that cannot be decoded as a whole, and records that are stored again. */
async function failingPayloads(place: Place): Promise<void> {
  const item = (n: number): Uint8Array => eventItem(tags(n + 1, { [`t${n}`]: "x" }));
  const row = (n: number): Uint8Array => rowItem(n, TIME + n, ["loss", n / 3]);
  const last = bytesOf(1, 0);
  const payloads: { readonly [name: string]: readonly Uint8Array[] } = {
    "fewer-than-count": [recordsPayload(0, 4, item(0), row(1)), recordsPayload(2, 1, row(2))],
    "more-than-count": [recordsPayload(0, 1, item(0), row(1), row(2)), recordsPayload(3, 1, item(3))],
    "stored-again": [recordsPayload(0, 3, row(0), row(1), last), recordsPayload(0, 3, row(0), row(1), row(2))],
    "not-stored-again": [recordsPayload(0, 3, row(0), item(1), last), recordsPayload(3, 1, row(3))],
    "wrong-wrapped-value": [
      recordsPayload(
        0,
        3,
        row(0),
        eventItem('{"kind":"params","set":{"a":{"$rl":"f64","v":1}},"v":1,"order":1,"time":1}'),
        row(2),
      ),
      recordsPayload(1, 1, item(1)),
    ],
    "definitions-before-the-failing-item": [
      bytesOf(1, 0, 7, 4, "loss", 1, 3, 1, 7, 1, 4, 1, 99),
      recordsPayload(0, 2, bytesOf(8 + 3, 2, 2, 0, new Uint8Array(8)), bytesOf(8 + 4, 2, 2, 0, new Uint8Array(8))),
    ],
    "a-payload-of-its-kind-alone": [bytesOf(1), bytesOf(2), recordsPayload(0, 1, item(0))],
  };
  for (const [name, list] of Object.entries(payloads))
    await storeSegment(place, await beginRun(place, name), "first", 0, list);
}

/** Names that stand twice in a row, and definitions that replace others. */
async function rows(place: Place): Promise<void> {
  const id = await beginRun(place, "a-name-twice");
  const values = bytesOf(...[1, 2, 3].map((n) => new Uint8Array(Float64Array.of(n / 7).buffer)));
  await storeSegment(place, id, "first", 0, [
    bytesOf(1, 0, 0, 1, "a", 0, 1, 1, "b", 1, 0, 3, 0, 1, 0, 0, 0, 1, "c"),
    recordsPayload(0, 2, bytesOf(8, 2, 2, 0, values), rowItem(-7, TIME, ["b", 1], ["a", 9], ["b", -1])),
    bytesOf(1, 1, 0, 1, 0),
    recordsPayload(2, 2, bytesOf(8, 3, 4, 1, new Uint8Array(Float32Array.of(-0).buffer)), rowItem(4, TIME)),
  ]);
}

/** Writers of equal order, those whose first event is a rich value or a beat, and one without events. */
async function orders(place: Place): Promise<void> {
  const id = await beginRun(place, "equal-orders", { tags: { who: "nobody" } });
  const media = { key: "text", type: "text", step: 1, at: TIME, n: 0, size: 1, mediaType: "text/plain;charset=utf-8" };
  for (const [i, [writer, ...firsts]] of (
    [
      ["first"],
      ["zero", session(3)],
      ["ten", session(3)],
      ["rich", event("beat", 1), event("media", 2, { ...media, inline: "r" }), session(2.5), session(9)],
      ["beat", event("beat", 1)],
      ["unknown", event("weather", 1), tags(4, { unknown: "1" })],
    ] as const
  ).entries()) {
    const own = [...firsts, tags(5, { who: writer, [writer]: "x" }), event("note", 6, { text: writer })];
    await storeSegment(place, id, writer, 0, [
      eventsPayload(0, own),
      recordsPayload(own.length, 1, rowItem(1, TIME + 10 - i, ["loss", i])),
    ]);
  }
  await storeSegment(place, id, "bare", 0, [recordsPayload(0, 1, rowItem(1, TIME, ["loss", 77]))]);
}

/** Events that are unknown, that say more than their kind does, or that say something twice. */
async function events(place: Place): Promise<void> {
  const id = await beginRun(place, "events");
  const manifest = { key: "artifacts/a/versions/999999/99.json", size: 3, digest: `sha256:${"a".repeat(64)}` };
  const version = { name: "a", version: "v0", digest: "d", size: 3, aliases: [], metadata: { m: 1 }, createdAt: 1 };
  const data = { name: "train", digest: "md5:1" };
  const described = {
    rows: 3,
    columns: 2000,
    schema: [{ name: "a", type: "number", more: 1 }],
    profile: {
      a: { nulls: 1, min: -1.5, max: Infinity, mean: Number.NaN, distinct: 2, more: 1 },
      ["__proto__"]: { nulls: 3 },
    },
    artifact: "train:v0",
  };
  const patch = { digest: `sha256:${"b".repeat(64)}`, size: 3, complete: false };
  const part = { digest: `sha256:${"e".repeat(64)}`, size: 1 };
  const archive = { digest: `sha256:${"d".repeat(64)}`, size: 3, files: 2, complete: true, parts: [part] };
  const code = {
    engine: "later",
    commit: "c",
    authoredAt: 1.5,
    remotes: [],
    dirty: "unknown",
    changes: [{ path: "a", status: "later" }],
    untracked: [{ path: "b", size: 5, more: 1 }],
    submodules: [{ path: "lib", dirty: true, more: 1 }],
    lockfile: { path: "p", digest: "d", more: 1 },
    incomplete: ["patch: a reason"],
  };
  const texts: readonly (object | string)[] = [
    "5",
    "[]",
    '"tags"',
    '{"$rl":"obj","v":{"kind":"tags","set":{"wrapped":"1"},"v":1,"order":1,"time":2}}',
    '{"kind":"note","kind":"tags","set":{"a":"1"},"set":{"a":"2","a":"3"},"v":1,"order":2,"time":3}',
    event("artifact", 3, { version: { ...version, manifest: { ...manifest, more: 1 }, more: 1 }, more: 1 }),
    event("artifact", 4, { version }),
    event("input", 5, { version: { ...version, manifest: { ...manifest, digest: "md5:1" } } }),
    event("dataset", 6, { ...data, uri: "a", size: 5, more: 1 }),
    event("dataset", 7, { ...data, uri: "b" }),
    event("dataset", 8, { ...data, context: "x" }),
    event("dataset", 8, { ...data, ...described }),
    event("dataset", 8, { ...data, context: "x", schema: [], profile: {} }),
    ...[
      { rows: -1 },
      { columns: "2" },
      { artifact: 3 },
      { schema: {} },
      { schema: [{ name: "a" }] },
      { schema: Array.from({ length: 1001 }, (_, i) => ({ name: `${i}`, type: "number" })) },
      { profile: [] },
      { profile: { a: { nulls: 0.5 } } },
      { profile: { a: { nulls: 0, min: "1" } } },
      { profile: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`c${i}`, { nulls: 0 }])) },
    ].map((wrong) => event("dataset", 8, { ...data, ...wrong })),
    event("metric", 9, { name: "loss", unit: { $rl: 1 } }),
    event("note", 10, { text: "at infinity", time: Number.POSITIVE_INFINITY }),
    event("environment", 10, { set: { a: { b: 1 }, c: 1 } }),
    event("environment", 10, { set: { a: { d: 2 }, ["__proto__"]: 3 } }),
    event("environment", 10, { set: [1] }),
    event("clock", 11, { jumpMs: Number.NaN }),
    event("dropped", 12, { points: 5n }),
    event("finish", 13, { status: "failed", error: { name: "E", message: "m", more: 1 }, endTime: TIME + 13 }),
    event("code", 14, {
      code: {
        ...code,
        more: 1,
        remotes: [{ name: "origin", url: "u", more: 1 }],
        patch: { ...patch, more: 1 },
        archive: { ...archive, parts: [{ ...part, more: 1 }], more: 1 },
      },
      more: 1,
    }),
    ...[
      { dirty: "maybe" },
      { engine: 5 },
      { authoredAt: Number.NaN },
      { untracked: [{ path: "a", size: 5n }] },
      { changes: [{ path: "a" }] },
      { submodules: [{ path: "lib", dirty: 1 }] },
      { lockfile: { path: "a" } },
      { patch: { ...patch, digest: "md5:1" } },
      { archive: { ...archive, files: -1 } },
      { archive: { ...archive, parts: [] } },
      { archive: { ...archive, parts: Array.from({ length: 129 }, () => part) } },
      { archive: { ...archive, parts: [{ ...part, digest: "md5:1" }] } },
      { incomplete: [1] },
    ].map((wrong, i) => event("code", 20 + i, { code: { ...code, ...wrong } })),
    event("weather", 99_999),
  ];
  await storeSegment(place, id, "first", 0, [recordsPayload(0, texts.length, ...texts.map(eventItem))]);
  for (const levels of [127, 128, 129]) {
    const nested = await beginRun(place, `levels-${levels}`);
    // The event is one more. It is skipped, unless it cannot be decoded.
    const text = `{"kind":"weather","v":1,"a":${"[".repeat(levels - 1)}1${"]".repeat(levels - 1)}}`;
    await storeSegment(place, nested, "first", 0, [recordsPayload(0, 1, eventItem(text))]);
  }
}

/** More places with damage of one kind than a record names, in the journals of two writers. */
async function muchDamage(place: Place): Promise<void> {
  const id = await beginRun(place, "much-damage");
  for (const [writer, gaps] of [
    ["first", 130],
    ["second", 40],
    ["third", 99],
  ] as const) {
    const parts = Array.from({ length: gaps }, (_, i) => [
      Uint8Array.of(77),
      frames(id, writer, 0, [eventsPayload(i, [event("weather", i)])]),
    ]);
    await storeBytes(place, id, writer, ...parts.flat());
  }
}
