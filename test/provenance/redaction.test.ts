import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redactArguments } from "../../src/provenance/redaction/arguments.ts";
import { redactData } from "../../src/provenance/redaction/data.ts";
import { scrub } from "../../src/provenance/redaction/scrub.ts";
import { isSecretName } from "../../src/provenance/redaction/secret-name.ts";
import { holdsSecret } from "../../src/provenance/redaction/uri.ts";

const SECRET = "hunter2";
const letters = (n: number): string => "aB3xY9kQ".repeat(Math.ceil(n / 8)).slice(0, n);
const hex = (n: number): string => "0f9e3a7b".repeat(Math.ceil(n / 8)).slice(0, n);

/** Put together here, so that no scanner takes this file for a leak. */
const TOKENS: readonly (readonly [string, string])[] = [
  ["a GitHub token", `gh${"p"}_${letters(36)}`],
  ["a fine-grained GitHub token", `github_${"pat"}_${letters(82)}`],
  ["a GitLab token", `gl${"pat"}-${letters(20)}`],
  ["a Hugging Face token", `h${"f"}_${"abcdefghijklmnopqrstuvwxyzabcdefgh"}`],
  ["an OpenAI key", `s${"k"}-proj-${letters(40)}`],
  ["an npm token", `np${"m"}_${letters(36)}`],
  ["a PyPI token", `pyp${"i"}-AgEIcHlwaS5vcmc${letters(60)}`],
  ["an AWS key id", `AK${"IA"}ABCDEFGHIJKLMNOP`],
  ["a Google key", `AI${"za"}${letters(35)}`],
  ["an Azure secret", `abc8${"Q~"}${letters(32)}`],
  ["a Slack token", `xo${"xb"}-${letters(24)}`],
  ["a Stripe key", `s${"k"}_live_${letters(24)}`],
  ["a SendGrid key", `S${"G"}.${letters(66)}`],
  ["a DigitalOcean token", `do${"p"}_v1_${hex(64)}`],
  ["a Vault token", `hv${"s"}.${letters(95)}`],
  ["a JSON web token", `e${"y"}J${letters(30)}.e${"y"}J${letters(30)}.${letters(20)}`],
  ["a private key", `-----BEGIN RSA PRIVATE KEY-----\n${letters(200)}\n-----END RSA PRIVATE KEY-----`],
  ["a private key cut off", `-----BEGIN OPENSSH PRIVATE KEY-----\n${letters(100)}`],
];

/** Addresses with a secret, `hunter2` where it is not of a shape of its own. */
const ADDRESSES = [
  "https://h/p?pass=hunter2",
  "https://h/p?code=hunter2",
  "https://h/p?pat=hunter2",
  "https://h/?bearer=hunter2",
  "https://h/p?session=hunter2",
  "https://h/p?pass%77ord=hunter2",
  "https://h/p?pass%2577ord=hunter2",
  "https://h/p?token%3Dhunter2",
  "https://h/p?Password=hunter2",
  "https://h/p;jsessionid=hunter2?x",
  "https://h/#access_token=hunter2",
  "https://h/x?a=1&client_secret=hunter2&b=2",
  "https://h/x?sv=2024&sig=hunter2",
  "s3://b/k?X-Amz-Security-Token=hunter2",
  "https://h/x?subscription-key=hunter2",
  "https://u:hunter2@h/",
  "https:/u:hunter2@h/x",
  "https:\\\\u:hunter2@h/x",
  "http:u:hunter2@h",
  "https://hunter2@h/x",
  "mongodb://u:hunter2@h/db",
  "ftp://u:a/hunter2@h/x",
  "u:hunter2@host:path",
  "https://hooks.slack.com/services/T0/B0/hunter2",
  "https://discord.com/api/webhooks/123/hunter2",
  "https://api.telegram.org/bot12:hunter2/send",
  "https://h/token/hunter2hunter2hunter2",
];

describe("addresses with a secret are found", () => {
  test.each([
    ...ADDRESSES,
    "jdbc:oracle:thin:scott/tiger@h",
    "ssh://ghp_abcdefghij@host/x",
    "https://h/p?accesstoken =x",
    "https://h/p?redirect=https%3A%2F%2Fu%3Ap%40h",
    "mongodb://u:12345@h/db",
    "Server=h;Uid=x;Pwd=y",
    "u:p@h/x",
    "postgres://a@h1,u:p@h2/db",
    ...TOKENS.map(([, token]) => `https://h/${token}`),
    ...TOKENS.map(([, token]) => `s3://bucket/x?a=${token}`),
  ])("%s", (uri) => {
    expect(holdsSecret(uri)).toBe(true);
  });

  test("wherever the address stands in another, and however its parameters are encoded", () => {
    const encoded = fc.array(fc.nat({ max: 2 }), { minLength: 8, maxLength: 8 }).map((times) =>
      [..."password"]
        .map((letter, i) => {
          let text = letter;
          for (let time = 0; time < (times[i] as number); time++)
            text = time === 0 ? `%${letter.charCodeAt(0).toString(16)}` : text.replace("%", "%25");
          return text;
        })
        .join(""),
    );
    fc.assert(fc.property(encoded, (name) => holdsSecret(`https://h/p?x=1&${name}=v`)));
    for (const address of ADDRESSES.filter((uri) => uri.startsWith("https://")))
      for (const outer of ["git+", "jdbc:", "archive!", "https://h/p?to="])
        expect(holdsSecret(outer + address), outer + address).toBe(true);
  });
});

test.each([
  "s3://b/dt=2024/key=5/part-0.parquet",
  "jdbc:oracle:thin:@h:1521/x",
  "pkg:npm/foo@1.2",
  "model:v3@sha256:abc",
  "https://h/a?country_code=de&key_dim=4&passage=3&barcode=7",
  "https://zenodo.org/records/1234/files/keys.csv",
  "gs://b/hooks/data-2024-01.csv",
  "sftp://ann@host/data",
  "mailto:ann@example.org",
  "s3://b/tokens/train-00000-of-00010.parquet",
])("an address without one is none: %s", (uri) => {
  expect(holdsSecret(uri)).toBe(false);
});

describe("texts are kept without their secrets", () => {
  test.each(TOKENS)("%s", (_what, token) => {
    for (const text of [token, `failed with ${token}, sorry`, `"${token}"`, `a=${token}&b`]) {
      const scrubbed = scrub(text);
      expect(scrubbed).toContain("[redacted]");
      expect(scrubbed).not.toContain(token.slice(-12));
    }
  });

  test.each([
    ...ADDRESSES,
    `Authorization: Bearer ${SECRET}`,
    `"authorization": "Basic ${SECRET}"`,
    `Cookie: a=b; c=${SECRET}`,
    `{"password":"my ${SECRET}","user":"a"}`,
    `{\\"api_key\\":\\"${SECRET}\\"}`,
    `AWS_SECRET_ACCESS_KEY=${SECRET} node train.js`,
    `PGPASSWORD=${SECRET}`,
    `unknown token: abc123def456${SECRET}`,
    `clientSecret = '${SECRET}'`,
  ])("%s", (text) => {
    for (const message of [text, `request failed: ${text}`, `${text}\n    at train (file:///a/train.js:1:2)`])
      expect(scrub(message)).not.toContain(SECRET);
  });

  test.each([
    "SyntaxError: Unexpected token < in JSON at position 0",
    "CredentialsProviderError: Could not load credentials from any providers",
    "Cannot read properties of undefined (reading 'token')",
    "the process ended with code=1, key=loss",
    "connect ECONNREFUSED 127.0.0.1:9000",
    "fetch http://host:8080/path?x=a@b failed",
    "    at foo (file:///a/node_modules/.pnpm/pkg@1.0.0/x.js:1:2)",
    "    at async Object.token (node:internal/x:10:5)",
    "max_tokens=4096 is more than context_length=2048",
    "Basic understanding of tokens",
    "fn@http://host/file.js:1:2",
  ])("what is none stays: %s", (text) => {
    expect(scrub(text)).toBe(text);
  });

  test("scrubbing again changes nothing, and halves of surrogate pairs become U+FFFD", () => {
    const part = fc.oneof(fc.constantFrom(...ADDRESSES, ...TOKENS.map(([, token]) => token)), fc.string());
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const once = scrub(parts.join(" "));
        expect(scrub(once)).toBe(once);
      }),
    );
    expect(scrub("a\ud83d")).toBe("a\ufffd");
  });
});

test("command lines are kept without the values of secret flags", () => {
  const args = [
    "--token",
    SECRET,
    "--max-tokens",
    "5",
    "--key-dim=3",
    `--api-key=${SECRET}`,
    "--password",
    "--verbose",
  ];
  expect(redactArguments([...args, `https://u:${SECRET}@h`, "-p", "x", "--hfToken", SECRET])).toEqual([
    "--token",
    "[redacted]",
    "--max-tokens",
    "5",
    "--key-dim=3",
    "--api-key=[redacted]",
    "--password",
    "--verbose",
    "https://[redacted]@h",
    "-p",
    "x",
    "--hfToken",
    "[redacted]",
  ]);
});

test("names tell secrets by their words", () => {
  for (const name of [
    "HF_TOKEN",
    "apiKey",
    "api-key",
    "GITHUB_PAT",
    "PGPASSWORD",
    "db.password2",
    "SENTRY_DSN",
    "userPass",
  ])
    expect(isSecretName(name), name).toBe(true);
  for (const name of ["tokenizer", "max-tokens", "key-dim", "compass", "author", "SSH_AUTH_SOCK", "monkey", ""])
    expect(isSecretName(name), name).toBe(false);
});

test("data about a program is kept without secrets, at any depth, and keys as they are", () => {
  const data = JSON.parse(
    `{"__proto__":{"API_KEY":"${SECRET}"},"argv":["--token","${SECRET}"],"env":{"HOME":"/home/ann","DATABASE_URL":"postgres://u:${SECRET}@h"},
      "list":["TOKEN=${SECRET}1234567",5,null],"credentials":{"any":"${SECRET}"},"cores":8,"token":"","secret":true}`,
  );
  const copy = redactData(data);
  expect(JSON.stringify(copy)).not.toContain(SECRET);
  expect(copy).toEqual(
    JSON.parse(
      `{"__proto__":{"API_KEY":"[redacted]"},"argv":["--token","[redacted]"],"env":{"HOME":"/home/ann","DATABASE_URL":"postgres://[redacted]@h"},
        "list":["TOKEN=[redacted]",5,null],"credentials":"[redacted]","cores":8,"token":"","secret":true}`,
    ),
  );
});

test("looking takes time in proportion to the length, whatever the text", () => {
  const parts = ["//", "//a:b", "?", "&x", ":", "http://", "=", "@", "ey-", "eyJ", "a.", "a:", "-----BEGIN KEY-----"];
  const more = [
    "u:p@",
    "%",
    "%25",
    "/token/",
    "a=",
    '"',
    ";",
    "\\",
    "bearer ",
    "cookie:",
    "aB",
    "x:/",
    "token=",
    "sk-",
  ];
  for (const part of [...parts, ...more, 'secret="']) {
    for (const look of [scrub, holdsSecret]) {
      const begin = process.cpuUsage();
      look(part.repeat(Math.floor(200_000 / part.length)));
      // Quadratic, it would take minutes.
      expect(process.cpuUsage(begin).user, `${look.name} ${part}`).toBeLessThan(3_000_000);
    }
  }
});
