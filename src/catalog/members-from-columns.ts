import type { Backend } from "../backend/backend.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { attributeColumns } from "./attribute-columns.ts";
import type { Segment } from "./segment.ts";

/** Most bytes of columns of a segment that are rather read than records. */
const MAX_BYTES = 1_048_576;

/**
 * Records of some rows with `id` and the `members` alone, from columns, with at most `most` requests; `undefined` where these do not have
 * all of them, or take more to read than the records would.
 */
export async function membersFromColumns(
  segment: Segment,
  backend: Backend,
  rows: readonly number[],
  members: readonly (keyof RunRecord)[],
  most: number,
  signal: AbortSignal | undefined,
): Promise<Map<number, RunRecord> | undefined> {
  const wanted = new Map<keyof RunRecord, string>([["id", "run_id"]]);
  for (const member of members) {
    // Not tags: they have a column for each key, and there may be any number.
    const { column } = attributeColumns.find((each) => each.member === member) ?? {};
    if (column === undefined) return undefined;
    wanted.set(member, column);
  }
  const columns = [...wanted.values()];
  if (segment.directory.incomplete && columns.some((column) => segment.column(column) === undefined)) return undefined;
  const bytes = columns.reduce((sum, column) => sum + (segment.column(column)?.size ?? 0), 0);
  if (bytes > MAX_BYTES) return undefined;
  await segment.load(backend, columns, most, signal);
  return new Map(
    rows.map((at) => {
      const found = [...wanted].flatMap(([member, column]) => {
        const cell = (member === "id" ? segment.idAt(at) : segment.cells(column)?.at(at)) ?? null;
        return cell === null ? [] : [[member, cell] as const];
      });
      return [at, Object.fromEntries(found) as unknown as RunRecord];
    }),
  );
}
