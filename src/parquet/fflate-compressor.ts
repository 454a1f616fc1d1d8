import { deflateSync } from "fflate";
import { gzipMember } from "../bytes/gzip-member.ts";
import type { Compressor } from "./column-chunk-write.ts";

/** For texts and for plain numbers, where repetitions are what there is to find. */
export const generalCompressor: Compressor = {
  compress: ({ bytes }) => gzipMember(bytes, deflateSync(bytes, { level: 6 })),
  reset: () => {},
};
