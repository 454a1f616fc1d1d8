import { ledgerErrorOf } from "../../errors/ledger-error.ts";
import { onDemand } from "../../platform/on-demand.ts";
import type { Timer } from "../../platform/clock.ts";
import { CONSOLE_KEY } from "../../journal/console-lines.ts";
import type { CaptureKind } from "../guarded-capture.ts";
import { ConsoleBuffer } from "./console-buffer.ts";
import { listen } from "./console-tap.ts";

const encoding = /* @__PURE__ */ onDemand(() => import("./encode-lines.ts"));

/** Options of what runs keep of the console. */
export interface ConsoleOptions {
  /**
   * How many characters a session stores while it is open. Default 4 Mi. Of what comes later, only the last 256 Ki are
   * stored, at the end.
   */
  readonly maxBytes?: number | undefined;
}

const MAX_BYTES: number = 4 * 1024 * 1024;
/** How long lines wait before they are stored, in ms: if records can be appended, and if each write is an object. */
const WAIT_MS = { appended: 1000, object: 30_000 };
/** So many characters are stored without waiting longer. */
const FULL: number = 64 * 1024;

/** Keeps what the process writes to stdout and stderr while a run is open. */
export function consoleCapture({ maxBytes = MAX_BYTES }: ConsoleOptions): CaptureKind {
  return (session) => {
    const { clock, appends } = session;
    const buffer = new ConsoleBuffer(clock, maxBytes);
    let timer: Timer | undefined;
    let isSoon = false;
    let isStopped = false;
    const tell = (error: unknown): void => session.report(ledgerErrorOf(error, "the console cannot be recorded"));
    const store = async (isLast = false): Promise<void> => {
      timer?.cancel();
      timer = undefined;
      isSoon = false;
      const { encodeLines } = await encoding();
      const lines = isLast ? buffer.takeLast() : buffer.take();
      if (lines.length > 0 && !isStopped) session.text(CONSOLE_KEY, encodeLines(lines));
    };
    const arm = (wait: number): void => {
      timer?.cancel();
      timer = clock.timer(wait, () => void store().catch(tell));
    };
    let end: () => void;
    try {
      end = listen((stream, text) => {
        buffer.add(stream, text);
        if (buffer.waiting === 0 || isSoon) return;
        if (buffer.waiting >= FULL) isSoon = true;
        if (isSoon || timer === undefined) arm(isSoon ? 0 : appends ? WAIT_MS.appended : WAIT_MS.object);
      });
    } catch (error) {
      tell(error); // The streams are frozen.
      return undefined;
    }
    let ended: Promise<void> | undefined;
    return {
      flush: async () => {
        if (buffer.waiting > 0) await store();
      },
      end: () => {
        end();
        return (ended ??= store(true).catch(tell));
      },
      stop: () => {
        isStopped = true;
        end();
        timer?.cancel();
      },
    };
  };
}
