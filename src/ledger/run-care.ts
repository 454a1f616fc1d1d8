// The code that deletes, restores and recovers runs. It is loaded as one when it is first needed.
export { setDeleted } from "./delete-run.ts";
export { recoverRuns } from "./recover.ts";
