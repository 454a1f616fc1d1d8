import type { S3BackendOptions } from "runledger/backends/s3";
import type { CaseResult } from "runledger/conformance";
import type { Story } from "./life.ts";

/** What the browser is to do. Without `s3` the backend for buckets is left out. */
export interface Job {
  readonly s3?: S3BackendOptions;
}

export type CaseOutcome = CaseResult | { readonly status: "failed"; readonly message: string };

/** What a page or a worker found, by backend. */
export interface Report {
  environment: unknown;
  conformance: Record<string, Record<string, CaseOutcome>>;
  life: Record<string, Story>;
}
