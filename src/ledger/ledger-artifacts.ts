import type { OpenArtifact } from "../artifacts/open.ts";
import type { ArtifactRef, ArtifactVersion } from "../artifacts/version.ts";
import type { CallOptions } from "../backend/backend.ts";
import type { ArtifactDiff } from "../compare/artifact-diff.ts";
import type { ArtifactQuery } from "../filter/artifact-query.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { OpenRun, RunContext } from "../run/run-context.ts";
import { LedgerCare } from "./ledger-care.ts";

const finding = /* @__PURE__ */ onDemand(() => import("./finding.ts"));

/** The calls of a ledger that find and compare artifacts. */
export class LedgerArtifacts extends LedgerCare {
  readonly #context: RunContext;

  /** @internal Use `openLedger`. */
  constructor(context: RunContext, openRuns: ReadonlySet<OpenRun>) {
    super(context, openRuns);
    this.#context = context;
  }

  /**
   * Returns which files `b` has added, removed, changed and kept, compared with `a`. Each is a reference, or an opened
   * version. Reads the manifests alone, and no file. Rejects with `ARTIFACT_NOT_FOUND`.
   */
  async diffArtifacts(
    a: ArtifactRef | OpenArtifact,
    b: ArtifactRef | OpenArtifact,
    options?: CallOptions,
  ): Promise<ArtifactDiff> {
    return await (await finding()).diffArtifacts(this.#context, a, b, options);
  }

  /**
   * Returns a page of versions of artifacts, the newest first. Leaves out versions whose manifests cannot be read, and
   * tells `onError` of them. With `name` and without `orderBy`, it reads manifests until the page is full; otherwise it
   * reads the manifests of all versions that `name` admits. Rejects with `INVALID_ARGUMENT`, with the position in the
   * filter or the order.
   */
  async searchArtifacts(query?: ArtifactQuery): Promise<{
    /** The versions, in the order of the query. */
    readonly versions: ArtifactVersion[];
    /** The `pageToken` of the next page. Absent on the last page. */
    readonly nextPageToken?: string;
  }> {
    return await (await finding()).searchArtifacts(this.#context, query);
  }
}
