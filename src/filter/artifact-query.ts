/** Which versions of artifacts to return, and in which order. */
export interface ArtifactQuery {
  /** Only versions of the artifact of this name. Default: of all artifacts. */
  readonly name?: string | undefined;
  /** Only versions of this type. Default: of any, or of none. */
  readonly type?: string | undefined;
  /**
   * Only versions that match, such as `metadata.accuracy > 0.9 AND alias = "best"`. Fields are `name`, `version` (its
   * number), `type`, `size` (bytes), `created_at`, `run_id`, `alias`, `description` and `metadata.<key>`. The language is
   * that of `searchRuns`. Default: all.
   */
  readonly filter?: string | undefined;
  /** Keys such as `metadata.accuracy DESC` or `size`, the most important first. Default, and for ties: the newest first. */
  readonly orderBy?: string | readonly string[] | undefined;
  /** The greatest number of versions in a page, 1 to 10,000. Default 100. */
  readonly limit?: number | undefined;
  /** `nextPageToken` of the page before. It is valid for the same name, type, filter and order. */
  readonly pageToken?: string | undefined;
  /** Aborting it rejects the call. */
  readonly signal?: AbortSignal | undefined;
}
