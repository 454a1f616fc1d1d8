import type { Ledger, Run } from "runledger";

/** Points of the longest series: enough for an overview, which is made and read in other ways than short series. */
const POINTS = 20_000;
const ODD = [Number.NaN, Infinity, -Infinity, -0, 5e-324, 0.1, 1 / 3];

/** What a run of `life` came to, as data that JSON can hold: numbers as texts, since it has no NaN. */
export type Story = Record<string, unknown>;

/** Tracks runs with all that a run may have, and reads everything back. The same wherever it runs, but for the environment. */
export async function life(ledger: Ledger): Promise<Story> {
  const first = await ledger.startRun({ experiment: "life", params: { lr: 0.1, net: { depth: 3, act: "relu" } } });
  first.defineMetric("loss", { goal: "minimize" });
  for (let step = 0; step < POINTS; step++)
    first.log({ loss: 1 / (step + 1), odd: ODD[step % ODD.length]! }, { step, time: 1_700_000_000_000 + step });
  first.setTags({ stage: "train" });
  first.setNote("ein Lauf, 一次运行");
  first.logDataset("digits", { digest: "sha256:aa" }, { context: "train" });
  await first.logText("sample", "x".repeat(5000), { step: 1 });
  await first.logImage("pixels", {
    data: Uint8Array.from({ length: 300 }, (_, i) => i),
    width: 10,
    height: 10,
    channels: 3,
  });
  await first.logHistogram("weights", [1, 2, 3, Number.NaN], { bins: 2 });
  await first.logTable("rows", { n: [1, null, 3], s: ["a", "b", "ü"] });
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 3);
  // Hashed at once, in one piece by the platform, and as it comes along.
  const artifacts = [
    await first.logArtifact("small", bytes.subarray(0, 1000)),
    await first.logArtifact("model", bytes),
    await first.logArtifact("stream", new Blob([bytes, bytes]).stream()),
  ];
  await first.finish();
  const others: Run[] = [];
  // So many that a search puts them into a segment, and then reads that.
  for (let i = 0; i < 9; i++) {
    const run = await ledger.startRun({ experiment: "life", params: { lr: i / 10, net: { depth: i, act: "tanh" } } });
    run.log({ loss: i }, { step: 0, time: 1_700_000_000_000 });
    await run.finish();
    others.push(run);
  }
  const failing = ledger.withRun({ experiment: "life" }, () => Promise.reject(new TypeError("on purpose")));
  const failure = await failing.catch((error: unknown) => String(error));

  const nameOf = new Map([[first.id, "first"], ...others.map(({ id }, i) => [id, `other ${i}`] as const)]);
  const search = async (filter: string, orderBy: string): Promise<unknown[]> =>
    (await ledger.searchRuns({ experiment: "life", filter, orderBy })).runs.map(({ id }) => nameOf.get(id) ?? "failed");
  const found = [
    await search("params.lr > 0.25 AND metrics.loss < 7", "metrics.loss DESC"),
    await search("params.`net.act` = 'relu' OR attributes.status = 'failed'", "start_time ASC"),
    await search("datasets.digest = 'sha256:aa'", "start_time ASC"),
  ];
  const record = await ledger.getRun(first.id);
  const opened = await ledger.openArtifact("model:v0");
  const media = await Promise.all(
    (await ledger.media(first.id)).map(async (entry) => ({ ...(await ledger.openMedia(entry)), key: entry.key })),
  );
  const compared = await ledger.compareRuns([first.id, others[3]!.id]);
  const updates: string[] = [];
  for await (const { record: seen } of ledger.watchRun(others[0]!.id)) updates.push(seen.status);
  return plain({
    status: record.status,
    params: record.params,
    tags: record.tags,
    note: record.note,
    metrics: record.metrics,
    damage: record.damage,
    dropped: record.dropped,
    stats: first.stats.dropped,
    odd: (await ledger.history(first.id, "odd", { from: 100, to: 120 })).values,
    sampled: (await ledger.history(first.id, "loss", { samples: 20 })).steps,
    length: (await ledger.history(first.id, "loss")).values.length,
    digests: artifacts.map(({ digest }) => digest),
    problems: await opened.verify(),
    media: media.map(({ key, ...rest }) => [key, "bytes" in rest ? { ...rest, bytes: rest.bytes.length > 0 } : rest]),
    failure,
    found,
    differing: compared.params.differs.map(({ path, values }) => [path, values]),
    updates,
  }) as Story;
}

/** Numbers as texts, typed arrays and times as lists of them. */
function plain(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "bigint") return Object.is(value, -0) ? "-0" : String(value);
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>, plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}
