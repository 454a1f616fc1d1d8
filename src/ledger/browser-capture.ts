import { builtinModule } from "../platform/builtin-module.ts";
import { ledgerErrorOf } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { GpuHost } from "../provenance/browser-gpu.ts";
import type { RunCapture } from "../run/run-capture.ts";

const describing = /* @__PURE__ */ onDemand(() => import("../provenance/browser-gpu.ts"));

/** Returns a capture of what a browser says only after a while, or `undefined` if this is no browser with graphics. */
export function browserCapture(): RunCapture | undefined {
  const { navigator, OffscreenCanvas, document } = globalThis as GpuHost;
  const hasGraphics = navigator?.gpu !== undefined || OffscreenCanvas !== undefined || document !== undefined;
  return hasGraphics && builtinModule("node:os") === undefined ? gpuCapture : undefined;
}

/** Adds the graphics processor to the environment of runs that begin, in the background. */
const gpuCapture: RunCapture = {
  begin: (session) => {
    let isStopped = !session.wantsEnvironment;
    const record = async (): Promise<void> => {
      const gpu = isStopped ? undefined : await (await describing()).describeGpu();
      if (gpu && !isStopped) session.event({ kind: "environment", set: { gpu } });
    };
    const recorded = record().catch((error: unknown) =>
      session.report(ledgerErrorOf(error, "the environment cannot be recorded")),
    );
    return { end: () => recorded, stop: () => void (isStopped = true) };
  },
};
