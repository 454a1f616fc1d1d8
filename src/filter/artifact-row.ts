import type { Dictionary } from "../journal/event.ts";
import type { FilterRow } from "./filter-row.ts";
import { flattenParams, NESTED } from "./flatten-params.ts";

/** What of a version filters and orders read. */
export interface FilteredVersion {
  readonly name: string;
  /** `v3`, or `v3.<id>`. */
  readonly version: string;
  readonly type?: string | undefined;
  readonly size: number;
  readonly createdAt: number;
  readonly runId?: string | undefined;
  readonly aliases: readonly string[];
  readonly description?: string | undefined;
  readonly metadata: Dictionary;
}

/** Returns a version as a row, with the fields that `parseArtifactField` returns. */
export function versionRow(version: FilteredVersion): FilterRow {
  let metadata: ReturnType<typeof flattenParams> | undefined;
  const all = (): ReturnType<typeof flattenParams> => (metadata ??= flattenParams(version.metadata));
  const [, digits = "0", rest = ""] = /^v(\d+)(.*)$/.exec(version.version) ?? [];
  const texts = new Map([
    ["name", version.name],
    ["type", version.type],
    ["run_id", version.runId],
    ["description", version.description],
  ]);
  return {
    attribute: (name) =>
      name === "start_time"
        ? version.createdAt
        : name === "id"
          ? `${version.name}:${digits.padStart(8, "0")}${rest}`
          : undefined,
    param: (key) => {
      const value = all().get(key);
      return value === NESTED ? undefined : value;
    },
    paramPaths: () => all().keys(),
    isNested: (key) => all().get(key) === NESTED,
    tag: (key) => texts.get(key),
    metric: (key) => (key === "size" ? version.size : Number(digits)),
    datasets: () => version.aliases.map((name) => ({ name, digest: "" })),
  };
}
