import { LedgerError } from "../errors/ledger-error.ts";
import { decodeJson } from "../bytes/json.ts";
import { evenEdges, type Histogram, MAX_BINS } from "./histogram.ts";

/** The histogram that was stored. Throws `CORRUPT` for anything that is none. */
export function readHistogram(text: string): Histogram {
  const stored = decodeJson(text);
  if (typeof stored !== "object" || stored === null || Array.isArray(stored)) throw noHistogram("is no object");
  const { counts, edges, range, ...odd } = stored as Record<string, unknown>;
  if (!isNumbers(counts) || counts.length > MAX_BINS || !counts.every(isCount)) throw noHistogram("has no counts");
  const all = isNumbers(range) && range.length === 2 && counts.length > 0 ? fromRange(range, counts.length) : edges;
  if (!isNumbers(all) || all.length !== (counts.length === 0 ? 0 : counts.length + 1))
    throw noHistogram("has no edges");
  all.forEach((edge, i) => {
    if (!Number.isFinite(edge) || (i > 0 && edge <= (all[i - 1] as number)))
      throw noHistogram("has edges out of order");
  });
  const rest = (name: string): number => {
    const value = odd[name] ?? 0;
    if (!isCount(value)) throw noHistogram(`has no count of ${name}`);
    return value;
  };
  return {
    counts,
    edges: all,
    nan: rest("nan"),
    negativeInfinity: rest("negativeInfinity"),
    positiveInfinity: rest("positiveInfinity"),
  };
}

function fromRange([low, high]: readonly number[], bins: number): number[] {
  return evenEdges(low as number, high as number, bins);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function noHistogram(why: string): LedgerError {
  return new LedgerError("CORRUPT", `a stored histogram ${why}`);
}
