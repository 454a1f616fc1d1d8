import type { OpenArtifact } from "../artifacts/open.ts";
import type { ArtifactRef } from "../artifacts/version.ts";
import type { CallOptions } from "../backend/backend.ts";
import type { ArtifactDiff } from "../compare/artifact-diff.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { OpenRun, RunContext } from "../run/run-context.ts";
import { LedgerCare } from "./ledger-care.ts";

const diffing = /* @__PURE__ */ onDemand(() => import("./diff-artifacts.ts"));

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
    const { diffArtifacts } = await diffing();
    return await diffArtifacts(this.#context, a, b, options);
  }
}
