// The code that finds and compares versions of artifacts. It is loaded as one when it is first needed.
export { diffArtifacts } from "./diff-artifacts.ts";
export { searchArtifacts } from "./search-artifacts.ts";
