import type { Dictionary } from "../../journal/event.ts";
import { redactArguments } from "./arguments.ts";
import { scrub } from "./scrub.ts";
import { isSecretName } from "./secret-name.ts";
import { REDACTED } from "./token-shapes.ts";

/** Lists of this name are command lines. */
const ARGUMENTS = /^(?:exec_?)?arg(?:s|v|uments)$|^command(?:_?line)?$/i;

/** A copy of data about a program without secrets: values of secret names, command lines, and all text that looks like a secret. */
export function redactData(data: Dictionary): Dictionary {
  return redactObject(data);
}

function redactObject(data: Dictionary): Dictionary {
  const copy: Dictionary = {};
  for (const key of Object.keys(data)) {
    // Not by assignment, which for `__proto__` would do something else.
    Object.defineProperty(copy, key, {
      value: redactMember(key, data[key]),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return copy;
}

function redactMember(key: string, value: unknown): unknown {
  const isGiven = value !== null && value !== "" && typeof value !== "boolean";
  if (isGiven && isSecretName(key)) return REDACTED;
  if (Array.isArray(value) && ARGUMENTS.test(key) && value.every((item) => typeof item === "string"))
    return redactArguments(value);
  return redactValue(value);
}

function redactValue(value: unknown): unknown {
  if (typeof value === "string") return scrub(value);
  if (Array.isArray(value)) return value.map(redactValue);
  return typeof value === "object" && value !== null ? redactObject(value as Dictionary) : value;
}
