import {
  isPassword,
  isSecretFlag,
  isUserFlag,
  passwordLetter,
  redactUserAndPassword,
  takesUserAndPassword,
} from "./commands.ts";
import { scrub } from "./scrub.ts";
import { isSecretName } from "./secret-name.ts";
import { REDACTED, isTokenLike } from "./token-shapes.ts";

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
