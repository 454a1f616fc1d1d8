import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLedger } from "runledger/node";
import { expect, test } from "vitest";
import { fitArgs, tinyModel, xs, ys } from "../../adapters/tfjs/tiny-model.ts";
import { startChild } from "../../processes/child-process.ts";
import { isFull } from "../../rounds.ts";
import { seededRandom } from "../../seeded-random.ts";

const KILLS = 5;
const seed = Number(process.env["TRAINING_KILLS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

// Each process loads TF.js, which takes too long for `npm test`.
test.skipIf(!isFull)(
  `a training that is killed and resumed gives what an uninterrupted one gives (seed ${seed})`,
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "runledger-kills-"));
    const script = fileURLToPath(new URL("training-child.ts", import.meta.url));
    const start = (deadly: string): ReturnType<typeof startChild> =>
      startChild([process.execPath, "--import", "tsx", "--conditions=runledger-source", script, directory, deadly]);
    try {
      const random = seededRandom(seed);
      // Three batches an epoch, 18 in all. The optimizer counts them through, so each kill comes after the one before it.
      const deadly = Array.from({ length: KILLS }, () => 1 + Math.floor(random() * 17)).toSorted((a, b) => a - b);
      for (const batch of deadly) {
        const { signal, code, errors } = await start(String(batch)).ended;
        // A batch that an earlier session has finished, and stored, does not come again.
        expect([signal, code], errors).toSatisfy(([by, ended]) => by === "SIGKILL" || ended === 0);
      }
      const last = start("none");
      const line = await last.line("weights ");
      expect((await last.ended).code).toBe(0);
      const model = tinyModel();
      await model.fit(xs, ys, fitArgs({ epochs: 6 }));
      const whole = model.getWeights().flatMap((each) => [...each.dataSync()]);
      const resumed = JSON.parse(line.slice("weights ".length)) as number[];
      expect(resumed).toHaveLength(whole.length);
      expect(Math.max(...resumed.map((value, i) => Math.abs(value - whole[i]!)))).toBeLessThan(1e-6);
      const { steps } = await (await openLedger(directory, { capture: false })).history("mortal", "val/loss");
      expect([...new Set(steps)]).toEqual([0, 1, 2, 3, 4, 5]);
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 10 });
    }
  },
);
