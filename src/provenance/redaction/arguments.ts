import { scrub } from "./scrub.ts";
import { isSecretName } from "./secret-name.ts";
import { REDACTED } from "./token-shapes.ts";

/**
 * A command line without its secrets: the values of flags with secret names, be it as `--name=value` or as the next argument, and
 * all text that looks like a secret.
 */
export function redactArguments(args: readonly string[]): string[] {
  let isValue = false;
  return args.map((argument) => {
    const wasValue = isValue;
    isValue = false;
    const flag = /^-{1,2}([\w.-]{1,128})(=?)/.exec(argument);
    if (wasValue && !argument.startsWith("--")) return REDACTED;
    if (flag === null || !isSecretName(flag[1] as string)) return scrub(argument);
    if (flag[2] === "=") return `${flag[0]}${REDACTED}`;
    isValue = flag[0].length === argument.length;
    return isValue ? argument : REDACTED;
  });
}
