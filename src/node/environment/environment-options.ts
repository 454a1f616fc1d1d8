/** What runs record of their environment, besides what they always record. */
export interface EnvironmentOptions {
  /**
   * Names of further environment variables to record. Values that look like secrets, or have the name of one, are
   * redacted. Default: only those of `CaptureOptions`.
   */
  readonly variables?: readonly string[] | undefined;
  /** Whether to ask `nvidia-smi` for the GPUs. Default `false`. */
  readonly gpu?: boolean | undefined;
}
