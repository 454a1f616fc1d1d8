"use strict";
// Tests of a small training pipeline, as a user would write them. Every test runner gets the same ones from test/tarball/suites.ts, which hands in the
// library, as that runner imports or requires it, and `equal` to compare values deeply and strictly.

/** The code under test: fits y = w·x by gradient descent, and stops when the loss rises. */
async function fitSlope(run, learningRate) {
  const points = [1, 2, 3].map((x) => ({ x, y: 2 * x }));
  let w = 0;
  let before = Infinity;
  for (let step = 0; step < 50; step++) {
    const errors = points.map(({ x, y }) => w * x - y);
    const loss = errors.reduce((sum, error) => sum + error * error, 0) / points.length;
    run.log({ loss, w, nested: { step: BigInt(step) } }, { step });
    if (loss > before) throw new RangeError(`the loss rose at step ${step}`);
    before = loss;
    w -= (learningRate * 2 * errors.reduce((sum, error, i) => sum + error * points[i].x, 0)) / points.length;
  }
  await run.logArtifact("slope", new Uint8Array([1, 2, 3]), { type: "model" });
  return w;
}

exports.pipelineCases = ({ core, memory, testing, compare, where, equal }) => ({
  "a run that finishes has its metrics, params and artifact": async () => {
    const { ledger } = await testing.createTestLedger();
    const params = { optimizer: { name: "sgd", layers: [1, 2] }, lr: 0.05 };
    const w = await ledger.withRun({ experiment: "slope", params, tags: { stage: "test" } }, (run) =>
      fitSlope(run, 0.05),
    );
    equal(w.toFixed(3), "2.000");
    const record = await ledger.lastRun();
    equal([record.status, record.params, record.tags], ["finished", params, { stage: "test" }]);
    equal(Object.keys(record.metrics).sort(), ["loss", "nested/step", "w"]);
    const { steps, values } = await ledger.history(record.id, "w");
    equal([steps.length, values[0], values[49].toFixed(3)], [50, 0, "2.000"]);
    const artifact = await ledger.openArtifact("slope:v0");
    equal(Array.from(await artifact.read()), [1, 2, 3]);
  },

  "a run that fails keeps the reason and what was logged": async () => {
    const { ledger } = await testing.createTestLedger();
    const error = await ledger.withRun({}, (run) => fitSlope(run, 0.5)).catch((reason) => reason);
    equal([error instanceof RangeError, error.message], [true, "the loss rose at step 1"]);
    const record = await ledger.lastRun();
    equal(
      [record.status, record.error.name, record.error.message],
      ["failed", "RangeError", "the loss rose at step 1"],
    );
    equal(record.metrics.loss.count, 2);
  },

  "values other than numbers come back as they were logged": async () => {
    const { ledger } = await testing.createTestLedger();
    await ledger.withRun({}, async (run) => {
      await run.logText("text", "grüß dich");
      await run.logHistogram("weights", new Float32Array([1, 2, 3]), { bins: 2 });
      await run.logImage("pixels", { data: new Uint8ClampedArray(12), width: 2, height: 2, channels: 3 });
      await run.logTable("table", { n: new Float64Array([1, 2]), word: ["a", "b"] });
      await run.logArtifact("large", new Uint8Array(100_000).fill(7));
    });
    const { id } = await ledger.lastRun();
    const found = {};
    for (const entry of await ledger.media(id)) found[entry.key] = await ledger.openMedia(entry);
    equal(found.text.text, "grüß dich");
    equal(Array.from(found.weights.counts), [1, 2]);
    equal([found.pixels.mediaType, found.pixels.width, found.pixels.bytes[1]], ["image/png", 2, 0x50]);
    equal(
      [Array.from(found.table.columns.n), found.table.columns.word],
      [
        [1, 2],
        ["a", "b"],
      ],
    );
    const large = await (await ledger.openArtifact("large:v0")).read();
    equal([large.length, large[99_999]], [100_000, 7]);
  },

  "runs are found and compared": async () => {
    const ledger = await core.openLedger(memory.memoryBackend());
    for (const lr of [0.01, 0.05]) await ledger.withRun({ params: { lr } }, (run) => fitSlope(run, lr));
    const filter = where.where.metric("loss").lt(0.01).and(where.where.param("lr").gt(0.02));
    const { runs } = await ledger.searchRuns({ filter });
    equal(
      runs.map(({ params }) => params),
      [{ lr: 0.05 }],
    );
    equal((await ledger.searchRuns({ filter: "params.lr = 0.01" })).runs.length, 1);
    const all = (await ledger.searchRuns()).runs;
    const comparison = await ledger.compareRuns(all.map(({ id }) => id));
    equal(typeof compare.formatComparison(comparison), "string");
  },

  "what a caller did wrong is a LedgerError": async () => {
    const { ledger } = await testing.createTestLedger();
    const run = await ledger.startRun();
    let error;
    try {
      run.log({ loss: "0.1" });
    } catch (thrown) {
      error = thrown;
    }
    equal(
      [error instanceof core.LedgerError, core.LedgerError.is(error), error.code],
      [true, true, "INVALID_ARGUMENT"],
    );
    equal(error instanceof Error, true);
    await run.finish();
    equal((await ledger.getRun("none").catch((reason) => reason)).code, "RUN_NOT_FOUND");
  },

  "trouble with storage never stops a training": async () => {
    const { clock } = await testing.createTestLedger();
    const faulty = testing.faultyBackend(memory.memoryBackend(), { mode: "no-space", at: 1, only: ["append"] });
    const troubles = [];
    const ledger = await core.openLedger(faulty, { clock, onError: (error) => troubles.push(error.code) });
    const run = await ledger.startRun({ flush: { intervalMs: 10 } });
    run.log({ loss: 1 });
    await clock.advance(60_000);
    faulty.lift();
    await run.finish();
    const { values } = await ledger.history(run.id, "loss");
    equal(Array.from(values), [1]);
  },

  "the record of a run is fit for a snapshot": async () => {
    const { ledger } = await testing.createTestLedger();
    await ledger.withRun({ experiment: "slope", params: { lr: 0.05 } }, (run) => fitSlope(run, 0.05));
    const record = JSON.parse(JSON.stringify(await ledger.lastRun()));
    equal(record.environment, { runtime: { name: "test" } });
    // The same in every runner: test/tarball/suites.ts has made it in plain Node.
    if (exports.snapshot !== undefined) equal(record, exports.snapshot);
    return record;
  },
});
