export { guardProcess, type GuardOptions } from "./guard-process.ts";
export type { GuardedRun } from "./process-guard.ts";
export { openLedger, type NodeLedgerOptions } from "./open-ledger.ts";
export type { LedgerPlace } from "./ledger-place.ts";
export type { CaptureOptions } from "./capture-options.ts";
export type { ConsoleOptions } from "./console/console-capture.ts";
export type { EnvironmentOptions } from "./environment/environment-options.ts";
export type { SystemOptions } from "./system/system-capture.ts";
