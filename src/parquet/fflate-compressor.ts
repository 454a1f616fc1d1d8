import { deflateSync } from "fflate";
import { gzipMember } from "../bytes/gzip-member.ts";
import type { Compressor } from "./column-chunk-write.ts";

/** Compresses with fflate. Suits texts and PLAIN numbers, in which long repetitions are what saves space. */
export const generalCompressor: Compressor = {
  compress: ({ bytes }) => gzipMember(bytes, deflateSync(bytes, { level: 6 })),
  reset: () => {},
};
