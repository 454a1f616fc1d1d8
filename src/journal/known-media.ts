import type { MediaRecord } from "./event.ts";
import { MEDIA_KINDS } from "./media-entry.ts";
import type { PackedPlace } from "./media-pack.ts";
import { isCount, isDictionary, isDigest, isInteger, isWriterId } from "./record-checks.ts";

const isText = (value: unknown): boolean => typeof value === "string";
const isNumber = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);

/** The members of the event of a rich value. */
const MEMBERS: readonly (readonly [name: string, isOptional: boolean, isValid: (value: unknown) => boolean])[] = [
  ["v", false, (value) => value === 1],
  ["order", false, isInteger],
  ["time", false, isNumber],
  ["key", false, isText],
  ["type", false, (value) => (MEDIA_KINDS as readonly unknown[]).includes(value)],
  ["step", false, isInteger],
  ["at", false, isNumber],
  ["n", false, isCount],
  ["size", false, isCount],
  ["mediaType", false, isText],
  ["digest", true, isDigest],
  ["inline", true, isText],
  ["packed", true, isPlace],
  ["width", true, isCount],
  ["height", true, isCount],
  ["caption", true, isText],
  ["rows", true, isCount],
  ["columns", true, isCount],
  ["dates", true, (value) => Array.isArray(value) && value.every(isCount)],
];

/**
 * Returns the event of a rich value with the members that this library knows, or `undefined` if it is none. A run may
 * have very many, and a schema would take most of the time of reading it.
 */
export function knownMedia(value: { readonly [name: string]: unknown }): MediaRecord | undefined {
  const event: { [name: string]: unknown } = { kind: "media" };
  for (const [name, isOptional, isValid] of MEMBERS) {
    const member = value[name];
    if (member === undefined && isOptional) continue;
    if (!isValid(member)) return undefined;
    event[name] = member;
  }
  const { digest, inline, packed } = event;
  // It has either its content or a digest.
  if ((digest === undefined) === (inline === undefined) || (packed !== undefined && digest === undefined))
    return undefined;
  if (packed !== undefined) {
    const { stream, offset } = packed as PackedPlace;
    event["packed"] = { stream, offset };
  }
  return event as unknown as MediaRecord;
}

function isPlace(value: unknown): boolean {
  return isDictionary(value) && isWriterId(value["stream"]) && isCount(value["offset"]);
}
