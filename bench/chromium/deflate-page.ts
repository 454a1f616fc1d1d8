import { compress, type Contender, finish } from "../deflate/measure.ts";

// One measurement in a page, as `deflate.ts` asks.

const calls = {
  async measure(file: string, what: string): Promise<unknown> {
    const packed = new Uint8Array(await (await fetch(file)).arrayBuffer());
    return (what === "finish" ? await finish(packed) : await compress(what as Contender, packed)) ?? null;
  },
};

Object.assign(globalThis, { calls });
