import type * as Crypto from "node:crypto";
import type * as Os from "node:os";

// Loaded when something is written. Programs that only read do not need them, and `node:crypto` takes longer to load
// than this backend.
export const crypto = (): typeof Crypto => process.getBuiltinModule("node:crypto");
export const os = (): typeof Os => process.getBuiltinModule("node:os");
