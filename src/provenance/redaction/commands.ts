import { isProse } from "./pairs.ts";
import { isSecretName } from "./secret-name.ts";
import { REDACTED, isDigestOrPath, isRandom, isTokenLike } from "./token-shapes.ts";

/** Commands with a password behind a flag of one letter, which for most others is a port or a path. */
const PASSWORD_FLAGS: readonly (readonly [command: RegExp, letter: string])[] = [
  [/^(?:mysql\w{0,20}|mariadb[\w-]{0,20}|mongo\w{0,20}|sshpass|login|7z[az]?)$/, "p"],
  [/^(?:sqlcmd|zip|unzip)$/, "P"],
  [/^redis-cli$/, "a"],
  [/^ldap(?:search|add|modify|delete|whoami)$/, "w"],
];
const COMMAND =
  /(?<![\w.-])(?:mysql\w{0,20}|mariadb[\w-]{0,20}|mongo\w{0,20}|sshpass|(?:docker|podman|registry|oras) login|7z[az]?|sqlcmd|zip|unzip|redis-cli|ldap(?:search|add|modify|delete|whoami)|curl|wget|https?)(?:\.exe)?(?=\s)/g;
const USER_AND_PASSWORD = /^(?:-[uU]|--(?:proxy-)?user)$/;
/** `openssl -passin pass:…`. */
const PASS_IN = /^pass(?:in|out)$/;
const FLAG = /(?<![\w.-])--?([A-Za-z][\w.-]{1,127}|[puU])(=|\s{1,4})(?=[^\s=])/g;
const ARGUMENT = /(?:\\?"[^"\n]*"?|\\?'[^'\n]*'?|[^\s"'`]+)/y;
/** The command ends with its line. */
const MAX_COMMAND_LENGTH = 4000;

/** Whether the value of a flag is a secret. A `--key` may also name a file or a column, and `--pass 2` counts. */
export function isSecretFlag(name: string, value: string): boolean {
  if (PASS_IN.test(name)) return value.startsWith("pass:") && value !== `pass:${REDACTED}`;
  if (!isSecretName(name) || (/^pass$/i.test(name) && /^\d{1,2}$/.test(value))) return false;
  return !/^(?:key|sig|signature|hmac)$/i.test(name) || (isRandom(value) && !isDigestOrPath(value));
}

/** The letter of the flag with the password, of commands that have one. */
export function passwordLetter(command: string): string | undefined {
  return PASSWORD_FLAGS.find(([names]) => names.test(command.replace(/^.*[\\/]|\.exe$/g, "")))?.[1];
}

/** Whether a command takes `-u user:password`. */
export function takesUserAndPassword(command: string): boolean {
  return /(?:^|[\\/])(?:curl|wget|https?)(?:\.exe)?$/.test(command);
}

export function isUserFlag(flag: string): boolean {
  return USER_AND_PASSWORD.test(flag);
}

/** `user:password` without the password. `1000:1000` and `https://…` are none. */
export function redactUserAndPassword(value: string, isCertain: boolean): string {
  const [all, user, password] = /^(\\?["']?[^\s:"'/]{0,128}:)(?!\/\/)([^\s"']{1,1024})/.exec(value) ?? [];
  if (all === undefined || password === REDACTED || !(isCertain || isTokenLike(password as string))) return value;
  return `${user}${REDACTED}${value.slice(all.length)}`;
}

/** Whether what follows the flag with the password is one: a port is not. */
export function isPassword(value: string): boolean {
  return (
    value !== "" && !/^(?:-|\d{1,5}(?:$|[:/]))|^(?:ort|rofile|rotocol|arallel)(?:$|=)/.test(value) && !isProse(value)
  );
}

/** The text without the secrets of command lines in it. */
export function scrubCommands(text: string): string {
  return text.includes("-") ? scrubFlags(scrubShortFlags(text)) : text;
}

/** `--api-key value`, `-u user:token`, `-p token`. */
function scrubFlags(text: string): string {
  const kinds = new Map<string, "secret" | "user" | "p" | "none">();
  let scrubbed = "";
  let from = 0;
  FLAG.lastIndex = 0;
  for (let found = FLAG.exec(text); found !== null; found = FLAG.exec(text)) {
    const [all, name = "", separator = ""] = found;
    const flag = all.slice(0, all.length - separator.length);
    let kind = kinds.get(flag);
    if (kind === undefined) {
      kind =
        isSecretName(name) || PASS_IN.test(name) ? "secret" : isUserFlag(flag) ? "user" : name === "p" ? "p" : "none";
      if (kinds.size < 1000) kinds.set(flag, kind);
    }
    if (kind === "none") continue;
    const at = FLAG.lastIndex;
    const value = argumentAt(text, at);
    const bare = value.replace(/^\\?["']|\\?["']$/g, "");
    if (bare === "" || bare === REDACTED || (separator !== "=" && bare.startsWith("-"))) continue;
    let kept = value;
    if (kind === "user") kept = redactUserAndPassword(value, false);
    else if (kind === "p" ? isTokenLike(bare) : isSecretFlag(name, bare) && !isProse(bare)) kept = REDACTED;
    if (kept === value) continue;
    scrubbed += text.slice(from, at) + kept;
    from = FLAG.lastIndex = at + value.length;
  }
  return scrubbed + text.slice(from);
}

/** `mysql -p…`, `curl -u user:…`, and `-p` with what can only be a token. */
function scrubShortFlags(text: string): string {
  let scrubbed = "";
  let from = 0;
  COMMAND.lastIndex = 0;
  for (let found = COMMAND.exec(text); found !== null; found = COMMAND.exec(text)) {
    const at = COMMAND.lastIndex;
    const line = /[^\r\n]*/.exec(text.slice(at, at + MAX_COMMAND_LENGTH))?.[0] ?? "";
    const command = found[0].split(" ").at(-1) as string;
    scrubbed += text.slice(from, at) + scrubLine(line, command);
    from = COMMAND.lastIndex = at + line.length;
  }
  return (scrubbed + text.slice(from)).replace(/(?<![\w.-])-p(?=[^\s=-])[\w+/~.-]{16,512}/g, (flag) =>
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
