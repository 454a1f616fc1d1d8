const MAX_CHARACTERS = 150;
/** What TF.js puts beside the metrics of a batch. */
const NO_METRICS: ReadonlySet<string> = new Set(["batch", "size", "num_steps"]);

/**
 * Returns the name under which a value of an epoch is logged: `val_acc` gives `val/accuracy`, `loss` gives `train/loss`.
 * Returns `undefined` for a label that TF.js adds beside the metrics.
 */
export function epochMetric(label: string): string | undefined {
  if (NO_METRICS.has(label)) return undefined;
  return label.startsWith("val_") ? `val/${plainName(label.slice(4))}` : `train/${plainName(label)}`;
}

/** Returns the name under which a value of a batch is logged, such as `batch/loss`. Otherwise as {@link epochMetric}. */
export function batchMetric(label: string): string | undefined {
  return NO_METRICS.has(label) ? undefined : `batch/${plainName(label)}`;
}

/** Returns the name of an epoch's metric for the name that a user gave: `val_loss`, `val/acc` and `loss` are known, too. */
export function monitoredMetric(name: string): string {
  if (name.startsWith("val/")) return `val/${plainName(name.slice(4))}`;
  if (name.startsWith("train/")) return `train/${plainName(name.slice(6))}`;
  return epochMetric(name) ?? name;
}

/** TF.js calls accuracy `acc`, and a metric without a name `""`. */
function plainName(label: string): string {
  const known = label
    .slice(0, MAX_CHARACTERS)
    .replace(/(^|_)acc(_\d+)?$/, "$1accuracy$2")
    .replace(/^(_\d+)?$/, "metric$1");
  // oxlint-disable-next-line no-control-regex -- names of metrics must not contain control characters
  const clean = known.replaceAll(/[\u0000-\u001f\u007f]|\p{Cs}/gu, "_");
  const parts = clean.split("/").filter((part) => part !== "");
  return parts.join("/") || "metric";
}
