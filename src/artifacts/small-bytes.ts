/**
 * Up to this many bytes a content is handled in one buffer, and copied at the call of `logArtifact`, so that the caller may change
 * it right after. By itself in this file: who logs an artifact needs it before the artifact store is loaded.
 */
export const SMALL_BYTES: number = 8 * 1024 * 1024;
