import { generateKeyPairSync, sign } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { type Ledger, openLedger } from "../../../src/index.ts";
import { loadAll } from "../../../src/platform/on-demand.ts";
import type { PublicKey, Signer } from "../../../src/seal/index.ts";
import { createTestClock, type FaultMode, faultyBackend, seededIds } from "../../../src/testing/index.ts";
import { objectsOnly } from "../../journal/records.ts";
import { isFull, stride } from "../../rounds.ts";

const MODES: readonly FaultMode[] = ["crash-before", "crash-after", "torn", "error-before", "lost-ack", "late"];
const keys = generateKeyPairSync("ed25519");
const signer: Signer = { keyId: "k", sign: async (bytes) => new Uint8Array(sign(null, bytes, keys.privateKey)) };
const trusted = [{ ...(keys.publicKey.export({ format: "jwk" }) as unknown as PublicKey), kid: "k" }];

beforeAll(() => loadAll());

async function prepare(kind: "closed once" | "closed twice", open: (seed: number) => Promise<Ledger>): Promise<string> {
  const ledger = await open(1);
  const run = await ledger.startRun({ environment: false, experiment: "e", flush: { intervalMs: 1e9 } });
  for (let i = 0; i < 3; i++) run.log({ loss: i });
  await run.logArtifact("model", new Uint8Array(100));
  await run.finish();
  if (kind === "closed once") return run.id;
  const again = await (await open(2)).resumeRun(run.id, { flush: { intervalMs: 1e9 } });
  again.log({ loss: 9 });
  await again.finish();
  return run.id;
}

// In a quick run one of them.
const runs = [
  ["appends", "closed twice", () => memoryBackend()],
  ["objects", "closed once", () => objectsOnly()],
] as const;

test.each(isFull ? runs : runs.slice(1))(
  "%s, a run %s: seal() fails at each operation, and the next call completes it",
  async (_, kind, make) => {
    let played = 0;
    for (const mode of MODES) {
      for (let at = 1; ; at += stride(7)) {
        const place = make();
        const clock = createTestClock();
        const open = (seed: number, backend = place): Promise<Ledger> =>
          openLedger(backend, { clock, ids: seededIds(seed, () => clock.now()), onError: () => {} });
        const id = await prepare(kind, open);
        const before = await (await open(3)).getRun(id);
        const planned = faultyBackend(place, { mode, at });
        const attempt = open(4, planned).then((ledger) => ledger.seal(id, { signer }));
        const failed = await attempt.then(
          () => false,
          () => true,
        );
        const isOver = planned.operations.count < at;
        if (mode === "late") await planned.settle();
        const next = await open(5);
        const what = `${mode} at ${at}: ${JSON.stringify(planned.operations.log.at(-1))}`;
        const seal = await next.seal(id, { signer });
        expect(await next.seal(id, { signer }), what).toEqual(seal);
        const found = await next.verify(undefined, { keys: trusted });
        expect(found, what).toMatchObject({ sealed: true, signedBy: ["k"], problems: [], lateRecords: [] });
        const one = await next.verify(id, { keys: trusted });
        expect(one, what).toMatchObject({ sealed: true, signedBy: ["k"], problems: [], lateRecords: [] });
        expect(await next.getRun(id), what).toEqual(before);
        played++;
        if (isOver) break;
        if (mode.startsWith("crash")) expect(failed, what).toBe(true);
      }
    }
    expect(played).toBeGreaterThan(MODES.length);
  },
);
