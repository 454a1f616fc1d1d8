import { nanosecondsOf } from "./timing.ts";

/** How one contender answers a question about a key. */
export interface Reader<T> {
  readonly read: (key: string) => Promise<T> | T;
  /** Looks at what was read, untimed; gives how many points of a key there are. Throws when it is wrong. */
  readonly check: (result: T, key: string) => number;
}

/** One contender's readings. */
export interface Readings {
  /** ns of each round. */
  readonly took: number[];
  /** The round before the first one. */
  readonly cold: number;
  /** The most that a key had: where the least and the greatest of a stretch are one point, a sample has fewer. */
  readonly points: number;
}

/** Makes a reader whose type of result nobody else has to know. */
export function reader<T>(read: Reader<T>["read"], check: Reader<T>["check"]): Reader<unknown> {
  return { read, check: (result, key) => check(result as T, key) };
}

/** Lets contenders answer in turns, another key each round. */
export async function readInRounds<Name extends string>(
  readers: Record<Name, Reader<unknown>>,
  keys: readonly string[],
  rounds: number,
): Promise<Record<Name, Readings>> {
  const names = Object.keys(readers) as Name[];
  const readings: Partial<Record<Name, { -readonly [K in keyof Readings]: Readings[K] }>> = {};
  for (let round = 0; round <= rounds; round++) {
    const key = keys[round % keys.length]!;
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!;
      let result: unknown;
      const took = await nanosecondsOf(async () => {
        result = await readers[name].read(key);
      });
      const points = readers[name].check(result, key);
      const before = readings[name];
      if (before === undefined) readings[name] = { took: [], cold: took, points };
      else {
        before.took.push(took);
        before.points = Math.max(before.points, points);
      }
    }
  }
  return readings as Record<Name, Readings>;
}
