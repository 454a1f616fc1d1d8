export { type Counters, type CountingBackend, countingBackend } from "./counting-backend.ts";
export { Crash, type Fault, type FaultMode } from "./fault.ts";
export { type FaultyBackend, type LoggedOperation, faultyBackend } from "./faulty-backend.ts";
export type { Operation } from "./intercept.ts";
export { type RecordedCall, type RecordingBackend, recordingBackend } from "./recording-backend.ts";
export { type TestClock, type TestClockOptions, createTestClock } from "./test-clock.ts";
export { seededIds } from "./seeded-ids.ts";
export { createTestLedger, type LedgerUnderTest, type TestLedger, type TestLedgerOptions } from "./test-ledger.ts";
