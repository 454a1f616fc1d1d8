import { afterEach, beforeEach } from "vitest";

/** Makes each test of the file fail in which a rejection is not handled. */
export function failOnUnhandledRejections(): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => {
    unhandled.length = 0;
    process.on("unhandledRejection", note);
  });
  afterEach(async () => {
    // Node reports them after the microtasks.
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    if (unhandled.length > 0) throw new Error("a rejection was not handled", { cause: unhandled[0] });
  });
}
