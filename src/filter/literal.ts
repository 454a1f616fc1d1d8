/** No part of these expressions can match a text in two ways, so the time is linear. */
const NUMBER = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const DURATION = /(\d+(?:\.\d+)?)(ms|[smhd])/y;
const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d))?)?$/i;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Returns the number of a literal, or `undefined`. NaN has no literal. */
export function parseNumber(text: string): number | undefined {
  if (text === "Infinity" || text === "-Infinity" || NUMBER.test(text)) return Number(text);
  return undefined;
}

/**
 * Returns the integer of many digits. Returns `undefined` for any other text, and for so few digits that a number can
 * hold the integer.
 */
export function parseInteger(text: string): bigint | undefined {
  return /^-?\d{16,1000}$/.test(text) ? BigInt(text) : undefined;
}

/** Returns a duration (`2h30m`, `1.5h`, `90s`, `250ms`, `3d`) in ms, or `undefined`. */
export function parseDuration(text: string): number | undefined {
  let ms = 0;
  let at = 0;
  do {
    DURATION.lastIndex = at;
    const [part, count, unit] = DURATION.exec(text) ?? [];
    if (part === undefined) return undefined;
    ms += Number(count) * (UNITS[unit as string] as number);
    at += part.length;
  } while (at < text.length);
  return ms;
}

/**
 * Returns an ISO date, with or without a time and a zone, in ms since the epoch, or `undefined`. Without a zone, the
 * date is in UTC.
 */
export function parseDate(text: string): number | undefined {
  const parts = text.length <= 40 ? DATE.exec(text) : null;
  if (parts === null) return undefined;
  const [year, month, day, hours, minutes, seconds] = [1, 2, 3, 4, 5, 6].map((i) => Number(parts[i] ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [zoneHours, zoneMinutes] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
  if (hours > 23 || minutes > 59 || seconds > 59 || zoneHours > 23 || zoneMinutes > 59) return undefined;
  const date = new Date(0);
  // Not `Date.UTC`, which reads the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const fraction = (parts[7] ?? "").padEnd(3, "0");
  const zone = (zoneHours * 60 + zoneMinutes) * (parts[8] === "-" ? -60_000 : 60_000);
  const time = ((hours * 60 + minutes) * 60 + seconds) * 1000 + Number(`${fraction.slice(0, 3)}.${fraction.slice(3)}`);
  return date.getTime() + time - zone;
}
