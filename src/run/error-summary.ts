import { isError } from "../backend/any-realm.ts";
import type { ErrorSummary } from "../journal/event.ts";
import { describeType } from "../backend/error.ts";

/** What a record keeps of something thrown: name, message and stack, each cut at a sensible length. */
export function summariseError(error: unknown): ErrorSummary {
  if (!isError(error)) {
    let message = "";
    try {
      message = String(error);
    } catch {
      // An object may refuse to become text.
    }
    return { name: describeType(error), message: clip(message, 10_000) };
  }
  const { name, message, stack } = error;
  return {
    name: clip(String(name), 200),
    message: clip(String(message), 10_000),
    ...(typeof stack === "string" && { stack: clip(stack, 20_000) }),
  };
}

function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
