import type { S3BackendOptions } from "runledger/backends/s3";
import type { CaseResult } from "runledger/conformance";
import type { Story } from "./life.ts";
import type { Published } from "./published.ts";
import type { Quickstart } from "./quickstart.ts";

/** What a platform is to do. Without `s3` the backend for buckets is left out. */
export interface Job {
  /** The URL of a ledger on a host of static files. */
  readonly published: string;
  readonly s3?: S3BackendOptions;
}

/** What a browser is to do: in its page and in a worker, with these storages. */
export interface BrowserJob extends Job {
  readonly storages: Readonly<Record<"page" | "worker", readonly string[]>>;
}

export type CaseOutcome = CaseResult | { readonly status: "failed"; readonly message: string };

/** What a page or a worker found, by backend. */
export interface Report {
  environment: unknown;
  quickstart?: Quickstart;
  published?: Published;
  conformance: Record<string, Record<string, CaseOutcome>>;
  life: Record<string, Story>;
}
