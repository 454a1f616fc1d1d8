// The code that says what made a run. It is loaded as one when it is first needed.
export { readLineage } from "./lineage.ts";
export { runsUsing } from "./runs-using.ts";
export { diffCodeOfRuns } from "./diff-code.ts";
export { reproduction } from "./reproduction.ts";
export { whatChanged } from "./what-changed.ts";
