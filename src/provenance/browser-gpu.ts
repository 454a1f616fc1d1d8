import type { Dictionary } from "../journal/event.ts";
import { setOwn } from "../bytes/dictionary.ts";

/** What of a browser is used to find out about its graphics processor. */
export interface GpuHost {
  readonly navigator?: {
    readonly gpu?: {
      requestAdapter?(): Promise<{ readonly info?: object; requestAdapterInfo?(): Promise<object> } | null>;
    };
  };
  readonly OffscreenCanvas?: new (width: number, height: number) => Canvas;
  readonly document?: { createElement(name: "canvas"): Canvas };
}

interface Canvas {
  getContext(kind: "webgl2" | "webgl"): WebGl | null;
}

/** A context of WebGL, as far as it is used. */
interface WebGl {
  readonly VENDOR: number;
  readonly RENDERER: number;
  getExtension(name: string): { loseContext?(): void } | null;
  getParameter(name: number): unknown;
}

/** Names of the parameters of `WEBGL_debug_renderer_info`. */
const UNMASKED = { vendor: 0x9245, renderer: 0x9246 };
const MAX_TEXT = 200;
/** How long a browser may take to answer, in ms. */
const WAIT_MS = 1000;

/**
 * Returns what a browser says of its graphics processor by WebGPU and WebGL, or `undefined` if it says nothing. Takes
 * about a second at most. Never rejects.
 */
export async function describeGpu(host: GpuHost = globalThis as GpuHost): Promise<Dictionary | undefined> {
  const webgpu = await withinTime(adapterOf(host).catch(() => undefined));
  const webgl = rendererOf(host);
  return webgpu || webgl ? { ...(webgpu && { webgpu }), ...(webgl && { webgl }) } : undefined;
}

async function adapterOf({ navigator }: GpuHost): Promise<Dictionary | undefined> {
  const adapter = await navigator?.gpu?.requestAdapter?.();
  if (!adapter) return undefined;
  const info = (adapter.info ?? (await adapter.requestAdapterInfo?.()) ?? {}) as Dictionary;
  return textsOf(["vendor", "architecture", "device", "description"].map((name) => [name, info[name]]));
}

function rendererOf({ OffscreenCanvas, document }: GpuHost): Dictionary | undefined {
  try {
    const canvas = OffscreenCanvas ? new OffscreenCanvas(1, 1) : document?.createElement("canvas");
    const context = canvas?.getContext("webgl2") ?? canvas?.getContext("webgl");
    if (!context) return undefined;
    const names = context.getExtension("WEBGL_debug_renderer_info")
      ? UNMASKED
      : { vendor: context.VENDOR, renderer: context.RENDERER };
    const found = textsOf(Object.entries(names).map(([name, parameter]) => [name, context.getParameter(parameter)]));
    // A browser allows only a few contexts.
    context.getExtension("WEBGL_lose_context")?.loseContext?.();
    return found;
  } catch {
    return undefined;
  }
}

/** Returns the texts that are not empty, or `undefined` if there are none. */
function textsOf(entries: readonly (readonly [name: string, value: unknown])[]): Dictionary | undefined {
  const texts: Dictionary = {};
  for (const [name, value] of entries)
    if (typeof value === "string" && value !== "") setOwn(texts, name, value.slice(0, MAX_TEXT));
  return Object.keys(texts).length > 0 ? texts : undefined;
}

function withinTime<T>(work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), WAIT_MS);
    void work.then((found) => {
      clearTimeout(timer);
      resolve(found);
    });
  });
}
