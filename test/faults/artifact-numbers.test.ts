import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { openLedger } from "../../src/index.ts";
import { bundle } from "../processes/bundle.ts";
import { startChild } from "../processes/child-process.ts";
import { rounds } from "../rounds.ts";

const PROCESSES = rounds(3, 20);
const EACH = rounds(3, 10);

test(`${PROCESSES} processes log versions of one name and move one alias: no number is missing or used twice`, async () => {
  const child = await bundle(new URL("artifact-child.ts", import.meta.url));
  try {
    const place = join(dirname(child.script), "runs");
    const children = Array.from({ length: PROCESSES }, (_, i) =>
      startChild([process.execPath, child.script, place, String(i), String(EACH)]),
    );
    const tags = (await Promise.all(children.map(({ line }) => line("done ")))).flatMap((line) =>
      line.split(" ").slice(1),
    );
    await Promise.all(children.map(({ ended }) => ended));

    const backend = fsBackend(place);
    const ledger = await openLedger(backend);
    const versions = await ledger.artifactVersions("model");
    expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: PROCESSES * EACH }, (_, i) => `v${i}`));
    expect(new Set(tags)).toEqual(new Set(versions.map(({ version }) => version)));
    expect(versions.filter(({ aliases }) => aliases.length > 0)).toHaveLength(1);
    for (const { version, digest } of versions)
      expect((await ledger.openArtifact(`model@${digest}`)).version.version).toBe(version);

    await ledger.setAlias("model", "v0", "best");
    await ledger.setAlias("model", "v1", "best");
    const records: string[] = [];
    for await (const { key } of backend.list("artifacts/model/aliases")) records.push(key);
    expect(records).toHaveLength(1);
  } finally {
    await child.remove();
  }
});
