import * as z from "zod/mini";
import type { Dictionary } from "./event.ts";

/** True for data with keys; arrays are none. */
export function isDictionary(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDictionaryOf(check: (item: unknown) => boolean): (value: unknown) => boolean {
  return (value) => isDictionary(value) && Object.values(value).every(check);
}

// z.record would drop a key named `__proto__`.
export const dictionary: z.ZodMiniType<Dictionary> = /* @__PURE__ */ z.custom<Dictionary>(isDictionary);
export const strings: z.ZodMiniType<Dictionary<string>> = /* @__PURE__ */ z.custom<Dictionary<string>>(
  /* @__PURE__ */ isDictionaryOf((item) => typeof item === "string"),
);
export const counts: z.ZodMiniType<Dictionary<number>> = /* @__PURE__ */ z.custom<Dictionary<number>>(
  /* @__PURE__ */ isDictionaryOf((item) => Number.isSafeInteger(item)),
);
export const integer: z.ZodMiniType<number> = /* @__PURE__ */ z.custom<number>((value) => Number.isSafeInteger(value));
