/** The server has no such object, or does not say. Never leaves this folder. */
export class Missing extends Error {
  /** The status: 404, 410, or 403, with which public buckets answer for what they do not have. */
  readonly status: number;

  constructor(status: number) {
    super(`status ${status}`);
    this.status = status;
  }
}
