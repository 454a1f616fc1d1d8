/** Returns letters and digits, as tokens have them. */
export const letters = (n: number): string => "aB3xY9kQ".repeat(Math.ceil(n / 8)).slice(0, n);

const hex = (n: number): string => "0f9e3a7b".repeat(Math.ceil(n / 8)).slice(0, n);
const upper = (n: number): string => "ABCDEFGHIJ234567".repeat(Math.ceil(n / 16)).slice(0, n);

/** Beginnings of tokens and what follows. Put together here, so that no scanner takes this file for a leak. */
const SHAPES: readonly (readonly [string, string])[] = [
  ...["p", "o", "u", "s", "r"].map((kind) => [`gh${kind}_`, letters(36)] as const),
  ["github_pat_", letters(82)],
  ...["pat", "dt", "rt", "ptt", "cbt", "oas", "soat", "agent", "ft", "ffct", "imt"].map(
    (kind) => [`gl${kind}-`, letters(24)] as const,
  ),
  ["glc_", letters(40)],
  ["glsa_", letters(40)],
  ["hf_", "abcdefghijklmnopqrstuvwxyzabcdefgh"],
  ...["ant", "proj", "svcacct", "admin"].map((kind) => [`sk-${kind}-`, letters(40)] as const),
  ["sk-", letters(48)],
  ["pplx-", letters(48)],
  ["npm_", letters(36)],
  ["pypi-AgEIcHlwaS5vcmc", letters(60)],
  ...["AKIA", "ASIA", "ABIA", "ACCA"].map((kind) => [kind, upper(16)] as const),
  ["AIza", letters(35)],
  ["ya29.", letters(60)],
  ["GOCSPX-", letters(28)],
  ["LTAI", letters(20)],
  ["abc8Q~", letters(34)],
  ["AccountKey=", letters(86)],
  ...["xoxb-", "xoxp-", "xoxa-", "xoxe.xoxp-", "xapp-1-"].map((kind) => [kind, letters(30)] as const),
  ...["sk_test_", "sk_live_", "rk_live_", "sk_prod_"].map((kind) => [kind, letters(24)] as const),
  ["SG.", letters(66)],
  ...["dop", "doo", "dor"].map((kind) => [`${kind}_v1_`, hex(64)] as const),
  ["hvs.", letters(95)],
  ["hvb.", letters(95)],
  [`${letters(14)}.atlasv1.`, letters(64)],
  ["dp.pt.", letters(43)],
  ["ntn_", letters(46)],
  ["lin_api_", letters(40)],
  ["pnu_", letters(36)],
  ["wandb_v1_", letters(40)],
  ["AGE-SECRET-KEY-1", upper(58)],
  ["eyJ", `${letters(30)}.eyJ${letters(30)}.${letters(20)}`],
];
/** Tokens of at least 60 shapes. */
export const TOKENS: readonly string[] = SHAPES.map(([start, rest]) => start + rest);
