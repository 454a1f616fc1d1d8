/** What stands where a secret was. */
export const REDACTED = "[redacted]";

/**
 * Tokens that show by their shape what they are. Every quantifier is bounded, or takes all that it passes, so that no text makes
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
  String.raw`\bey[\w-]{17,400}\.ey[\w.-]{17,}`,
  String.raw`-----BEGIN[A-Z0-9\s]{0,40}KEY-----[^]*?(?:-----END[A-Z0-9\s]{0,40}KEY-----|$)`,
];
const TOKEN = new RegExp(SHAPES.join("|"), "g");

/** Addresses that let anybody who knows them act: the host stays, what follows is the secret. */
const WEBHOOKS = [
  String.raw`(?<=\bhooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/)`,
  String.raw`(?<=\bdiscord(?:app)?\.com/api/(?:v\d{1,3}/)?webhooks/)`,
  String.raw`(?<=\bwebhook\.office\.com/)`,
  String.raw`(?<=\bhooks\.zapier\.com/hooks/)`,
  String.raw`(?<=\bmaker\.ifttt\.com/trigger/)`,
  String.raw`(?<=\bapi\.telegram\.org/bot)`,
];
const WEBHOOK = new RegExp(`(?:${WEBHOOKS.join("|")})[^\\s"'<>]+`, "gi");

/** A long random part of a path whose part before says that it is a secret. */
const NAMED_IN_PATH =
  /(?<=\/(?:(?:web)?hooks?|(?:access[_-]?)?tokens?|secrets?|passwords?|api[_-]?keys?)\/)(?=[A-Za-z_-]{0,64}\d)[\w-]{16,512}(?![\w.-])/gi;

/** The text without tokens, web hooks and keys that show by their shape. */
export function scrubTokens(text: string): string {
  return text.replace(TOKEN, REDACTED).replace(WEBHOOK, REDACTED).replace(NAMED_IN_PATH, REDACTED);
}

/** Whether a user name alone is a token, as some addresses have it: it begins like one, or looks random. */
export function isTokenLike(name: string): boolean {
  if (/^(?:gh[pousr]_|github_pat_|gl[a-z]{1,6}-|hf_|sk-|npm_|pypi-|xox|AKIA|ASIA|dckr_|x-oauth)/i.test(name))
    return true;
  return /^\w{20,}$/.test(name) && /\d/.test(name) && /[a-z]/.test(name) && /[A-Z]/.test(name);
}
