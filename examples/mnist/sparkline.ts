const BARS = [..."▁▂▃▄▅▆▇█"];

/** Returns a character for each value, from the least of all runs (`low`) to the greatest (`high`). */
export function sparkline(values: Iterable<number>, low: number, high: number): string {
  const bar = (value: number): string => {
    if (!Number.isFinite(value)) return "·";
    const share = high > low ? (value - low) / (high - low) : 1;
    return BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))] as string;
  };
  return Array.from(values, bar).join("");
}
