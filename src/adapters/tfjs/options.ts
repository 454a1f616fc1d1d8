import { LedgerError } from "../../index.ts";

/** Returns a copy of the options. Throws `INVALID_ARGUMENT`, and `UNSUPPORTED` for a name that `names` lacks. */
export function readOptions<T extends object>(
  method: string,
  given: T | undefined,
  names: readonly (keyof T & string)[],
): T {
  let options: T;
  try {
    if (given === undefined) return {} as T;
    if (typeof given !== "object" || given === null || Array.isArray(given))
      throw new LedgerError("INVALID_ARGUMENT", `${method}: options must be an object`, { field: "options" });
    options = { ...given };
  } catch (cause) {
    if (LedgerError.is(cause)) throw cause;
    throw new LedgerError("INVALID_ARGUMENT", `${method}: options cannot be read`, { field: "options", cause });
  }
  for (const name of Object.keys(options)) {
    if ((names as readonly string[]).includes(name)) continue;
    const shown = name.slice(0, 100);
    const message = `${method} does not know the option ${JSON.stringify(shown)}, only ${names.join(", ")}`;
    throw new LedgerError("UNSUPPORTED", message, { field: shown });
  }
  return options;
}

/** Throws `INVALID_ARGUMENT` that names the option, unless the option is left out or fits. */
export function checkOption(name: string, value: unknown, fits: boolean, wanted: string): void {
  if (value === undefined || fits) return;
  const received = value === null ? "null" : typeof value;
  throw new LedgerError("INVALID_ARGUMENT", `${name} must be ${wanted}`, { field: name, received });
}

/** Returns whether the value is a whole number from `least` on. */
export function isWhole(value: unknown, least: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least;
}

/** Does some work with an argument. Throws `INVALID_ARGUMENT` that names it if the argument throws: a getter, a proxy. */
export function reading<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (LedgerError.is(cause)) throw cause;
    const message = String((cause as Partial<Error> | null)?.message ?? cause);
    throw new LedgerError("INVALID_ARGUMENT", `${field} cannot be read: ${message}`, { field, cause });
  }
}
