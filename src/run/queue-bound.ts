/** Most bytes that wait. One larger thing still may, alone. */
export const MAX_QUEUED_BYTES: number = 64 * 1024 * 1024;
/** What something that waits takes beside its content, in bytes. */
export const OVERHEAD_BYTES = 1024;
