import type { Dictionary } from "../../journal/event.ts";
import { scrub } from "./scrub.ts";
import { isPlainlySecretName, isPluralOfSecret, isSecretName } from "./secret-name.ts";
import { REDACTED, isRandom, isTokenLike } from "./token-shapes.ts";
import {
  isPassword,
  isSecretFlag,
  isUserFlag,
  passwordLetter,
  redactUserAndPassword,
  takesUserAndPassword,
} from "./commands.ts";

/** Members that name what another member, `value`, is: `{ name: "API_KEY", value: … }`. */
const NAMING = ["name", "key", "Name", "Key", "header", "variable"];
const VALUES = ["value", "Value"];

/**
 * A copy of data about a program without secrets: values of secret names, command lines, and all text that looks like a secret,
 * in names too.
 */
export function redactData(data: Dictionary): Dictionary {
  return redactObject(data, false);
}

/** `isOfSecrets` if the name says that secrets may be in it, or words that are called the same. */
function redactObject(data: Dictionary, isOfSecrets: boolean): Dictionary {
  const copy: Dictionary = {};
  const numbers = new Map<string, number>();
  const name = NAMING.map((member) => data[member]).find(isSecretText);
  for (const key of Object.keys(data)) {
    // Not by assignment, which for `__proto__` would do something else.
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

/** Names that differed in their secrets only must not fall together. */
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
  return redactValue(value, isOfSecrets || isPluralOfSecret(key));
}

function redactValue(value: unknown, isOfSecrets: boolean): unknown {
  if (typeof value === "string") return isOfSecrets && isRandom(value) ? REDACTED : scrub(value);
  if (Array.isArray(value)) return redactList(value, isOfSecrets, false);
  return typeof value === "object" && value !== null ? redactObject(value as Dictionary, isOfSecrets) : value;
}

function redactList(list: readonly unknown[], isOfSecrets: boolean, isInList: boolean): unknown[] {
  const [name, value] = list;
  // Of two words in a list of lists the first names the second; in a list alone they may be just two words.
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

/** A name such as "key" alone also names other things. */
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
 * A command line without its secrets: the values of flags with secret names, be it as `--name=value` or as the next argument, and
 * all text that looks like a secret. `-p` has a password only where the command is known for it, or where the value can only be a token.
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

/** `--name=value` and `-pvalue`. */
function redactOwnValue(argument: string, letter: string | undefined): string {
  const [all, name = ""] = /^-{1,2}([\w.-]{1,128})=/.exec(argument) ?? [];
  if (all !== undefined && isSecretFlag(name, argument.slice(all.length))) return `${all}${REDACTED}`;
  const isAttached = letter !== undefined && argument.startsWith(`-${letter}`) && isPassword(argument.slice(2));
  if (isAttached) return `-${letter}${REDACTED}`;
  // `--hfToken`, or a secret that was written without its `=`.
  const [flag = ""] = /^-{1,2}[\w.-]{1,128}/.exec(argument) ?? [];
  return flag !== "" && flag !== argument && isSecretName(flag) && all === undefined ? REDACTED : scrub(argument);
}
