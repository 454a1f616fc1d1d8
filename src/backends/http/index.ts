export { type HttpBackend, httpBackend } from "./backend.ts";
export type { HttpBackendOptions } from "./options.ts";
export type { RequestRetryOptions as HttpRetryOptions } from "../../backend/requests/attempts.ts";
export { type Publication, publish, type PublishableLedger } from "./publish.ts";
