export { s3Backend } from "./backend.ts";
export type { S3Backend } from "./backend.ts";
export type { S3CredentialSource, S3Credentials } from "./credentials.ts";
export type { S3BackendOptions } from "./options.ts";
export { probeConditionalWrites } from "./probe.ts";
export type { ConditionalWrites } from "./probe.ts";
export type { RequestRetryOptions as S3RetryOptions } from "../../backend/requests/attempts.ts";
export { s3Presigner, type S3PresignerOptions } from "./presigner.ts";
export type { S3Sign, S3SignedRequest, S3SignRequest } from "./signed-request.ts";
