import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/index.ts";
import { listRun } from "../../src/journal/list-run.ts";
import { runObjects } from "../../src/run-objects/run-objects.ts";
import { closedRuns, opener, places } from "./closed-runs.ts";
import { all, keysIn, keysOf } from "./found-objects.ts";

const flush = { intervalMs: 1e9 };
const long = "text ".repeat(1000);

/** Everything in the ledger of one run that belongs to the run. */
async function owned(backend: Backend, id: string): Promise<string[]> {
  const manifests = (await keysIn(backend, "artifacts")).filter((key) => key.includes("/versions/"));
  return [...manifests, ...(await keysIn(backend, "blobs")), ...(await keysIn(backend, `runs/${id}`))];
}

describe.each(places)("on a store that %s", (_, make) => {
  test("an open run is listed, with its artifacts and rich values", async () => {
    const backend = make();
    const run = await (await opener(backend)()).startRun({ environment: false, flush });
    await run.logArtifact("model", { text: "weights" });
    run.log({ loss: 1 });
    await run.logText("sample", long);
    await run.flush();
    const objects = await runObjects(backend, run.id);
    expect(objects.source).toBe("listing");
    expect(keysOf(await all(objects))).toEqual(await owned(backend, run.id));
  });

  test("a run that a session resumed after its close is listed, and has an inventory once it is closed again", async () => {
    const backend = make();
    const open = opener(backend);
    const id = await closedRuns["with artifacts"]!(open, backend);
    const run = await (await open()).resumeRun(id, { flush });
    await run.logText("sample", long);
    await run.logArtifact("late", { text: "late" });
    const during = await runObjects(backend, id);
    expect(during.source).toBe("listing");
    expect(keysOf(await all(during))).toEqual(await owned(backend, id));
    await run.finish();
    const after = await runObjects(backend, id);
    expect(after.source).toBe("inventory");
    const repeated = new Set((await listRun(backend, id)).repeated.map(({ key }) => key));
    expect(keysOf(await all(after))).toEqual((await owned(backend, id)).filter((key) => !repeated.has(key)));
  });

  test("a run that one of two writers has closed is listed until the other one has closed it, too", async () => {
    const backend = make();
    const open = opener(backend);
    const first = await (await open()).startRun({ environment: false, flush });
    const second = await (await open()).resumeRun(first.id, { flush });
    second.log({ loss: 1 });
    await second.flush();
    first.log({ loss: 2 });
    await first.finish();
    expect((await runObjects(backend, first.id)).source).toBe("listing");
    await second.finish();
    expect((await runObjects(backend, first.id)).source).toBe("inventory");
  });

  test("a run that lost something is listed, and the iteration throws", async () => {
    const backend = make();
    const open = opener(backend);
    const run = await (await open()).startRun({ environment: false, flush });
    run.log({ loss: 1 });
    await run.flush();
    const before = await keysIn(backend, `runs/${run.id}/journal`);
    const heir = await (await open()).resumeRun(run.id, { flush });
    for (const key of before) await backend.remove(key);
    await heir.finish();
    expect((await (await open()).getRun(run.id)).damage).toMatchObject([{ kind: "missing" }]);
    const objects = await runObjects(backend, run.id);
    expect(objects.source).toBe("listing");
    const found: string[] = [];
    await expect(
      (async () => {
        for await (const { key } of objects) found.push(key);
      })(),
    ).rejects.toMatchObject({ code: "CORRUPT" });
    expect(found.sort()).toEqual(await keysIn(backend, `runs/${run.id}`));
  });
});

test("a document with another number than the known one, and a run that does not exist", async () => {
  const [, make] = places[0]!;
  const backend = make();
  const id = await closedRuns["of one writer"]!(opener(backend), backend);
  const objects = await runObjects(backend, id, { known: { document: 7, marker: 0 } });
  expect(objects.source).toBe("listing");
  expect(keysOf(await all(objects))).toEqual(await keysIn(backend, `runs/${id}`));
  await expect(all(await runObjects(backend, "nobody"))).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
});

test("objects that no writer makes show in a listing as unknown", async () => {
  const [, make] = places[0]!;
  const backend = make();
  const run = await (await opener(backend)()).startRun({ environment: false, flush });
  await backend.create(`runs/${run.id}/notes.txt`, new Uint8Array(3));
  expect(await all(await runObjects(backend, run.id))).toContainEqual({
    key: `runs/${run.id}/notes.txt`,
    size: 3,
    kind: "unknown",
  });
});
