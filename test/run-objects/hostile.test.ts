import { describe, expect, test } from "vitest";
import { type MemoryBackend, memoryBackend } from "../../src/backends/memory/index.ts";
import { decodeCheckedJson, encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { openLedger } from "../../src/index.ts";
import { runObjects } from "../../src/run-objects/run-objects.ts";
import { closedRuns, opener } from "./closed-runs.ts";
import { all } from "./found-objects.ts";

const digest = `sha256:${"0".repeat(64)}`;

interface StoredDocument {
  readonly record: { readonly artifacts: { name: string; manifest: { key: string; size: number; digest: string } }[] };
  objects: unknown;
  readonly compacted: { metrics: unknown; overview?: unknown; media: unknown[] };
}

function replace(backend: MemoryBackend, key: string, bytes: Uint8Array | undefined): void {
  const objects = new Map(backend.snapshot());
  if (bytes) objects.set(key, bytes);
  else objects.delete(key);
  backend.restore(objects);
}

/** A closed run, and what changes its document. Beside it stands another run, which stays as it is. */
async function closed(name: string): Promise<{
  backend: MemoryBackend;
  id: string;
  other: string;
  change: (how: (document: StoredDocument) => void) => Promise<void>;
}> {
  const backend = memoryBackend();
  const open = opener(backend);
  const id = await closedRuns[name]!(open, backend);
  const other = await closedRuns["of one writer"]!(open, backend);
  const key = `runs/${id}/run.json`;
  return {
    backend,
    id,
    other,
    change: async (how) => {
      const document = decodeCheckedJson(await backend.read(key)) as StoredDocument;
      how(document);
      replace(backend, key, encodeCheckedJson(document, "run"));
    },
  };
}

const entry = (name: unknown, more: object = {}): object => ({ name, size: 1, digest, ...more });

const hostile: readonly (readonly [string, (document: StoredDocument) => void])[] = [
  ...[
    "../../ledger.json",
    "/etc/passwd",
    "journal/../run.json",
    "journal/con.000000",
    "journal/w.0000000",
    "journal/w",
    "x/w.000000",
    "blobs/sha256/00/00",
    "lifecycle/0001.json",
    "fences/x.json",
    "run.x.json",
    "metrics.csv",
    "",
    "é\u0301".repeat(300),
    7,
    null,
  ].map((name) => {
    const add = (document: StoredDocument): void => void (document.objects as unknown[]).push(entry(name));
    return [`the name ${JSON.stringify(name)?.slice(0, 40)}`, add] as const;
  }),
  ...[-1, 1.5, 2 ** 60, "1", null, Number.POSITIVE_INFINITY].map((size) => {
    const add = (document: StoredDocument): void =>
      void (document.objects as unknown[]).push(entry("metrics.0002.overview", { size }));
    return [`the size ${size}`, add] as const;
  }),
  ...[undefined, "", "sha256:", `sha256:${"0".repeat(63)}G`, `md5:${"0".repeat(64)}`, 5].map((bad) => {
    const add = (document: StoredDocument): void =>
      void (document.objects as unknown[]).push(entry("metrics.0002.overview", { digest: bad }));
    return [`the digest ${bad}`, add] as const;
  }),
  ["a name twice", (document) => void (document.objects as unknown[]).push(entry("metrics.parquet"))],
  ["no inventory", (document) => void (document.objects = undefined)],
  ["an inventory that is no list", (document) => void (document.objects = { length: 2 ** 31 })],
  ["points that are not listed", (document) => void (document.compacted.metrics = ["metrics.0009.parquet"])],
  ["points that are no points", (document) => void (document.compacted.metrics = ["run.created.json"])],
  ["points by a key", (document) => void (document.compacted.metrics = ["../../x"])],
  ["an overview that is not listed", (document) => void (document.compacted.overview = "metrics.overview")],
  ["rich values that are points", (document) => void document.compacted.media.push("metrics.parquet")],
];

describe("a run document with", () => {
  test.each(hostile)("%s is damaged, and no other run is", async (_, how) => {
    const { backend, id, other, change } = await closed("of one writer");
    await change(how);
    const ledger = await openLedger(backend, { onError: () => {} });
    const corrupt = { code: "CORRUPT", key: `runs/${id}/run.json` };
    await expect(ledger.getRun(id)).rejects.toMatchObject(corrupt);
    const objects = await runObjects(backend, id);
    expect(objects.source).toBe("listing");
    await expect(all(objects)).rejects.toMatchObject(corrupt);
    const { runs, unreadable } = await ledger.searchRuns();
    expect(runs.map((run) => run.id)).toEqual([other]);
    expect(unreadable).toMatchObject([{ id }]);
    expect((await runObjects(backend, other)).source).toBe("inventory");
  });
});

describe("an artifact version", () => {
  const by = (id: string): object => ({ code: "CORRUPT", key: `runs/${id}/run.json` });

  test.each([
    "ledger.json",
    "artifacts/other/versions/999999/99.json",
    "artifacts/=4dodel=2fa/aliases/best/00000000.json",
    "artifacts/=4dodel=2fa/versions/../../../ledger.json",
    "../../secret",
    "",
  ])("whose manifest is said to be %j is CORRUPT before anything is read", async (key) => {
    const { backend, id, change } = await closed("with artifacts");
    await change(({ record }) => void (record.artifacts[0]!.manifest.key = key));
    await expect(all(await runObjects(backend, id))).rejects.toMatchObject(by(id));
  });

  test.each(["", "\u0000", "x".repeat(10_000), "a/../b"])("of the name %j is CORRUPT", async (name) => {
    const { backend, id, change } = await closed("with artifacts");
    await change(({ record }) => void (record.artifacts[0]!.name = name));
    await expect(all(await runObjects(backend, id))).rejects.toMatchObject(by(id));
  });

  test("whose manifest is missing, or is another one, is CORRUPT with its key", async () => {
    const { backend, id } = await closed("with artifacts");
    const [first, second] = (await (await openLedger(backend)).getRun(id)).artifacts;
    const { key } = first!.manifest;
    replace(backend, key, await backend.read(second!.manifest.key));
    await expect(all(await runObjects(backend, id))).rejects.toMatchObject({ code: "CORRUPT", key });
    replace(backend, key, undefined);
    await expect(all(await runObjects(backend, id))).rejects.toMatchObject({ code: "CORRUPT", key });
  });

  test("whose recorded manifest has another digest or size is CORRUPT with its key", async () => {
    for (const wrong of [{ digest }, { size: 1 }]) {
      const { backend, id, change } = await closed("with artifacts");
      let key = "";
      await change(({ record }) => {
        const [version] = record.artifacts;
        Object.assign(version!.manifest, wrong);
        key = version!.manifest.key;
      });
      await expect(all(await runObjects(backend, id))).rejects.toMatchObject({ code: "CORRUPT", key });
    }
  });
});

test("rich values in damaged pages are CORRUPT with the key, after the rest was yielded", async () => {
  const { backend, id } = await closed("with very many rich values, metrics and tags, closed twice");
  const { objects } = decodeCheckedJson(await backend.read(`runs/${id}/run.0002.json`)) as {
    objects: { name: string }[];
  };
  const key = `runs/${id}/${objects.find(({ name }) => name.endsWith(".media"))!.name}`;
  const bytes = await backend.read(key);
  replace(
    backend,
    key,
    bytes.map((byte, i) => (i === 30 ? byte ^ 1 : byte)),
  );
  const found: string[] = [];
  await expect(
    (async () => {
      for await (const object of await runObjects(backend, id)) found.push(object.kind);
    })(),
  ).rejects.toMatchObject({ code: "CORRUPT", key });
  expect(found).toContain("metrics");
});

test("rich values in a damaged journal are CORRUPT with the key", async () => {
  const { backend, id } = await closed("with nothing but rich values");
  const [journal] = (await all(await runObjects(backend, id))).filter(({ kind }) => kind === "journal");
  const bytes = await backend.read(journal!.key);
  replace(
    backend,
    journal!.key,
    bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
  );
  await expect(all(await runObjects(backend, id))).rejects.toMatchObject({ code: "CORRUPT", key: journal!.key });
});
