import { isError } from "../platform/any-realm.ts";
import { describeType } from "../errors/ledger-error.ts";
import type { ErrorSummary } from "../journal/event.ts";
import { causesOf } from "./error-causes.ts";
import { scrub } from "../provenance/redaction/scrub.ts";

const MAX_NAME_LENGTH = 200;
const MAX_MESSAGE_LENGTH = 10_000;
const MAX_STACK_LENGTH = 20_000;

/**
 * Returns what a record keeps of a thrown value: name, message, and stack with causes. Each is cut at a sensible
 * length. Parts that look like secrets are replaced, because errors of networks and databases repeat addresses and
 * headers.
 */
export function summariseError(error: unknown): ErrorSummary {
  if (!isError(error))
    return {
      name: read(() => describeType(error)),
      message: cut(
        read(() => error),
        MAX_MESSAGE_LENGTH,
      ),
    };
  const name = cut(
    read(() => error.name),
    MAX_NAME_LENGTH,
  );
  const message = cut(
    read(() => error.message),
    MAX_MESSAGE_LENGTH,
  );
  const stack = cut(
    read(() => (typeof error.stack === "string" ? error.stack : "")),
    MAX_STACK_LENGTH,
  );
  const causes = cut(causesOf(error), MAX_STACK_LENGTH);
  const trace = [stack, causes].filter((text) => text !== "").join("\n");
  return { name, message, ...(trace !== "" && { stack: trace }) };
}

/**
 * Returns a value as text, or "" if it cannot be read: properties of an error may throw, and an object may have no
 * text.
 */
function read(get: () => unknown): string {
  try {
    return String(get());
  } catch {
    return "";
  }
}

function cut(text: string, length: number): string {
  // The scrubber must see a secret at the cut as a whole. No pattern matches more than a few thousand characters.
  const scrubbed = scrub(text.slice(0, 2 * length + 10_000));
  return scrubbed.length > length ? `${scrubbed.slice(0, length)}…` : scrubbed;
}
