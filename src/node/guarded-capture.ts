import type { CapturedSession, Capturing, RunCapture } from "../run/run-capture.ts";
import { ProcessGuard } from "./process-guard.ts";

/** Begins one kind of capture with a session. Returns `undefined` if the session wants none. Never throws. */
export type CaptureKind = (session: CapturedSession) => Capturing | undefined;

/** How long closing a run may delay the end of the process, in ms. */
const GUARD_TIMEOUT_MS = 10_000;

/**
 * Returns a capture that guards each run if `guards` is set, and captures what the kinds capture. While sessions of other
 * processes seem to continue a run, the guard leaves it open for them.
 */
export function guardedCapture(kinds: readonly CaptureKind[], guards: boolean): RunCapture {
  return {
    begin: (session) => {
      const { run, atEnd } = session;
      if (guards) ProcessGuard.get().add(run, GUARD_TIMEOUT_MS, { leavesSignals: true, closer: atEnd });
      const begun = kinds.flatMap((begin) => begin(session) ?? []);
      const flushing = begun.filter(({ flush }) => flush !== undefined);
      return {
        ...(flushing.length > 0 && {
          flush: async () => void (await Promise.all(flushing.map((each) => each.flush?.()))),
        }),
        end: async () => void (await Promise.all(begun.map((each) => each.end()))),
        stop: () => {
          for (const each of begun) each.stop();
        },
      };
    },
  };
}
