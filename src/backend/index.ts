export type {
  AppendOptions,
  Backend,
  Body,
  ByteRange,
  ByteStream,
  CallOptions,
  Capabilities,
  CreateOptions,
  Entry,
  ListOptions,
  Liveness,
  ReadOptions,
} from "./backend.ts";
export type { AccessKeys, FileLocation, ObjectLocation, S3Location } from "./location.ts";
export { changeHints, type Hints, type HintSink } from "./change-hints.ts";
export { assertKey, assertPrefix, MAX_KEY_BYTES, MAX_SEGMENT_BYTES } from "./key.ts";
export { bodyChunks, bodySize, byteStream, clampRange, collectBody, equalBytes } from "./body.ts";
export { type ChecksOptions, withChecks } from "./layers/checks.ts";
export { type RetryOptions, withRetry } from "./layers/retry.ts";
export { withPrefix } from "./layers/prefix.ts";
export { type ReadCacheOptions, withReadCache } from "./layers/read-cache.ts";
export { type Clock, systemClock, type Timer } from "../platform/clock.ts";
export { ERROR_CODES, type ErrorCode, type ErrorDetails, LedgerError } from "../errors/ledger-error.ts";
