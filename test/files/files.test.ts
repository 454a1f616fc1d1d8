import { readFile } from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ledger } from "runledger";
import { openLedger } from "runledger";
import { fsBackend } from "runledger/backends/fs";
import { memoryBackend } from "runledger/backends/memory";
import { catalogFiles, metricsFiles } from "runledger/files";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { decodeRecord } from "../../src/catalog/record-json.ts";

async function closed(ledger: Ledger, count: number, experiment = "a"): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const run = await ledger.startRun({ experiment, params: { nan: Number.NaN } });
    run.log({ loss: i });
    await run.finish();
    ids.push(run.id);
  }
  return ids;
}

describe("catalogFiles", () => {
  test("names the segments and has the rows that are in none", async () => {
    const ledger = await openLedger(memoryBackend());
    const ids = await closed(ledger, 12);
    const running = await ledger.startRun({ experiment: "a" });
    await closed(ledger, 2, "b");
    const { segments, superseded, loose } = await catalogFiles(ledger);
    expect(segments.map(({ key }) => key.split("/")[1])).toEqual(["a"]);
    expect(segments[0]?.location).toBeUndefined();
    const bytes = await segments[0]!.read();
    expect(bytes.length).toBe(segments[0]!.size);
    expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe("PAR1");
    expect(loose.map(({ run_id }) => run_id).toSorted()).toEqual([...superseded].toSorted());
    expect([...superseded].some((id) => ids.includes(id))).toBe(false);
    const row = loose.find(({ run_id }) => run_id === running.id)!;
    expect(row).toMatchObject({ document: 0, marker: 0 });
    expect(decodeRecord(row.record)).toEqual(await ledger.getRun(running.id));
    expect((await catalogFiles(ledger, { experiment: "b" })).segments).toEqual([]);
    expect((await catalogFiles(ledger, { experiment: "b" })).loose).toHaveLength(2);
    await expect(catalogFiles(ledger, { experiment: "" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await running.finish();
  });

  test("has every run where there is no catalogue", async () => {
    const backend = memoryBackend();
    const ids = await closed(await openLedger(backend), 3);
    for await (const { key } of backend.list("experiments")) await backend.remove(key);
    const { segments, loose } = await catalogFiles(await openLedger(backend));
    expect(segments.length + loose.length).toBeGreaterThan(0);
    if (segments.length === 0) expect(loose.map(({ run_id }) => run_id).toSorted()).toEqual(ids.toSorted());
  });
});

describe("metricsFiles", () => {
  test("names the files of finished runs, where they are, and the runs with points elsewhere", async () => {
    const directory = await mkdtemp(join(tmpdir(), "runledger-files-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const ledger = await openLedger(fsBackend(directory));
    const [first, second] = (await closed(ledger, 2)) as [string, string];
    const running = await ledger.startRun();
    running.log({ loss: 1 });
    await running.flush();
    const again = await ledger.resumeRun(second);
    again.log({ loss: 2 });
    await again.flush();

    const { files, journaled } = await metricsFiles(ledger);
    expect(files.map(({ runId, key }) => [runId, key])).toEqual([[first, `runs/${first}/metrics.parquet`]]);
    const { location } = files[0]!;
    expect(await readFile((location as { path: string }).path)).toEqual(Buffer.from(await files[0]!.read()));
    expect(journaled.toSorted()).toEqual([second, running.id].toSorted());

    await again.finish();
    const later = await metricsFiles(ledger, [second, second, first]);
    expect(later.files.map(({ key }) => key)).toEqual([
      `runs/${second}/metrics.0002.parquet`,
      `runs/${first}/metrics.parquet`,
    ]);
    expect(await metricsFiles(ledger, ["0123456789"])).toEqual({ files: [], journaled: [] });
    await running.finish();
  });

  test("of many runs", async () => {
    const ledger = await openLedger(memoryBackend());
    const ids = await closed(ledger, 70);
    expect((await metricsFiles(ledger, ids)).files.map(({ runId }) => runId)).toEqual(ids);
  });

  test("passes over a damaged run, and says so", async () => {
    const backend = memoryBackend();
    const [damaged, sound] = (await closed(await openLedger(backend), 2)) as [string, string];
    // With a second document the first is not enough to know the files by.
    const resumed = await (await openLedger(backend)).resumeRun(damaged);
    await resumed.finish();
    const newest = [...backend.snapshot().keys()].filter((key) => key.startsWith(`runs/${damaged}/run.0`)).at(-1)!;
    await backend.remove(newest);
    await backend.create(newest, new TextEncoder().encode("{}"));
    const errors: string[] = [];
    const ledger = await openLedger(backend, { onError: ({ code }) => errors.push(code) });
    const { files, journaled } = await metricsFiles(ledger);
    expect(files.map(({ runId }) => runId)).toEqual([sound]);
    expect(journaled).toEqual([]);
    expect(errors).toEqual(["CORRUPT"]);
  });
});

describe("the ledger that is handed in", () => {
  test("may come from another copy of the library, and shows nothing of its files", async () => {
    const ledger = await openLedger(memoryBackend());
    await closed(ledger, 1);
    vi.resetModules();
    const copy = await import("runledger/files");
    expect(copy.catalogFiles).not.toBe(catalogFiles);
    expect((await copy.catalogFiles(ledger)).loose).toHaveLength(1);
    expect((await copy.metricsFiles(ledger)).files).toHaveLength(1);
    expect(Object.keys(ledger)).toEqual([]);
  });

  test("has to be open", async () => {
    const waiting = openLedger(memoryBackend());
    await expect(catalogFiles(waiting as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "ledger must be an open Ledger, but is a Promise: await it first",
    });
    await expect(metricsFiles({} as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "ledger" });
    await waiting;
  });
});
