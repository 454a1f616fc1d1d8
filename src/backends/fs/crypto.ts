import type * as Crypto from "node:crypto";

/** Loaded when something is written: whoever only reads has no use for it, and it takes longer to load than all of this backend. */
export const crypto = (): typeof Crypto => process.getBuiltinModule("node:crypto");
