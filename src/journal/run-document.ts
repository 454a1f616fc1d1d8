import { encodeJson } from "../backend/json.ts";
import type { RunRecord } from "./run-record.ts";

/** What of a writer's journal a run document covers. */
export interface Coverage {
  readonly writer: string;
  readonly segments: readonly { readonly seq: number; readonly bytes: number }[];
}

/** The fold of a run, written when it closes: a cache of the journals, good as long as they hold no more than it covers. */
export interface RunDocument {
  readonly record: RunRecord;
  readonly covers: readonly Coverage[];
}

const DOCUMENT = /^run(?:\.([0-9]{4,9}))?\.json$/;

/** Key of a run's `n`-th document: `run.json`, then `run.0002.json` and so on, since nothing is ever written over. */
export function runDocumentKey(runId: string, n: number): string {
  return n === 1 ? `runs/${runId}/run.json` : `runs/${runId}/run.${String(n).padStart(4, "0")}.json`;
}

/** The number in a key that {@link runDocumentKey} made, or `undefined` for any other key. */
export function parseRunDocumentKey(key: string): number | undefined {
  const match = DOCUMENT.exec(key.slice(key.lastIndexOf("/") + 1));
  return match ? Number(match[1] ?? 1) : undefined;
}

export function encodeRunDocument(document: RunDocument): Uint8Array {
  return new TextEncoder().encode(encodeJson({ v: 1, ...document }, "run"));
}
