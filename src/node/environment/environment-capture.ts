import { LedgerError, ledgerErrorOf } from "../../errors/ledger-error.ts";
import { systemClock } from "../../platform/clock.ts";
import { onDemand } from "../../platform/on-demand.ts";
import type { CaptureKind } from "../guarded-capture.ts";
import type { EnvironmentOptions } from "./environment-options.ts";

const describing = /* @__PURE__ */ onDemand(() => import("./describe-environment.ts"));

/** How long the end of a run waits for the environment, in ms. */
const WAIT_MS = 3000;

/**
 * Records the environment of runs that begin, in the background. What TensorFlow.js says is recorded once more at the
 * end if it has changed: programs often choose its backend after the run has begun.
 */
export function environmentCapture(options: EnvironmentOptions): CaptureKind {
  return (session) => {
    if (!session.wantsEnvironment) return undefined;
    let isStopped = false;
    let tensorFlow: string | undefined;
    const record = async (): Promise<void> => {
      const { describeEnvironment } = await describing();
      const set = await describeEnvironment(options);
      tensorFlow = JSON.stringify(set["tfjs"]);
      if (!isStopped) session.event({ kind: "environment", set });
    };
    const recordLast = async (): Promise<void> => {
      const { describeTensorFlow } = await describing();
      const tfjs = describeTensorFlow();
      if (isStopped || tfjs === undefined || JSON.stringify(tfjs) === tensorFlow) return;
      tensorFlow = JSON.stringify(tfjs);
      session.event({ kind: "environment", set: { tfjs } });
    };
    const tell = (error: unknown): void => session.report(ledgerErrorOf(error, "the environment cannot be recorded"));
    const recorded = record().catch(tell);
    const end = async (): Promise<void> => {
      const waiting = new AbortController();
      const late = systemClock.sleep(WAIT_MS, waiting.signal).then(
        () => true,
        () => false,
      );
      const isLate = await Promise.race([recorded.then(recordLast).catch(tell), late]);
      waiting.abort();
      if (isLate)
        tell(new LedgerError("IO", `the environment was not known within ${WAIT_MS} ms of the end of the run`));
      // Nothing may come after the end of a run.
      isStopped = true;
    };
    let ended: Promise<void> | undefined;
    return { end: () => (ended ??= end()), stop: () => void (isStopped = true) };
  };
}
