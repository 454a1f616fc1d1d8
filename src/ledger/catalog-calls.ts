// The code of calls about many runs, other than searches. It is loaded as one when it is first needed.
export { catalogOf } from "../catalog/catalog-context.ts";
export { listExperiments } from "../catalog/list-experiments.ts";
export { compactCatalog } from "../catalog/tidy-catalog.ts";
export { listCatalogFiles } from "./catalog-files.ts";
export { summariseRuns } from "./summarise-runs.ts";
