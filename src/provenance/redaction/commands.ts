import { isProse } from "./pairs.ts";
import { rewrite } from "./rewrite.ts";
import { isOrdinaryName, isSecretName } from "./secret-name.ts";
import { REDACTED, isDigestOrPath, isRandom, isTokenLike } from "./token-shapes.ts";

/** Commands with a flag of one letter for a password. In most other commands, that flag is a port or a path. */
const PASSWORD_FLAGS: readonly (readonly [command: RegExp, letter: string])[] = [
  [/^(?:mysql\w{0,20}|mariadb[\w-]{0,20}|mongo\w{0,20}|sshpass|login|7z[az]?)$/, "p"],
  [/^(?:sqlcmd|zip|unzip)$/, "P"],
  [/^redis-cli$/, "a"],
  [/^ldap(?:search|add|modify|delete|whoami)$/, "w"],
];
const COMMANDS: readonly string[] = [
  String.raw`mysql\w{0,20}|mariadb[\w-]{0,20}|mongo\w{0,20}|sshpass|(?:docker|podman|registry|oras) login`,
  String.raw`7z[az]?|sqlcmd|zip|unzip|redis-cli|ldap(?:search|add|modify|delete|whoami)|curl|wget|https?`,
];
const COMMAND: RegExp = new RegExp(String.raw`(?<![\w.-])(?:${COMMANDS.join("|")})(?:\.exe)?(?=\s)`, "g");
const USER_AND_PASSWORD = /^(?:-[uU]|--(?:proxy-)?user)$/;
/** `openssl -passin pass:…`. */
const PASS_IN = /^pass(?:in|out)$/;
const FLAG = /(?<![\w.-])--?([A-Za-z][\w.-]{1,127}|[puU])(=|\s{1,4})(?=[^\s=])/g;
const ARGUMENT = /(?:\\?"[^"\n]*"?|\\?'[^'\n]*'?|[^\s"'`]+)/y;
/** The most characters of a command. It ends with its line. */
const MAX_COMMAND_LENGTH = 4000;

/**
 * Returns whether the value of a flag is a secret. A `--key` may also name a file or a column, and `--pass 2` a number
 * of passes.
 */
export function isSecretFlag(name: string, value: string): boolean {
  if (PASS_IN.test(name)) return value.startsWith("pass:") && value !== `pass:${REDACTED}`;
  if (isOrdinaryName(name)) return isTokenLike(value) && !isDigestOrPath(value);
  if (!isSecretName(name) || (/^pass$/i.test(name) && /^\d{1,2}$/.test(value))) return false;
  return !/^(?:key|sig|signature|hmac)$/i.test(name) || (isRandom(value) && !isDigestOrPath(value));
}

/** Returns the letter of a command's password flag, if it has one. */
export function passwordLetter(command: string): string | undefined {
  return PASSWORD_FLAGS.find(([names]) => names.test(command.replace(/^.*[\\/]|\.exe$/g, "")))?.[1];
}

/** Returns whether a command takes `-u user:password`. */
export function takesUserAndPassword(command: string): boolean {
  return /(?:^|[\\/])(?:curl|wget|https?)(?:\.exe)?$/.test(command);
}

export function isUserFlag(flag: string): boolean {
  return USER_AND_PASSWORD.test(flag);
}

/** Returns `user:password` without the password. `1000:1000` and `https://…` are not of this form. */
export function redactUserAndPassword(value: string, isCertain: boolean): string {
  const [all, user, password] = /^(\\?["']?[^\s:"'/]{0,128}:)(?!\/\/)([^\s"']{1,1024})/.exec(value) ?? [];
  if (all === undefined || password === REDACTED || !(isCertain || isLikely(password as string))) return value;
  return `${user}${REDACTED}${value.slice(all.length)}`;
}

/** Returns whether the text after `user:` is a password, and neither a number nor the name of a group. */
function isLikely(password: string): boolean {
  return isTokenLike(password) || (password.length >= 6 && /\d/.test(password) && /[A-Za-z]/.test(password));
}

/** Returns whether the value of a password flag is a password. A port is not. */
export function isPassword(value: string): boolean {
  return (
    value !== "" && !/^(?:-|\d{1,5}(?:$|[:/]))|^(?:ort|rofile|rotocol|arallel)(?:$|=)/.test(value) && !isProse(value)
  );
}

/** Returns the text without the secrets in its command lines. */
export function scrubCommands(text: string): string {
  return text.includes("-") ? scrubFlags(scrubShortFlags(text)) : text;
}

/** Redacts `--api-key value`, `-u user:token` and `-p token`. */
function scrubFlags(text: string): string {
  const kinds = new Map<string, "secret" | "user" | "p" | "none">();
  return rewrite(text, FLAG, ([all, name = "", separator = ""], at) => {
    const flag = all.slice(0, all.length - separator.length);
    let kind = kinds.get(flag);
    if (kind === undefined) {
      kind =
        isSecretName(name) || isOrdinaryName(name) || PASS_IN.test(name)
          ? "secret"
          : isUserFlag(flag)
            ? "user"
            : name === "p"
              ? "p"
              : "none";
      if (kinds.size < 1000) kinds.set(flag, kind);
    }
    if (kind === "none") return undefined;
    const value = argumentAt(text, at);
    const bare = value.replace(/^\\?["']|\\?["']$/g, "");
    if (bare === "" || bare === REDACTED || (separator !== "=" && bare.startsWith("-"))) return undefined;
    let kept = value;
    if (kind === "user") kept = redactUserAndPassword(value, false);
    else if (kind === "p" ? isTokenLike(bare) : isSecretFlag(name, bare) && !isProse(bare)) kept = REDACTED;
    return kept === value ? undefined : { from: at, to: at + value.length, by: kept };
  });
}

/** Redacts `mysql -p…`, `curl -u user:…`, and `-p` with a value that can only be a token. */
function scrubShortFlags(text: string): string {
  const scrubbed = rewrite(text, COMMAND, ([name], at) => {
    const line = /[^\r\n]*/.exec(text.slice(at, at + MAX_COMMAND_LENGTH))?.[0] ?? "";
    return { from: at, to: at + line.length, by: scrubLine(line, name.split(" ").at(-1) as string) };
  });
  return scrubbed.replace(/(?<![\w.-])-p(?=[^\s=-])[\w+/~.-]{16,512}/g, (flag) =>
    isTokenLike(flag.slice(2)) ? `-p${REDACTED}` : flag,
  );
}

function scrubLine(line: string, command: string): string {
  if (takesUserAndPassword(command))
    return line.replace(
      /((?:^|\s)(?:-[uU]|--(?:proxy-)?user)[\s=]{0,4})(\S+)/g,
      (_all, flag: string, value: string) => {
        return flag + redactUserAndPassword(value, true);
      },
    );
  const letter = passwordLetter(command);
  return line.replace(
    new RegExp(`(\\s-${letter}(?:=|\\s{1,4})?)("[^"]*"?|'[^']*'?|[^\\s"']+)`, "g"),
    (all, flag: string, value: string) => (isPassword(value) && value !== REDACTED ? flag + REDACTED : all),
  );
}

function argumentAt(text: string, at: number): string {
  ARGUMENT.lastIndex = at;
  return ARGUMENT.exec(text)?.[0] ?? "";
}
