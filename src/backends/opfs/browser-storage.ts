/**
 * Where a ledger is kept in a browser.
 *
 * - `"opfs-sync"`: the site's own file system, written by a dedicated worker.
 * - `"opfs-async"`: the same files, written by the thread that calls. Objects cannot be appended to.
 * - `"indexeddb"`: a database.
 * - `"memory"`: nothing survives a reload.
 */
export type BrowserStorage = "opfs-sync" | "opfs-async" | "indexeddb" | "memory";

/** All of them, in the order of preference. */
export const STORAGES: readonly BrowserStorage[] = ["opfs-sync", "opfs-async", "indexeddb", "memory"];
