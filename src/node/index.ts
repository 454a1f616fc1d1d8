export { guardProcess, type GuardOptions } from "./guard-process.ts";
export type { GuardedRun } from "./guarded-run.ts";
