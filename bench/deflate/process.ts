import { readFile } from "node:fs/promises";
import { compress, type Contender, finish } from "./measure.ts";

// One measurement in a process of its own. Arguments: a packed file, and a compressor or "finish".

const [file, what] = process.argv.slice(2) as [string, string];
const packed = Uint8Array.from(await readFile(file));
console.log(
  JSON.stringify((what === "finish" ? await finish(packed) : await compress(what as Contender, packed)) ?? null),
);
