export { guardProcess, type GuardOptions } from "./guard-process.ts";
export type { GuardedRun } from "./process-guard.ts";
