// The enumerations of parquet.thrift, as far as the library writes or reads them.

export const TYPE = { boolean: 0, int64: 2, double: 5, byteArray: 6 } as const;

export const REPETITION = { required: 0, optional: 1 } as const;

export const CONVERTED = { utf8: 0, timestampMillis: 9 } as const;

export const ENCODING = {
  plain: 0,
  plainDictionary: 2,
  rle: 3,
  delta: 5,
  dictionary: 8,
  byteStreamSplit: 9,
} as const;

export const CODEC = { none: 0, gzip: 2 } as const;

export const PAGE = { data: 0, dictionary: 2, dataV2: 3 } as const;

/** "PAR1": the first and the last four bytes of a file. */
export const MAGIC = 0x31524150;
