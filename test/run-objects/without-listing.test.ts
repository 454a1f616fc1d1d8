import { describe, expect, test } from "vitest";
import { openLedger } from "../../src/index.ts";
import { runObjects } from "../../src/run-objects/run-objects.ts";
import { closedRuns, opener, places, withoutListing } from "./closed-runs.ts";
import { all } from "./found-objects.ts";
import { sampled } from "../rounds.ts";

describe.each(sampled(places, 2))("on a store that %s", (_, make) => {
  test.each(Object.entries(closedRuns))(
    "a run %s reads the same on a backend that cannot list",
    async (_name, close) => {
      const backend = make();
      const open = opener(backend);
      const id = await close(open, backend);
      const ledger = await openLedger(backend);
      const blind = await openLedger(withoutListing(backend));
      const record = await ledger.getRun(id);
      expect(await blind.getRun(id)).toEqual(record);
      for (const samples of [undefined, 10])
        expect(await blind.histories(id, undefined, { samples })).toEqual(
          await ledger.histories(id, undefined, { samples }),
        );
      const media = await ledger.media(id);
      expect(await blind.media(id)).toEqual(media);
      for (const entry of media.slice(0, 3))
        expect(await blind.openMedia(entry)).toEqual(await ledger.openMedia(entry));
      for (const version of record.artifacts) {
        const opened = await blind.openArtifact(version);
        expect(opened.version).toEqual({ ...version, aliases: [] });
        expect(await opened.verify()).toMatchObject({ intact: true });
      }
      const objects = await runObjects(withoutListing(backend), id);
      expect(objects.source).toBe("inventory");
      expect(await all(objects)).toEqual(await all(await runObjects(backend, id)));
    },
  );
});

test("a run that was closed many times is found, and one that is not closed is UNSUPPORTED", async () => {
  const [, make] = places[0]!;
  const backend = make();
  const open = opener(backend);
  const run = await (await open()).startRun({ environment: false });
  const blind = await openLedger(withoutListing(backend));
  const key = `runs/${run.id}/run.created.json`;
  await expect(blind.getRun(run.id)).rejects.toMatchObject({ code: "UNSUPPORTED", key });
  await expect(all(await runObjects(withoutListing(backend), run.id))).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await run.finish();
  for (let i = 0; i < 10; i++) {
    const again = await (await open()).resumeRun(run.id);
    again.log({ loss: i });
    await again.finish();
    expect((await blind.getRun(run.id)).metrics["loss"]?.count).toBe(i + 1);
  }
  await expect(blind.getRun("nobody")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
});

test("a damaged newest document is CORRUPT, and no older document replaces it", async () => {
  const [, make] = places[0]!;
  const backend = make();
  const id = await closedRuns["closed three times"]!(opener(backend), backend);
  const key = `runs/${id}/run.0003.json`;
  const bytes = await backend.read(key);
  await backend.remove(key);
  await backend.create(
    key,
    bytes.map((byte, i) => (i === 50 ? byte ^ 1 : byte)),
  );
  const blind = await openLedger(withoutListing(backend));
  await expect(blind.getRun(id)).rejects.toMatchObject({ code: "CORRUPT", key });
});

test("a version without its manifest at the recorded key is looked for by its number", async () => {
  const [, make] = places[0]!;
  const backend = make();
  const open = opener(backend);
  const id = await closedRuns["with artifacts"]!(open, backend);
  const ledger = await open();
  const [first, second] = (await ledger.getRun(id)).artifacts;
  const wrong = { ...first!, manifest: second!.manifest };
  expect(new TextDecoder().decode(await (await ledger.openArtifact(wrong)).read())).toBe("weights");
  for (const key of ["", "artifacts/=4dodel=2fa/versions/999999/00.json", "runs/x/run.json", "../x"]) {
    const lost = { ...first!, manifest: { ...first!.manifest, key } };
    expect(new TextDecoder().decode(await (await ledger.openArtifact(lost)).read())).toBe("weights");
    const blind = withoutListing(backend);
    const found = await (await openLedger(blind)).openArtifact(lost);
    expect(new TextDecoder().decode(await found.read())).toBe("weights");
    // Elsewhere only a listing shows the id in the key.
    const capabilities = { ...blind.capabilities, exclusiveCreate: false };
    await expect((await openLedger({ ...blind, capabilities })).openArtifact(lost)).rejects.toMatchObject({
      code: "UNSUPPORTED",
    });
  }
});
