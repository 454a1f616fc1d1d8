import { LedgerError } from "../errors/ledger-error.ts";
import { encodeJson } from "../bytes/json.ts";

/** Data as the text of a JSON file for any program. Throws `INVALID_ARGUMENT` for what JSON cannot hold. */
export function jsonText(data: unknown): string {
  const text = encodeJson(data, "source.json");
  // The library's own form for such values would surprise other programs.
  if (!text.includes('"$rl"')) return text;
  throw new LedgerError(
    "INVALID_ARGUMENT",
    "source.json holds NaN, Infinity, -0 or a bigint, which JSON has no form for: convert them",
    { field: "source.json" },
  );
}
