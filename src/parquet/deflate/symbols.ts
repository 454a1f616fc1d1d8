/** The symbol for the end of a block. Smaller symbols are literals, larger ones are lengths. */
export const END = 256;
export const LITERALS = 286;
export const DISTANCES = 30;
export const SHORTEST = 3;
export const LONGEST = 258;
export const WINDOW = 32_768;

/** The number of extra bits of a length's symbol, at `symbol - 257`. */
export const lengthExtra: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 29 }, (_, i) =>
  i < 8 || i === 28 ? 0 : (i >> 2) - 1,
);

/** The shortest length that a symbol stands for, minus 3, at `symbol - 257`. */
export const lengthBase: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 29 }, (_, i) =>
  i < 8 ? i : i === 28 ? 255 : (4 + (i & 3)) << ((i >> 2) - 1),
);

/** The symbol for a length, at `length - 3`. */
export const lengthSymbols: Uint16Array = /* @__PURE__ */ Uint16Array.from({ length: 256 }, (_, length) => {
  let symbol = 28;
  while (lengthBase[symbol]! > length) symbol--;
  return 257 + symbol;
});

/** Returns the symbol for a distance. */
export function distanceSymbol(distance: number): number {
  if (distance < 3) return distance - 1;
  const high = 31 - Math.clz32(distance - 1);
  return 2 * high + (((distance - 1) >> (high - 1)) & 1);
}

/** Returns the number of extra bits of a distance's symbol. */
export function distanceExtra(symbol: number): number {
  return symbol < 4 ? 0 : (symbol >> 1) - 1;
}
