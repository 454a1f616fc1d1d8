import { toWellFormed } from "../bytes/well-formed.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { scrub } from "../provenance/redaction/scrub.ts";
import { isSecretName } from "../provenance/redaction/secret-name.ts";
import { REDACTED } from "../provenance/redaction/token-shapes.ts";
import type { SchemaIssue } from "./standard-schema.ts";

/** The most issues that a message names. */
const MAX_ISSUES = 10;
const MAX_PATH_CHARS = 100;
const MAX_ISSUE_CHARS = 200;
/** How many characters of an issue are looked at. */
const MAX_READ_CHARS = 4096;
/** How many values of the params are looked at, and how deep, to find those that are secret. */
const MAX_VALUES = 10_000;
const MAX_DEPTH = 16;
/** Shorter values are not looked for in messages: they may be part of any word. */
const LEAST_SECRET_CHARS = 4;
/** A secret is recognised by so many of its first characters. A message may quote only a part of it. */
const PROBE_CHARS = 32;

/**
 * Returns the error that names what is wrong, and says how many issues it leaves out. Messages of schemas may be long,
 * and may quote values. The error never has a value of a param with the name of a secret.
 */
export function schemaRefusal(issues: ArrayLike<SchemaIssue>, params: unknown): LedgerError {
  const secrets = secretValues(params);
  const count = Math.min(issues.length, MAX_ISSUES);
  const shown = Array.from({ length: count }, (_, i) => {
    const { path = [], message } = (issues[i] ?? {}) as Partial<SchemaIssue>;
    const keys = path.slice(0, MAX_PATH_CHARS).map((part) => String(typeof part === "object" ? part.key : part));
    const field = pathOf(keys);
    return { field, text: `${field}: ${keys.some(isSecretName) ? WITHHELD : clean(message, secrets)}` };
  });
  const more = issues.length - count;
  const texts = shown.map(({ text }) => text).join("; ");
  return new LedgerError(
    "INVALID_ARGUMENT",
    `the params do not fit the schema: ${texts || "it says nothing more"}${more > 0 ? `; and ${more} more` : ""}`,
    { field: shown[0]?.field ?? "params" },
  );
}

const WITHHELD = "is wrong (the reason is withheld, because it may quote a secret)";

function pathOf(keys: readonly string[]): string {
  return clip(scrub(["params", ...keys.map((key) => clip(key, MAX_PATH_CHARS))].join(".")), MAX_PATH_CHARS);
}

function clean(message: unknown, secrets: readonly string[]): string {
  if (typeof message !== "string") return "is wrong";
  const read = message.slice(0, MAX_READ_CHARS);
  const text = scrub(secrets.reduce(withoutSecret, read));
  // A secret that is cut off at the end may not be recognised. It is shown only if nearly all before it was redacted.
  return read !== message && text.length <= 2 * MAX_ISSUE_CHARS ? WITHHELD : clip(text, MAX_ISSUE_CHARS);
}

function withoutSecret(text: string, secret: string): string {
  const probe = secret.slice(0, PROBE_CHARS);
  const parts: string[] = [];
  let from = 0;
  for (let at = text.indexOf(probe); at !== -1; at = text.indexOf(probe, from)) {
    parts.push(text.slice(from, at), REDACTED);
    from = at + secret.length;
  }
  return parts.length === 0 ? text : parts.join("") + text.slice(from);
}

/** Returns the texts and numbers below names of secrets, as messages may quote them. The longest ones come first. */
function secretValues(params: unknown): string[] {
  const found = new Set<string>();
  let looked = 0;
  const look = (value: unknown, isSecret: boolean, depth: number): void => {
    if (looked++ > MAX_VALUES) return;
    if (typeof value === "object" && value !== null) {
      if (depth === MAX_DEPTH || ArrayBuffer.isView(value)) return;
      if (Array.isArray(value)) {
        for (let i = 0; i < value.length && looked <= MAX_VALUES; i++) look(value[i], isSecret, depth + 1);
        return;
      }
      for (const key in value) {
        if (looked > MAX_VALUES) return;
        look((value as Record<string, unknown>)[key], isSecret || isSecretName(key), depth + 1);
      }
    } else if (isSecret && ["string", "number", "bigint"].includes(typeof value)) {
      const text = String(value);
      if (text.length < LEAST_SECRET_CHARS) return;
      found.add(text);
      found.add(JSON.stringify(text).slice(1, -1));
    }
  };
  look(params, false, 0);
  return [...found].sort((a, b) => b.length - a.length);
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${toWellFormed(text.slice(0, length))}…`;
}
