import type { Dictionary } from "../../journal/event.ts";
import { scrub } from "./scrub.ts";
import { isOrdinaryName, isPlainlySecretName, isPluralOfSecret, isSecretName } from "./secret-name.ts";
import { REDACTED, isDigestOrPath, isRandom, isTokenLike } from "./token-shapes.ts";
import {
  isPassword,
  isSecretFlag,
  isUserFlag,
  passwordLetter,
  redactUserAndPassword,
  takesUserAndPassword,
} from "./commands.ts";

/** Members that name the value in another member: `{ name: "API_KEY", value: … }`. */
const NAMING = ["name", "key", "Name", "Key", "header", "variable"];
const VALUES = ["value", "Value"];

/**
 * Returns a copy of data about a program without its secrets: values of secret names, secrets in command lines, and all
 * text that looks like a secret, also in names.
 */
export function redactData(data: Dictionary): Dictionary {
  return redactObject(data, false);
}

/** `isOfSecrets` states that the object's name allows secrets in it, or words of the same name: `tokens`, `keys`. */
function redactObject(data: Dictionary, isOfSecrets: boolean): Dictionary {
  const copy: Dictionary = {};
  const numbers = new Map<string, number>();
  const name = NAMING.map((member) => data[member]).find(isSecretText);
  for (const key of Object.keys(data)) {
    // Not by assignment, which would set the prototype for `__proto__`.
    Object.defineProperty(copy, freeName(copy, scrub(key), numbers), {
      value:
        name !== undefined && VALUES.includes(key) && isNamedSecret(name, data[key])
          ? REDACTED
          : redactMember(key, data[key], isOfSecrets),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return copy;
}

/**
 * Returns a name that the copy does not have yet. Names that differ only in their secrets would otherwise become one.
 */
function freeName(copy: Dictionary, name: string, numbers: Map<string, number>): string {
  let free = name;
  while (Object.hasOwn(copy, free)) {
    const number = (numbers.get(name) ?? 1) + 1;
    numbers.set(name, number);
    free = `${name} ${number}`;
  }
  return free;
}

function redactMember(key: string, value: unknown, isOfSecrets: boolean): unknown {
  if (isGiven(value) && isSecretName(key)) return REDACTED;
  if (typeof value === "string" && isOrdinaryName(key) && isTokenLike(value) && !isDigestOrPath(value)) return REDACTED;
  return redactValue(value, isOfSecrets || isPluralOfSecret(key));
}

function redactValue(value: unknown, isOfSecrets: boolean): unknown {
  if (typeof value === "string") return isOfSecrets && isRandom(value) ? REDACTED : scrub(value);
  if (Array.isArray(value)) return redactList(value, isOfSecrets, false);
  return typeof value === "object" && value !== null ? redactObject(value as Dictionary, isOfSecrets) : value;
}

function redactList(list: readonly unknown[], isOfSecrets: boolean, isInList: boolean): unknown[] {
  const [name, value] = list;
  // In a list of lists, the first of two words names the second. In a single list, they may be just two words.
  if (list.length === 2 && isSecretText(name) && (isInList ? isNamedSecret(name, value) : isRandomText(value)))
    return [name, REDACTED];
  // Any list of texts may be a command line.
  if (!isOfSecrets && list.every((item) => typeof item === "string")) return redactArguments(list);
  return list.map((item) =>
    Array.isArray(item) ? redactList(item, isOfSecrets, true) : redactValue(item, isOfSecrets),
  );
}

function isSecretText(name: unknown): name is string {
  return typeof name === "string" && name.length <= 128 && isSecretName(name);
}

/**
 * Returns whether a value is a secret by its name. Names such as "key" also name other things, so their value must look
 * random.
 */
function isNamedSecret(name: string, value: unknown): boolean {
  return isGiven(value) && (isPlainlySecretName(name) || isRandomText(value));
}

function isRandomText(value: unknown): boolean {
  return typeof value === "string" && isRandom(value);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && typeof value !== "boolean";
}

/**
 * Returns a command line without its secrets: the values of flags with secret names, as `--name=value` or as the next
 * argument, and all text that looks like a secret. The value of `-p` is a password only if the command is known for it,
 * or if it can only be a token.
 */
export function redactArguments(args: readonly string[]): string[] {
  const letter = args.map(passwordLetter).find((known) => known !== undefined);
  const isCertain = args.some(takesUserAndPassword);
  return args.map((argument, i) => {
    const before = args[i - 1] ?? "";
    const [, flag, value] = /^-{1,2}([\w.-]{1,128})(?:=([^]*))?$/.exec(before) ?? [];
    if (flag !== undefined && value === undefined) {
      if (isSecretFlag(flag, argument) && !argument.startsWith("--")) return REDACTED;
      if (flag === letter && before === `-${letter}` && isPassword(argument)) return REDACTED;
      if (before === "-p" && isTokenLike(argument)) return REDACTED;
      if (isUserFlag(before)) return scrub(redactUserAndPassword(argument, isCertain));
    }
    return redactOwnValue(argument, letter);
  });
}

/** Redacts `--name=value` and `-pvalue`. */
function redactOwnValue(argument: string, letter: string | undefined): string {
  const [all, name = ""] = /^-{1,2}([\w.-]{1,128})=/.exec(argument) ?? [];
  if (all !== undefined && isSecretFlag(name, argument.slice(all.length))) return `${all}${REDACTED}`;
  const isAttached = letter !== undefined && argument.startsWith(`-${letter}`) && isPassword(argument.slice(2));
  if (isAttached) return `-${letter}${REDACTED}`;
  // `--hfTokenabc…`: a secret written without its `=`.
  const [flag = ""] = /^-{1,2}[\w.-]{1,128}/.exec(argument) ?? [];
  return flag !== "" && flag !== argument && isSecretName(flag) && all === undefined ? REDACTED : scrub(argument);
}
