import { decodeRunDocument } from "../journal/decode-run-document.ts";
import { isFinal } from "../journal/inventory.ts";
import { type RunListing, toRunListing } from "../journal/list-run.ts";
import { decodeRunCreated } from "../journal/read-run-beginning.ts";
import { runCreatedKey, runPrefix } from "../journal/run-created.ts";
import { runDocumentKey } from "../journal/run-document.ts";
import { type ArchivedObject, damaged } from "./archive-contents.ts";

/** What an archive says of its run. */
export interface ArchivedRun {
  readonly experiment: string;
  readonly isFork: boolean;
  /** The id of the run that it was forked from. */
  readonly origin: string | undefined;
  /** Whether the newest document has everything of the run. */
  readonly isFinal: boolean;
  readonly listing: RunListing;
}

/**
 * Reads the newest document and the beginning of an archived run. Throws `CORRUPT` if they are damaged or missing, or if
 * the archive lacks what the document names.
 */
export function archivedRun(
  run: string,
  objects: readonly ArchivedObject[],
  held: ReadonlyMap<string, Uint8Array>,
): ArchivedRun {
  const entries = objects.filter(({ key }) => key.startsWith(`${runPrefix(run)}/`));
  const listing = toRunListing(entries, run);
  const beginning = held.get(runCreatedKey(run));
  if (beginning === undefined) throw damaged(`it lacks ${runCreatedKey(run)}`);
  const { experiment, forkOf } = decodeRunCreated(beginning, run);
  const isFork = forkOf !== undefined;
  const origin = forkOf?.run;
  if (listing.newestDocument === 0) return { experiment, isFork, origin, isFinal: false, listing };
  const key = runDocumentKey(run, listing.newestDocument);
  const document = decodeRunDocument(held.get(key)!, run);
  if (document === undefined) throw damaged(`${key} is damaged`);
  const sizes = new Map(entries.map((each) => [each.key, each]));
  const closed = isFinal(document);
  for (const { name, size } of closed ? document.objects : []) {
    const found = sizes.get(`${runPrefix(run)}/${name}`);
    if (found?.size !== size) throw damaged(`it lacks ${name}, which ${key} names`);
  }
  return { experiment: document.record.experiment, isFork, origin, isFinal: closed, listing };
}
