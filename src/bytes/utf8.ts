import { builtinModule } from "../platform/builtin-module.ts";
import { LedgerError } from "../errors/ledger-error.ts";

type Coders = Pick<typeof globalThis, "TextEncoder" | "TextDecoder">;

/** Makes an encoder of UTF-8. Throws `UNSUPPORTED` if the environment has no `TextEncoder`. */
export function utf8Encoder(): TextEncoder {
  return new (coder("TextEncoder"))();
}

/**
 * Makes a decoder of UTF-8 that keeps a byte order mark: texts are as they were written. Throws `UNSUPPORTED` if the
 * environment has no `TextDecoder`.
 */
export function utf8Decoder(options?: Pick<TextDecoderOptions, "fatal">): TextDecoder {
  return new (coder("TextDecoder"))("utf-8", { ...options, ignoreBOM: true });
}

/** Returns the class. In jsdom under Jest the global is missing, but the process has the class. */
function coder<Name extends keyof Coders>(name: Name): Coders[Name] {
  const found = (globalThis as Partial<Coders>)[name] ?? builtinModule<Coders>("node:util")?.[name];
  if (found !== undefined) return found;
  throw new LedgerError(
    "UNSUPPORTED",
    `runledger needs a ${name}: set globalThis.${name} before the import, for example to that of node:util`,
  );
}
