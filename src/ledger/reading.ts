// The code that reads runs. It is loaded as one when it is first needed.
export { listExperiments } from "../catalog/list-experiments.ts";
export { catalogOf } from "../catalog/catalog-context.ts";
export { readResumeOptions, resumeRun } from "../run/resume-run.ts";
export { compareRecords } from "../compare/compare-records.ts";
export { readCodeArchive } from "./code-archive.ts";
export { readCodePatch } from "./code-patch.ts";
export { readHistories } from "./read-histories.ts";
export { setDeleted } from "./delete-run.ts";
export { listMedia } from "./list-media.ts";
export { openMedia } from "./open-media.ts";
export { readConsole } from "./read-console.ts";
export { readRun, readRunCreated, readComparedRuns } from "./read-run.ts";
export { recoverRuns } from "./recover.ts";
export { listCatalogFiles } from "./catalog-files.ts";
export { listMetricsFiles } from "./metrics-files.ts";
export { rebuildCatalog } from "../catalog/rebuild-catalog.ts";
export { summariseRuns } from "./summarise-runs.ts";
export { watchUpdates } from "./watch-updates.ts";
