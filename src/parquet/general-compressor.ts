import { deflateSync } from "fflate";
import { gzipOf } from "./gzip.ts";
import type { Compressor } from "./page.ts";

/** For texts and for plain numbers, where repetitions are what there is to find. */
export const generalCompressor: Compressor = {
  compress: ({ bytes }) => gzipOf(bytes, deflateSync(bytes, { level: 6 })),
  reset: () => {},
};
