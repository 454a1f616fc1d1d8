export { s3Backend } from "./backend.ts";
export type { S3Backend } from "./backend.ts";
export type { S3CredentialSource, S3Credentials } from "./credentials.ts";
export type { S3BackendOptions } from "./options.ts";
export { probeConditionalWrites } from "./probe.ts";
export type { ConditionalWrites } from "./probe.ts";
export type { S3RetryOptions } from "./retry.ts";
