import type { Backend, CallOptions } from "../backend/backend.ts";
import { concernsOneObject } from "../errors/ledger-error.ts";
import { readRunBeginning } from "../journal/read-run-beginning.ts";

/** How many keys below `runs/` are looked at. They may be the files of another program. */
const MAX_KEYS = 10_000;
const BEGINNING = /^runs\/([^/]+)\/run\.created\.json$/;

/** Returns whether a place holds a run that this library can read. */
export async function holdsRun(backend: Backend, call: CallOptions): Promise<boolean> {
  let looked = 0;
  for await (const { key } of backend.list("runs", call)) {
    const id = BEGINNING.exec(key)?.[1];
    if (id !== undefined && (await canRead(backend, id, call))) return true;
    if (++looked === MAX_KEYS) return false;
  }
  return false;
}

async function canRead(backend: Backend, id: string, call: CallOptions): Promise<boolean> {
  try {
    await readRunBeginning(backend, id, call);
    return true;
  } catch (error) {
    if (concernsOneObject(error)) return false;
    throw error;
  }
}
