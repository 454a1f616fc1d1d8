import type * as Crypto from "node:crypto";
import type * as Os from "node:os";

// Loaded when something is written: programs that only read have no use for them, and the first takes longer to load than all of this backend.
export const crypto = (): typeof Crypto => process.getBuiltinModule("node:crypto");
export const os = (): typeof Os => process.getBuiltinModule("node:os");
