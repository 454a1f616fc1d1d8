import type { ArtifactRef } from "../artifacts/version.ts";
import type { CallOptions } from "../backend/backend.ts";
import type { Collected, CollectOptions } from "../care/collect/collect.ts";
import type { Retention, RetentionOptions } from "../care/retention.ts";
import type { Verification } from "../care/verification.ts";
import type { VerifyOptions } from "../care/verify.ts";
import type { Seal, SealOptions } from "../seal/seal.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { OpenRun, RunContext } from "../run/run-context.ts";
import type { RemoveArtifactOptions } from "./removing.ts";

const sealing = /* @__PURE__ */ onDemand(() => import("./seal-run.ts"));
const archiving = /* @__PURE__ */ onDemand(() => import("./archiving.ts"));
const verifying = /* @__PURE__ */ onDemand(() => import("./verifying.ts"));
const removing = /* @__PURE__ */ onDemand(() => import("./removing.ts"));

/** The calls of a ledger that take care of what is stored. */
export class LedgerCare {
  readonly #context: RunContext;
  readonly #openRuns: ReadonlySet<OpenRun>;
  /** @internal Use `openLedger`. */
  constructor(context: RunContext, openRuns: ReadonlySet<OpenRun>) {
    this.#context = context;
    this.#openRuns = openRuns;
  }

  /**
   * Reads a run again with everything that belongs to it, or without `id` the whole ledger, and compares sizes and
   * SHA-256 with what was recorded. Each problem says what is intact and what to do. A bad store never makes it reject:
   * what cannot be read is a problem, too. Memory does not grow with the size of the objects. What several runs share
   * is read once. A run that others write at the same time is verified up to what it has recorded. A sealed run is
   * compared with its seal. Without `id`, the chains of seals show whether a sealed run was removed. Rejects with
   * `RUN_NOT_FOUND` and `INVALID_ARGUMENT`.
   */
  async verify(id?: string, options?: VerifyOptions): Promise<Verification> {
    return await (await verifying()).verifyStored(this.#context, id, options);
  }

  /**
   * Removes a run for good: its points, rich values, code and console. A small object stays, so that no run gets its id
   * again. The versions of artifacts that it logged stay, too. Rejects with `RUN_NOT_FOUND`, and with `CONFLICT` if
   * somebody may still write to the run. If it fails on the way, call it again: until then the run may be deleted, or
   * gone already. A sealed run is refused, too, with `CONFLICT`, unless `force`: `verify` reports it from then on. So is one
   * with journals whose beginning is lost or damaged, with `CORRUPT`: nothing says whether somebody writes to it.
   */
  async purgeRun(id: string, options?: CallOptions & Pick<RemoveArtifactOptions, "force">): Promise<void> {
    await (await removing()).purgeRun(this.#context, id, this.#openRuns, options);
  }

  /**
   * Removes one version of an artifact for good: `name:v3`, `name@sha256:…`, or a version that was read. Its number is
   * never used again, and runs keep their record of it. What other versions share stays. Removing `name:v3` again
   * changes nothing. Rejects with `CONFLICT` if the version has aliases, or if the run that logged it first is sealed,
   * unless `force`; with `ARTIFACT_NOT_FOUND` if nothing has that name; with `INVALID_ARGUMENT` for `name`,
   * `name:latest` and aliases, which may mean another version at the next call. `verify` reports the removed versions of
   * sealed runs.
   */
  async removeArtifact(ref: ArtifactRef, options?: RemoveArtifactOptions): Promise<void> {
    await (await removing()).removeArtifact(this.#context, ref, options);
  }

  /**
   * Removes the versions of artifacts that no criterion keeps, and returns their references. Without `dryRun: false` it
   * only says which. The newest version of a name stays, unless `ttlMs` does not keep it and it has no alias. `keepBest`
   * never removes what nothing judges. A version stays if the run that logged it first is sealed. Rejects with `ARTIFACT_NOT_FOUND` if `artifact` never had a version, and with
   * `INVALID_ARGUMENT` without a criterion, if nothing has a value of `keepBest.metric`, or if the runs do not say
   * whether a low or a high value of it is better.
   */
  async applyRetention(options: RetentionOptions): Promise<Retention> {
    return await (await removing()).retain(this.#context, options);
  }

  /**
   * Seals a closed run: nobody can resume it any more, and `verify` shows each change of anything that belongs to it.
   * With a signer, also one by the owner of the store. Completes a seal whose call was interrupted, and adds the
   * signature of another signer to a seal. Rejects with `CONFLICT` if the run is not closed and its writers may go on, or
   * if another key has signed it under `signer.keyId`; `RUN_CLOSED` if it is deleted, `CORRUPT` if something of it is
   * lost or was changed, `UNSUPPORTED` if the creates of the backend are not exclusive, `RUN_NOT_FOUND` and
   * `INVALID_ARGUMENT`.
   */
  async seal(id: string, options?: SealOptions): Promise<Seal> {
    return await (await sealing()).sealRun(this.#context, id, options);
  }

  /**
   * Returns a run as a zip archive: all objects that belong to it under their keys, the files of the versions that it made
   * among them, and before them a list of their digests. The same run gives the same bytes. What a run refers to (parents,
   * versions that it used) is not in it. The stream reads the objects as it is read, and fails with `CORRUPT` if one is
   * damaged. Rejects with `RUN_NOT_FOUND`, `CORRUPT`, `TOO_LARGE` for more than 200,000 objects, and `INVALID_ARGUMENT`.
   */
  async exportRun(
    id: string,
    options: CallOptions & {
      /** The format of the stream. */
      readonly format: "zip";
    },
  ): Promise<ReadableStream<Uint8Array>> {
    return await (await archiving()).exportRun(this.#context, id, options);
  }

  /**
   * Imports an archive that `exportRun` made, and returns the id of the run. The source may come from anybody: only keys of
   * the format are accepted, nothing is inflated, and nothing shows before all of it was read and compared with its digests.
   * An import that was interrupted is completed by the next one. Rejects with `RUN_EXISTS` if the ledger has the run or
   * another one of its id, `CONFLICT` if a version of another content has the number of one of its versions or the run was
   * purged here, `CORRUPT` for an archive that is cut, damaged or not one, `FORMAT_TOO_NEW` and `INVALID_ARGUMENT`.
   */
  async importRun(
    source: Blob | Uint8Array | ReadableStream<Uint8Array>,
    options?: CallOptions & {
      /** What to do if the ledger has a run with this id: `"error"` (default), or `"skip"`, which leaves it as it is. */
      readonly onConflict?: "error" | "skip" | undefined;
      /** Called after each object. */
      readonly onProgress?:
        | ((progress: {
            /** How many bytes of the archive were read. */
            readonly bytes: number;
          }) => void)
        | undefined;
    },
  ): Promise<string> {
    return await (await archiving()).importRun(this.#context, source, options);
  }

  /**
   * Frees the space of what nothing refers to any more: contents of removed versions and purged runs, and what failed
   * attempts left. Without `dryRun: false` it only says what that is. With it, a call writes down what it finds, and a
   * call that comes at least `graceMs` later removes what is still garbage then. `graceMs: 0` does both at once. Memory
   * grows with the number of blobs. Rejects with `CONFLICT`, and removes nothing, while somebody may write to a run, or
   * while another call removes; with `CORRUPT` if something that refers to others cannot be read; with `UNSUPPORTED` if
   * the creates of the backend are not exclusive.
   */
  async gc(options?: CollectOptions): Promise<Collected> {
    return await (await removing()).collectGarbage(this.#context, this.#openRuns, options);
  }
}
