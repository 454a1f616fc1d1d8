/** The greatest number of bytes that may wait to be stored. One larger value may wait alone. */
export const MAX_QUEUED_BYTES: number = 64 * 1024 * 1024;
/** The bytes that a waiting value takes besides its content. */
export const OVERHEAD_BYTES = 1024;
