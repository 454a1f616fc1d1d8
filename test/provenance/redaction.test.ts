import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanRemoteUrl } from "../../src/git/remote-url.ts";
import { redactArguments, redactData } from "../../src/provenance/redaction/data.ts";
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
  "host=h user=u password=hunter2",
  "host = h password = hunter2",
  "https://h/x?psk=hunter2",
  "https://h/x?pw=hunter2",
  "https://h/x?creds=hunter2",
  'https://h/x?q={"password":"hunter2"}',
  "data:text/plain,password=hunter2",
  "//ann:hunter2@h/x",
];

/** Addresses that let whoever has them read what is there, as stores and networks sign them: `hunter2` is the secret. */
const SIGNED = [
  // Amazon S3, versions 4 and 2, and CloudFront with a policy of its own and without.
  "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=hunter2%2Fus&X-Amz-Security-Token=hunter2&X-Amz-Signature=hunter2",
  "https://b.s3.amazonaws.com/k?AWSAccessKeyId=hunter2&Expires=1700000000&Signature=hunter2",
  "https://d1.cloudfront.net/k?Policy=eyJTdGF0hunter2OlsW0_&Signature=hunter2__&Key-Pair-Id=hunter2",
  "https://d1.cloudfront.net/k?Expires=1700000000&Signature=hunter2&Key-Pair-Id=hunter2",
  // Google, versions 4 and 2, a shared file, and a key of an API.
  "https://storage.googleapis.com/b/k?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=hunter2&X-Goog-Signature=hunter2",
  "https://storage.googleapis.com/b/k?GoogleAccessId=hunter2&Expires=1700000000&Signature=hunter2",
  "https://drive.google.com/file/d/1/view?resourcekey=0-hunter2",
  "https://h/k?Edge-Cache-Token=hunter2",
  "https://h/k?key=hunter2",
  // Azure, in any order, for a container and for a user.
  "https://a.blob.core.windows.net/c/b?sp=r&st=2024-01-01T00:00:00Z&se=2024-01-02T00%3A00%3A00Z&spr=https&sv=2022-11-02&sr=b&sig=hunter2%2Bx%3D",
  "https://a.blob.core.windows.net/c?sig=hunter2&skoid=1&sktid=2&skt=2024-01-01&ske=2024-01-02&sks=b&skv=2022-11-02",
  "https://a.servicebus.windows.net/?SharedAccessSignature=hunter2",
  "https://a.sharepoint.com/x?tempauth=hunter2",
  // Alibaba, Tencent, Swift, Dropbox.
  "https://b.oss-cn.aliyuncs.com/k?OSSAccessKeyId=hunter2&Expires=1&Signature=hunter2&security-token=hunter2",
  "https://b.cos.ap.myqcloud.com/k?q-sign-algorithm=sha1&q-ak=hunter2&q-signature=hunter2&sign=hunter2",
  "https://swift/v1/a/c/k?temp_url_sig=hunter2&temp_url_expires=1700000000",
  "https://www.dropbox.com/scl/fi/1/x?rlkey=hunter2&dl=0",
  // Networks that deliver files.
  "https://cdn/k?hdnea=exp=1700000000~acl=/*~hmac=hunter2",
  "https://cdn/k?__token__=exp=1700000000~hmac=hunter2",
  "https://cdn/k?verify=1700000000-hunter2",
  "https://cdn/k?st=hunter2AbCdEfGh&e=1700000000",
  "https://cdn/k?auth_key=1700000000-0-0-hunter2",
];

describe.each(SIGNED)("the signed address %s", (address) => {
  const written = [
    address,
    // Behind `#`, behind a parameter, with `;`, with encoded and with other letters.
    address.replace("?", "#"),
    address.replace("?", "?download=1&"),
    address.replaceAll("&", ";"),
    address.replace(/(?<=[?&])(\w)/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    address.replace(/(?<=\?).*/, (query) => query.replace(/[\w-]+(?==)/g, (name) => name.toLowerCase())),
  ];
  test("is no uri of a data set", () => {
    for (const uri of written) expect(holdsSecret(uri), uri).toBe(true);
  });
  test("keeps no secret as an argument, in a text and as a remote", () => {
    for (const uri of written)
      for (const text of [uri, `--data=${uri}`, `curl -L '${uri}' -o x`, `GET ${uri}: 403`, JSON.stringify({ uri })])
        expect(scrub(text), text).not.toContain("hunter2");
    for (const uri of written) expect(cleanRemoteUrl(uri) ?? "", uri).not.toContain("hunter2");
  });
});

test.each(["https://h/token=hunter2x/b.git", "https://h/a/access_token=hunter2x", "s3://b/password:hunter2x/k"])(
  "a secret in the path: %s",
  (uri) => {
    expect(holdsSecret(uri)).toBe(true);
    expect(cleanRemoteUrl(uri) ?? "").not.toContain("hunter2x");
  },
);

test.each([
  "https://h/data?version=3&format=csv",
  "https://h/data?policy=greedy&share=true&secure=1",
  "https://h/data?st=CA&signed=false&verify=true",
  "https://h/data?st=2024-01-01T00:00:00Z&se=2024-01-02",
  "https://h/data#sheet=2",
])("%s is no signed address", (address) => {
  expect(holdsSecret(address)).toBe(false);
  expect(scrub(address)).toBe(address);
});

/** As a service may give it: neither a word nor of a known shape. */
const RANDOM = "Zq8Xw3Lm9Tp2Vb7Nc4Kd6Rf1";
/** Digests and commits look random too, and are not secret. */
const DIGESTS = [32, 40, 64, 128].map(hex);

/** What commands are called with, and what failed commands are reported with. */
const COMMANDS = [
  "--api-key hunter2",
  "--api-key=hunter2",
  "--api_key hunter2",
  "--access-key hunter2",
  "--client-secret hunter2",
  "--auth hunter2",
  "--auth=hunter2",
  "--password hunter2",
  '--password="my hunter2"',
  "--passphrase hunter2",
  "--secret hunter2",
  "--token hunter2",
  "-Dpassword=hunter2",
  "/password:hunter2",
  "mysql -u root -phunter2 db",
  "mysql -u root -p hunter2",
  "/usr/bin/mysqldump -phunter2 db",
  "sshpass -p hunter2 ssh -p 22 h",
  "docker login -u ann -p hunter2 registry",
  "redis-cli -a hunter2",
  "unzip -P hunter2 x.zip",
  "ldapsearch -w hunter2",
  "openssl rsa -passin pass:hunter2",
  "curl -u ann:hunter2 https://h",
  "curl -uann:hunter2 https://h",
  "curl --user ann:hunter2 https://h",
  "curl --proxy-user=ann:hunter2 https://h",
  'curl -H "Authorization: hunter2" https://h',
  'curl -H "Authorization: Custom hunter2" https://h',
  "curl -H 'X-Api-Key: hunter2' https://h",
  "PASSWORD=hunter2 train",
  "PASSWORD='my hunter2' train",
];

const TEXTS = [
  "<password>hunter2</password>",
  '<ns:clientSecret type="x">hunter2</ns:clientSecret>',
  '<add key="Password" value="hunter2"/>',
  "Incorrect API key provided: hunter2.",
  "access token: hunter2",
  "spring.api.key=hunter2",
  "spring.datasource.password=hunter2",
  "password => hunter2",
  "password := hunter2",
  ':password "hunter2"',
  "machine h login ann password hunter2",
  "ALTER USER ann IDENTIFIED BY 'hunter2'",
  'Authorization: Digest username="ann", response="hunter2"',
  'headers["authorization"] = "hunter2"',
  '{"name":"API_KEY","value":"hunter2"}',
  "name: DB_PASSWORD, value: hunter2",
];

/** What a message says of secrets, and what only looks like one. */
const ORDINARY = [
  "token count: 5",
  "password is wrong",
  "password: Required",
  "apiKey: Invalid input",
  "password=undefined",
  "the option --token is required",
  "--password must be given",
  "usage: train --password <password> --token TOKEN",
  "--tokenizer bert",
  "--auth-mode none",
  "auth=none",
  "auth=oauth2 failed",
  "auth=Basic;retries=3",
  "--key loss",
  "--pass 3 of 5",
  "--password-file /run/secrets/db",
  "max_tokens=100",
  "key: loss",
  "key=val_loss_epoch_0010",
  "name: key, value: 5",
  "SELECT * FROM params WHERE params.key = 'lr' AND metric.key = $metric",
  'emit("key", "runs/1/run.json")',
  "Node.token => value",
  '{"name":"loss","value":0.5}',
  'expected one of "token", "password", "key"',
  "API key not found",
  "hmac: sha256",
  "tokens per second: 1234.56",
  "listen -p 8080",
  "docker run -p 8080:80 -u 1000:1000 image",
  "mysql -p -h host",
  "mysql -p 3306",
  "mkdir -p /data/model-2024-checkpoint/Run5",
  "curl -o x https://h:8080/y",
  "git clone ssh://git@github.com/o/r.git",
  "git@github.com:o/r.git",
  "postgres://ann@h/db",
  "(key, value) => value",
  "<Error><Code>NoSuchKey</Code><Key>runs/0190/x.json</Key></Error>",
  "request id 8e1f2a3b-4c5d-4e6f-8a7b-9c0d1e2f3a4b",
  "sk-learn is missing, hf_hub_download failed",
  ...DIGESTS.flatMap((digest) => [
    `sha256:${digest}`,
    `commit ${digest}`,
    `key: ${digest}`,
    `image:v3@sha256:${digest}`,
  ]),
];

/** Code and output of programs that train models. None of it holds a secret. */
const OF_MODELS = [
  "tokenizer.pad_token = tokenizer.eos_token",
  "pad_token = '[PAD]'",
  'eos_token="<|endoftext|>"',
  'pad_token="<|reserved_special_token_250|>"',
  'image_pad_token = "<image>"',
  'video_break_token = "<video>"',
  'special_tokens = {"mask_token": "<mask>", "sep_token": "[SEP]"}',
  "next_token = logits[:, -1].argmax(-1)",
  "token = tokenizer.decode(ids[0])",
  "loss_per_token: float = 2.31",
  "loss_per_token=2.31",
  "loss_per_token=2.3145678901234e-05",
  "perplexity_per_token: 3.21",
  "Epoch 1 next_token: 0.93",
  "expert_token: 0.25",
  "token: 123",
  "pad_token: [PAD]",
  'train.py --pad-token "<pad>" --sort-key lr',
  'sort_key = "learning_rate"',
  "primary_key: id",
  "forward_pass: 12.3 ms, backward_pass=0.5",
  "self.register_token = nn.Parameter(torch.randn(4, dim))",
  "rng_key = jax.random.PRNGKey(42)",
  'api_key = os.environ["OPENAI_API_KEY"]',
  'api_key: str = os.environ["OPENAI_API_KEY"]',
  'api_key = os.environ.get("OPENAI_API_KEY")',
  'api_key=os.getenv("OPENAI_API_KEY"),',
  "const apiKey = process.env.OPENAI_API_KEY;",
  'const apiKey = process.env["OPENAI_API_KEY"]!;',
  "apiKey: process.env.OPENAI_API_KEY,",
  "password = getpass.getpass()",
  'password = getpass.getpass("Password: ")',
  "login(token=args.hf_token)",
  "connect(user, password=config.password)",
  "client = Client(api_key=api_key)",
  "def connect(api_key: str, password: str):",
  'key = input("Enter API key: ")',
  "hf_token = userdata.get('HF_TOKEN')",
];

/** Looks like the code above, but holds a secret. */
const LIKE_MODELS = [
  "password=hunter2.word",
  "password: hunter2",
  "api_key: str = 'hunter2'",
  'api_key: Optional[str] = "hunter2"',
  'password = SecretStr("hunter2")',
  'password = str("hunter2")',
  'password = f"{user}hunter2"',
  "password = b'hunter2'",
  'password = os.environ.get("DB_PASSWORD", "hunter2")',
  'password = os.environ["DB_PASSWORD"] or "hunter2"',
  'password: process.env.DB_PASSWORD ?? "hunter2"',
  "password=hunter2(2024)",
  "password=hunter2[1]",
  'password="<hunter2>"',
  'password="[hunter2]"',
  "db_password=hunter2.example.com",
  "secret_sort_key = hunter2",
  "hf_token = hunter2",
  "Server=h;Password=config.hunter2_key;Encrypt=true",
];

test.each(OF_MODELS)("code and output of models stay: %s", (text) => {
  for (const whole of [text, `x = 1\n    ${text}\ny = 2`]) expect(scrub(whole)).toBe(whole);
});

test.each(LIKE_MODELS)("secrets in such code are found: %s", (text) => {
  expect(scrub(`x = 1\n${text}\ny = 2`)).not.toContain(SECRET);
});

test("numbers are passwords, but not tokens, and ordinary names have random values withheld", () => {
  expect(scrub("password=12345678, otp: 123456")).toBe("password=[redacted], otp: [redacted]");
  expect(scrub("access_token=12345678")).toBe("access_token=[redacted]");
  for (const name of ["next_token", "primary_key"]) {
    expect(scrub(`${name} = "${RANDOM}"`)).toBe(`${name} = [redacted]`);
    expect(scrub(`${name}=${RANDOM}`)).not.toContain(RANDOM);
    expect(redactArguments([`--${name}`, RANDOM])).toEqual([`--${name}`, "[redacted]"]);
    expect(redactData({ [name]: RANDOM })).toEqual({ [name]: "[redacted]" });
  }
  const data = { pad_token: "<pad>", loss_per_token: 2.31, sort_key: "lr", argv: ["--pad-token", "<pad>"] };
  expect(redactData(data)).toEqual(data);
});

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
    "https://h\\@u:hunter2@x",
    `https://h/bot123456789:AA${letters(33)}/x`,
    "https://h/x?ＴＯＫＥＮ=hunter2",
    `ssh://${RANDOM}@h/x`,
    `ssh://${hex(40)}@h/x`,
    `ssh://gl${"pat"}-abc@h/x`,
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
  "ssh://git@host/x",
  "ssh://svc-deploy-prod-2024@host/x",
  "git@github.com:owner/repository.git",
  "s3://b/user_key=5/my data/token=7/part-0.parquet",
  'https://h/x?filter={"split":"train","key":"loss"}',
  "https://huggingface.co/datasets/squad/resolve/main/train-v2.0.json?download=true",
  "https://h/x?versionId=3HL4kqtJvjVBH40Nrjfkd&st=2024-01-01",
  "data:text/csv,a,b,c",
  ...DIGESTS.flatMap((digest) => [`s3://b/sha256/${digest}`, `https://h/x@${digest}`, `git+ssh://git@h/r#${digest}`]),
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
    ...COMMANDS,
    ...TEXTS,
    `Authorization: Bearer ${SECRET}`,
    `"authorization": "Basic ${SECRET}"`,
    `Cookie: a=b; c=${SECRET}`,
    `{"password":"my ${SECRET}","user":"a"}`,
    `{\\"api_key\\":\\"${SECRET}\\"}`,
    `auth=${SECRET}`,
    `connect: auth=${SECRET}, retries=3`,
    `redis.auth="${SECRET}"`,
    `Server=h;Database=d;User Id=sa;Password=${SECRET};`,
    `AWS_SECRET_ACCESS_KEY=${SECRET} node train.js`,
    `PGPASSWORD=${SECRET}`,
    `unknown token: abc123def456${SECRET}`,
    `clientSecret = '${SECRET}'`,
  ])("%s", (text) => {
    for (const message of [text, `request failed: ${text}`, `${text}\n    at train (file:///a/train.js:1:2)`])
      expect(scrub(message)).not.toContain(SECRET);
  });

  test.each(["SECRET", "PASSWORD", "MY_TOKEN"])("the password %s in a connection string", (value) => {
    for (const text of [
      `Server=h;Uid=sa;Password=${value};Encrypt=true`,
      `Server=h;Password=${value}`,
      `Server=h; Pwd=${value}`,
      `Password=${value};Server=h`,
    ])
      expect(scrub(`cannot connect to ${text}`)).toBe(`cannot connect to ${text.replace(value, "[redacted]")}`);
    // Usage texts stay.
    for (const text of [`--password ${value}`, `password=${value} train`]) expect(scrub(text)).toBe(text);
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
    ...ORDINARY,
  ])("what is none stays: %s", (text) => {
    expect(scrub(text)).toBe(text);
  });

  test.each(["-p ", "-p", "-p=", "secret is ", "password ", "token ", '["API_KEY","', "Incorrect API key provided: "])(
    "what can only be a token behind %s",
    (before) => {
      expect(scrub(`Command failed: ${before}${RANDOM}"`)).not.toContain(RANDOM);
    },
  );

  test("ordinary messages stay whatever is around them", () => {
    const words = fc.array(fc.constantFrom("step", "epoch 3", "loss 0.5", "the file", "at 12:30:45", "(3)", "while"));
    fc.assert(
      fc.property(words, fc.constantFrom(...ORDINARY), words, (before, message, after) => {
        const text = [...before, message, ...after].join("\n");
        expect(scrub(text)).toBe(text);
      }),
    );
  });

  test("digests and commits stay", () => {
    const digest = fc
      .constantFrom(40, 64)
      .chain((length) =>
        fc
          .array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
          .map((digits) => digits.join("")),
      );
    const places = ["commit {}", "sha256:{}", "key: {}", "HEAD is now at {}", "https://h/o/r/tree/{}", "blobs/{}.bin"];
    fc.assert(
      fc.property(digest, fc.constantFrom(...places), (digits, place) => {
        const text = place.replace("{}", digits);
        expect(scrub(text)).toBe(text);
        expect(holdsSecret(text)).toBe(false);
      }),
    );
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

test("a user with a password is kept without it, and a user with a group as it is", () => {
  const redacted = redactArguments(["--user", "alice:hunter2", "-u", "bob:hunter2", "--user=c:hunter2", "curl"]);
  expect(redacted).toEqual(["--user", "alice:[redacted]", "-u", "bob:[redacted]", "--user=c:[redacted]", "curl"]);
  const groups = ["--user", "1000:1000", "-u", "node:node", "--user", "www-data:www-data", "-u", "app:grp1"];
  expect(redactArguments(groups)).toEqual(groups);
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
    `{"__proto__":{"API_KEY":"${SECRET}"},"argv":["--token","${SECRET}"],
      "env":{"HOME":"/home/ann","DATABASE_URL":"postgres://u:${SECRET}@h"},
      "list":["TOKEN=${SECRET}1234567",5,null],"credentials":{"any":"${SECRET}"},"cores":8,"token":"","secret":true}`,
  );
  const copy = redactData(data);
  expect(JSON.stringify(copy)).not.toContain(SECRET);
  expect(copy).toEqual(
    JSON.parse(
      `{"__proto__":{"API_KEY":"[redacted]"},"argv":["--token","[redacted]"],
        "env":{"HOME":"/home/ann","DATABASE_URL":"postgres://[redacted]@h"},
        "list":["TOKEN=[redacted]",5,null],"credentials":"[redacted]","cores":8,"token":"","secret":true}`,
    ),
  );
});

test("data that the user gives has no secrets in lists, pairs and names", () => {
  const cases: [object, object][] = [
    [{ tokens: [RANDOM] }, { tokens: ["[redacted]"] }],
    [
      { tokens: ["<pad>", "loss"], keys: 5 },
      { tokens: ["<pad>", "loss"], keys: 5 },
    ],
    [
      { CREDS: SECRET, kEY: SECRET },
      { CREDS: "[redacted]", kEY: "[redacted]" },
    ],
    [{ env: [["API_KEY", SECRET]] }, { env: [["API_KEY", "[redacted]"]] }],
    [{ fields: ["password", "name"] }, { fields: ["password", "name"] }],
    [{ list: [{ name: "API_KEY", value: SECRET }] }, { list: [{ name: "API_KEY", value: "[redacted]" }] }],
    [{ list: [{ name: "key", value: 5 }] }, { list: [{ name: "key", value: 5 }] }],
    [{ cmd: ["x", "--token", SECRET] }, { cmd: ["x", "--token", "[redacted]"] }],
    [{ cmd: ["mysql", `-p${SECRET}`, "db"] }, { cmd: ["mysql", "-p[redacted]", "db"] }],
    [{ cmd: ["curl", "-u", `ann:${SECRET}`] }, { cmd: ["curl", "-u", "ann:[redacted]"] }],
    [{ cmd: ["serve", "-p", "8080"] }, { cmd: ["serve", "-p", "8080"] }],
    [
      { [`password=${SECRET}`]: 1, [`password=${SECRET}2`]: 2 },
      { "password=[redacted]": "[redacted]", "password=[redacted] 2": "[redacted]" },
    ],
    [{ [`h${"f"}_${letters(34)}`]: 1 }, { "[redacted]": 1 }],
  ];
  for (const [data, kept] of cases) expect(redactData(data as never)).toEqual(kept);
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
  const code = ["token=a.", "api_key=f(a,", 'api_key=a["b"]', "api_key=a(b)", "api_key: str = ", "pad_token=<"];
  const flags = [
    ...code,
    "--api-key ",
    "-p",
    "-u a:",
    "mysql -p",
    "curl -u ",
    '"password",',
    "key provided: ",
    "name=key,",
  ];
  const rest = [
    "<password>",
    "<",
    "a-",
    "a:b@",
    "eyJhbGciOiJIUzI1NiJ9.ey",
    ".eyJ",
    "bot1:",
    "machine a login ",
    "password ",
  ];
  for (const part of [...parts, ...more, ...flags, ...rest, 'secret="']) {
    for (const look of [scrub, holdsSecret]) {
      const begin = process.cpuUsage();
      look(part.repeat(Math.floor(200_000 / part.length)));
      // Quadratic, it would take seconds. It takes some hundredths of a second.
      expect(process.cpuUsage(begin).user, `${look.name} ${part}`).toBeLessThan(500_000);
    }
  }
});

test.each([
  [
    "cannot connect: postgres://user:p@hunter2@db.example.com/x",
    "cannot connect: postgres://[redacted]@db.example.com/x",
  ],
  ["postgres://user:p@a@hunter2@db/x?y=a@b", "postgres://[redacted]@db/x?y=a@b"],
  ["https://user:pa hunter2@host/", "https://[redacted]@host/"],
  ['{"password":["hunter2"]}', '{"password":[redacted]}'],
  ['{"password": [ "a", "hunter2" ], "x": 1}', '{"password": [redacted], "x": 1}'],
  ['{"password":{"value":"hunter2"},"x":1}', '{"password":[redacted],"x":1}'],
  ['{\\"password\\":[\\"hunter2\\"]}', '{\\"password\\":[redacted]}'],
  ["SECRET_KEY_BASE=hunter2", "SECRET_KEY_BASE=[redacted]"],
  [
    "Authorization: AWS4-HMAC-SHA256 Credential=x/2024, SignedHeaders=host, Signature=hunter2",
    "Authorization: [redacted]",
  ],
  ["\u001b[31mpassword\u001b[0m=hunter2", "password=[redacted]"],
  ["\u001b[1;31mapi_key\u001b[0m: hunter2", "api_key: [redacted]"],
  ["{ password: \u001b[32m'correct-horse-9'\u001b[39m }", "{ password: [redacted] }"],
  ["\u001b[1mPassword:\u001b[22m hunter2secret", "Password: [redacted]"],
  ["\u001b[36mDB_PASSWORD\u001b[39m\u001b[2m=\u001b[22mhunter2secret", "DB_PASSWORD=[redacted]"],
  ["\u009b31mpassword\u001b(B\u009bm: \u001b[38;5;208mhunter2secret\u001b[0m", "password: [redacted]"],
  ["password=\u001b]8;;http://x\u0007hunter2secret9\u001b]8;;\u0007", "password=[redacted]"],
  [
    "\u001b]8;;http://u:hunter2@x/\u001b\\link\u001b]8;;\u001b\\",
    "\u001b]8;;http://[redacted]@x/\u001b\\link\u001b]8;;\u001b\\",
  ],
  ["pass\u001b[1mword=hun\u001b[0mter2secret", "password=[redacted]"],
  [
    "\u001b[31mred\u001b[39m\npassword=\u001b[1mhunter2\u001b[0m\nend",
    "\u001b[31mred\u001b[39m\npassword=[redacted]\nend",
  ],
])("%j: the whole secret is removed, and nothing else", (text, expected) => {
  expect(scrub(text)).toBe(expected);
  expect(scrub(expected)).toBe(expected);
});

test.each([
  "http://localhost:5432 admin@host",
  "ssh://git@host/org/repo@v1",
  "see https://example.com/a and mail user@host",
  "tokens: [1, 2, 3]",
  'words: ["a", "b"], tokens: ["the", "a"]',
  "\u001b[31merror\u001b[0m: 5",
])("%j stays", (text) => expect(scrub(text)).toBe(text));
