export { ContractViolation } from "./assertions.ts";
export { checkHarness } from "./check-harness.ts";
export type { ConformanceCase, Need, World } from "./case.ts";
export { conformanceCases } from "./cases.ts";
export { type TestFunction, conformance } from "./conformance.ts";
export { type Sentence, contract } from "./contract.ts";
export type { ConformanceHarness, ConformancePlace, OtherProcess } from "./harness.ts";
export { type CaseResult, runCase } from "./run.ts";
