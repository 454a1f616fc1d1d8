// The code of `compareRuns`. It is loaded as one when it is first needed.
export { compareRecords } from "../compare/compare-records.ts";
export { readComparedRuns } from "./read-run.ts";
