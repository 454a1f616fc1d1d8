// What reads runs, loaded as one when it is first needed.
export { resumeRun } from "../run/resume-run.ts";
export { readSeries } from "../series/read-series.ts";
export { readRun, readRunCreated } from "./read-run.ts";
export { recoverRuns } from "./recover.ts";
export { searchRuns } from "./search.ts";
