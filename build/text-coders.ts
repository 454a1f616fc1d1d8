import { builtinModule } from "../src/platform/builtin-module.ts";

// What dependencies find under these names in the CommonJS form: jsdom in Jest lacks both, see src/bytes/utf8.ts.
type Coders = Pick<typeof globalThis, "TextEncoder" | "TextDecoder">;
const node = builtinModule<Coders>("node:util");

export const TextEncoder: Coders["TextEncoder"] | undefined =
  (globalThis as Partial<Coders>).TextEncoder ?? node?.TextEncoder;
export const TextDecoder: Coders["TextDecoder"] | undefined =
  (globalThis as Partial<Coders>).TextDecoder ?? node?.TextDecoder;
