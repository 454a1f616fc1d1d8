import { rewrite } from "./rewrite.ts";

/** The text that replaces a secret. */
export const REDACTED = "[redacted]";

/**
 * Tokens with a recognisable shape. Every quantifier is bounded, or consumes all that it passes, so that no text makes
 * the search slow.
 */
const SHAPES = [
  String.raw`\bgh[pousr]_\w{30,255}`,
  String.raw`\bgithub_pat_\w{50,100}`,
  String.raw`\bgl(?:pat|dt|rt|ptt|cbt|oas|soat|agent|ft|ffct|imt)-[\w.-]{20,300}`,
  String.raw`\bgl(?:c|sa)_[\w+/=]{32,400}`,
  String.raw`\bhf_[A-Za-z0-9]{30,}`,
  String.raw`\bsk-(?:ant|proj|svcacct|admin)-[\w-]{20,200}`,
  String.raw`\bsk-\w{20,64}`,
  String.raw`\bpplx-\w{48}`,
  String.raw`\bnpm_\w{36}`,
  String.raw`\bpypi-AgEIcHlwaS5vcmc[\w-]{50,999}`,
  String.raw`\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}`,
  String.raw`\bAIza[\w-]{35}`,
  String.raw`\bya29\.[\w-]{20,300}`,
  String.raw`\bGOCSPX-[\w-]{28}`,
  String.raw`\bLTAI\w{20}`,
  String.raw`\b\w{3}\dQ~[\w~.-]{31,34}`,
  String.raw`\bAccountKey=[\w+/=]{40,}`,
  String.raw`\bxox[abeoprs](?:\.xox[bp])?-[\w-]{8,200}`,
  String.raw`\bxapp-\d-[\w-]{20,200}`,
  String.raw`\b[sr]k_(?:test|live|prod)_\w{10,99}`,
  String.raw`\bSG\.[\w=.-]{66}`,
  String.raw`\bdo[opr]_v1_[0-9a-f]{64}`,
  String.raw`\bhv[sb]\.[\w-]{90,300}`,
  String.raw`\b\w{14}\.atlasv1\.[\w=-]{60,70}`,
  String.raw`\bdp\.pt\.\w{43}`,
  String.raw`\bntn_\w{46}`,
  String.raw`\blin_api_\w{40}`,
  String.raw`\bpnu_\w{36}`,
  String.raw`\bwandb_v1_\w{20,200}`,
  String.raw`\bAGE-SECRET-KEY-1\w{58}`,
  String.raw`\beyJhcGlfYWRkcmVzcyI6[\w+/=-]+`,
  String.raw`\bbot\d{6,12}:[\w-]{30,64}`,
  String.raw`\b\d{6,12}:AA[\w-]{30,64}`,
  String.raw`-----BEGIN[A-Z0-9\s]{0,40}KEY-----[^]*?(?:-----END[A-Z0-9\s]{0,40}KEY-----|$)`,
];
const TOKEN = new RegExp(SHAPES.join("|"), "g");

/** Addresses that allow anybody who knows them to act. What follows the host is the secret. */
const WEBHOOKS = [
  String.raw`(?<=\bhooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/)`,
  String.raw`(?<=\bdiscord(?:app)?\.com/api/(?:v\d{1,3}/)?webhooks/)`,
  String.raw`(?<=\bwebhook\.office\.com/)`,
  String.raw`(?<=\bhooks\.zapier\.com/hooks/)`,
  String.raw`(?<=\bmaker\.ifttt\.com/trigger/)`,
  String.raw`(?<=\bapi\.telegram\.org/bot)`,
];
/** One of these is in every such address. To search for it takes a tenth of the time. */
const WEBHOOK_HOST = /slack|discord|webhook\.office|zapier|ifttt|telegram/i;
const WEBHOOK = new RegExp(`(?:${WEBHOOKS.join("|")})[^\\s"'<>]+`, "gi");

/** A long random segment of a path, if the segment before it names a secret. */
const NAMED_IN_PATH: RegExp = new RegExp(
  String.raw`(?<=\/(?:(?:web)?hooks?|(?:access[_-]?)?tokens?|secrets?|passwords?|api[_-]?keys?)\/)` +
    String.raw`(?=[A-Za-z_-]{0,64}\d)[\w-]{16,512}(?![\w.-])`,
  "gi",
);

/** A JSON web token from its first dot on. The search begins at the dot, because a text may contain many "ey". */
const WEB_TOKEN = /\.ey[\w.-]{17,}/g;
const LONGEST_HEADER = 4096;

/** Returns the text without tokens, web hooks and keys of a recognisable shape. */
export function scrubTokens(text: string): string {
  const scrubbed = scrubWebTokens(text).replace(TOKEN, REDACTED);
  const withoutHooks = WEBHOOK_HOST.test(scrubbed) ? scrubbed.replace(WEBHOOK, REDACTED) : scrubbed;
  return withoutHooks.replace(NAMED_IN_PATH, REDACTED);
}

function scrubWebTokens(text: string): string {
  return rewrite(text, WEB_TOKEN, ({ index }, to, done) => {
    let begin = index;
    while (begin > done && index - begin < LONGEST_HEADER && /[\w-]/.test(text[begin - 1] as string)) begin--;
    const header = text.slice(begin, index).search(/\bey[\w-]{17}/);
    return header === -1 ? undefined : { from: begin + header, to, by: REDACTED };
  });
}

/** Returns whether a word is a token: it begins like one, or a part of it looks random. */
export function isTokenLike(name: string): boolean {
  if (
    /^(?:gh[pousr]_|github_pat_|gl[a-z]{1,6}-|hf_|sk-|npm_|pypi-|xox|AKIA|ASIA|dckr_|wandb_v|lin_api_|x-oauth)/i.test(
      name,
    )
  )
    return true;
  return (name.slice(0, 1024).match(/[A-Za-z0-9]{16,}/g) ?? []).some(looksRandom);
}

/**
 * Returns whether letters and digits alternate as only a machine writes them. In names such as `maxLength2048Tokens`
 * they seldom do.
 */
function looksRandom(word: string): boolean {
  const changes = word.match(/[a-z](?=[A-Z\d])|[A-Z](?=\d)|\d(?=[A-Za-z])/g)?.length ?? 0;
  return /\d/.test(word) && changes >= word.length / 5;
}

/** Returns whether a value is more likely a token than a word. */
export function isRandom(value: string): boolean {
  return value.length >= 12 && /\d/.test(value) && /[a-z]/i.test(value);
}

/** Returns whether a value begins with a date. */
export function isDate(value: string): boolean {
  return /^["']?\d{4}-?\d\d-?\d\d(?!\d)/.test(value);
}

/** Returns whether a value is a digest or a path, such as the keys of objects in messages about storage. */
export function isDigestOrPath(value: string): boolean {
  return value.includes("/") || DIGEST.test(value);
}

const HEX: readonly string[] = [
  ...[32, 40, 64, 96, 128].map((length) => `[0-9a-f]{${length}}`),
  "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
];
const DIGEST: RegExp = new RegExp(String.raw`^["']?(?:(?:sha|md|blake)\w{0,4}[:-])?(?:${HEX.join("|")})["']?$`, "i");
