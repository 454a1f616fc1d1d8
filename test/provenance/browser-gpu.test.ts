import { memoryBackend } from "runledger/backends/memory";
import { openLedger } from "runledger";
import { afterEach, expect, test, vi } from "vitest";
import { describeGpu, type GpuHost } from "../../src/provenance/browser-gpu.ts";

const INFO = { vendor: "nvidia", architecture: "ampere", device: "", description: "RTX", more: 5 };
const found = { vendor: "nvidia", architecture: "ampere", description: "RTX" };

function withAdapter(requestAdapter: () => Promise<unknown>): GpuHost {
  return { navigator: { gpu: { requestAdapter } } } as GpuHost;
}

/** A browser whose WebGL answers these parameters. */
function withWebGl(
  parameters: { readonly [name: number]: unknown },
  extensions: readonly string[],
  lost: string[] = [],
): GpuHost {
  const context = {
    VENDOR: 1,
    RENDERER: 2,
    getExtension: (name: string) => (extensions.includes(name) ? { loseContext: () => void lost.push(name) } : null),
    getParameter: (name: number) => parameters[name],
  };
  return {
    OffscreenCanvas: class {
      getContext = (kind: string) => (kind === "webgl" ? context : null);
    },
  } as unknown as GpuHost;
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("WebGPU names the adapter, also in older browsers", async () => {
  expect(await describeGpu(withAdapter(async () => ({ info: INFO })))).toEqual({ webgpu: found });
  expect(await describeGpu(withAdapter(async () => ({ requestAdapterInfo: async () => INFO })))).toEqual({
    webgpu: found,
  });
});

test("WebGL names the renderer behind its mask, and gives the context back", async () => {
  const lost: string[] = [];
  const parameters = { 0x9245: "Google Inc.", 0x9246: "ANGLE (SwiftShader)", 1: "WebKit", 2: "WebKit WebGL" };
  const unmasked = withWebGl(parameters, ["WEBGL_debug_renderer_info", "WEBGL_lose_context"], lost);
  expect(await describeGpu(unmasked)).toEqual({ webgl: { vendor: "Google Inc.", renderer: "ANGLE (SwiftShader)" } });
  expect(lost).toEqual(["WEBGL_lose_context"]);
  expect(await describeGpu(withWebGl(parameters, []))).toEqual({
    webgl: { vendor: "WebKit", renderer: "WebKit WebGL" },
  });
  const long = await describeGpu(withWebGl({ 1: "x".repeat(1000), 2: 5 }, []));
  expect(long).toEqual({ webgl: { vendor: "x".repeat(200) } });
});

test.each([
  ["no graphics", {}],
  ["no adapter", withAdapter(async () => null)],
  ["a failure", withAdapter(() => Promise.reject(new Error("no")))],
  [
    "a throw",
    withAdapter(() => {
      throw new Error("no");
    }),
  ],
  ["nothing in the adapter", withAdapter(async () => ({}))],
  [
    "a canvas that throws",
    {
      OffscreenCanvas: (): never => {
        throw new Error("no");
      },
    } as unknown as GpuHost,
  ],
  ["a canvas without WebGL", { document: { createElement: () => ({ getContext: () => null }) } }],
] as const)("a browser with %s says nothing", async (_, host) => {
  expect(await describeGpu(host as GpuHost)).toBeUndefined();
});

test("a browser that does not answer is not waited for", async () => {
  vi.useFakeTimers();
  const describing = describeGpu(withAdapter(() => new Promise(() => {})));
  await vi.advanceTimersByTimeAsync(1000);
  expect(await describing).toBeUndefined();
});

test("runs in a browser record it in the background; those with an environment of their own do not", async () => {
  vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never);
  const requestAdapter = vi.fn<() => Promise<object>>(async () => ({ info: INFO }));
  vi.stubGlobal("navigator", { userAgent: "A browser", gpu: { requestAdapter } });
  const ledger = await openLedger(memoryBackend());
  const run = await ledger.startRun();
  await run.finish();
  expect((await ledger.getRun(run.id)).environment).toMatchObject({
    runtime: { name: "web", version: "A browser" },
    gpu: { webgpu: found },
  });
  for (const environment of [false, { own: 1 }]) {
    const other = await ledger.startRun({ environment });
    await other.finish();
    expect((await ledger.getRun(other.id)).environment).toEqual(environment === false ? undefined : environment);
  }
  expect(requestAdapter).toHaveBeenCalledTimes(1);
});
