import { appendFileSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { captureGit } from "runledger/git";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cleanRemoteUrl } from "../../src/git/remote-url.ts";
import { Repository, lines } from "./repository.ts";
import { letters, TOKENS } from "./token-corpus.ts";

test("these are 60 shapes", () => expect(new Set(TOKENS).size).toBeGreaterThanOrEqual(60));

const KEY = `-----BEGIN RSA PRIVATE KEY-----\n${`${letters(64)}\n`.repeat(10)}-----END RSA PRIVATE KEY-----\n`;

let repository: Repository;
const dispose = (): void => repository.dispose();

function begin(): void {
  repository = new Repository();
  repository.begin();
}

/** Returns all text of a snapshot. */
function textOf(code: Awaited<ReturnType<typeof captureGit>>): string {
  const { patch, ...rest } = code ?? {};
  return JSON.stringify(rest) + new TextDecoder().decode(patch);
}

describe("remotes", () => {
  const T = TOKENS[0] as string;
  test.each([
    ["https://github.com/a/b.git", "https://github.com/a/b.git"],
    [`https://${T}@github.com/a/b.git`, "https://github.com/a/b.git"],
    [`https://${T}:@github.com/a/b.git`, "https://github.com/a/b.git"],
    [`https://x:${T}@github.com/a/b.git`, "https://github.com/a/b.git"],
    [`https://oauth2:${T}@gitlab.com:8443/a/b`, "https://gitlab.com:8443/a/b"],
    [`https://github.com/a/b.git?access_token=${T}`, "https://github.com/a/b.git"],
    [`https://github.com/a/b.git#${T}`, "https://github.com/a/b.git"],
    [`HTTPS://u:${T}@github.com/a`, "https://github.com/a"],
    [`git+https://u:${T}@github.com/a`, "https://github.com/a"],
    [`git+ssh://git:${T}@github.com/a`, "ssh://github.com/a"],
    ["ssh://git@github.com/a/b.git", "ssh://git@github.com/a/b.git"],
    [`ssh://${T}@github.com/a/b.git`, "ssh://github.com/a/b.git"],
    ["git@github.com:a/b.git", "git@github.com:a/b.git"],
    [`${T}@github.com:a/b.git`, "github.com:a/b.git"],
    ["git://host/a", "git://host/a"],
    ["https://[::1]:8080/a", "https://[::1]:8080/a"],
    [`https://u:pa/${T}@github.com/a`, undefined],
    [`https://u:pa?${T}@github.com/a`, undefined],
    [`https://u:pa#${T}@github.com/a`, undefined],
    [`https:/u:${T}@github.com/a`, undefined],
    [`https:\\\\u:${T}@github.com/a`, undefined],
    [`https://h\\@u:${T}@x/a`, undefined],
    [`u:${T}@github.com:a`, undefined],
    ["https://github.com/me:password%40github.com/a", undefined],
    ["https://github.com/%2f%2fme:password%2540github.com/a", undefined],
    ["https://github.com/me%3Apassword/a.git", undefined],
    ["https://github.com/oauth2:me/a.git", undefined],
    ["https://mirror.org/https://me:password@github.com/a", undefined],
    ["https://mirror.org/https://oauth2:me/a", undefined],
    ["https://mirror.org/https://github.com/a", "https://mirror.org/https://github.com/a"],
    ["ssh://github.com/me:password/a", undefined],
    ["github.com:me:password/a", undefined],
    ["git@github.com:me%3Apassword%40github.com/a", undefined],
    ["https://dev.azure.com/a/My%20Project/_git/b", "https://dev.azure.com/a/My%20Project/_git/b"],
    [`ext::sh -c ${T}`, undefined],
    ["file:///home/me/a", undefined],
    ["/home/me/a", undefined],
    ["../a", undefined],
    ["C:\\me\\a", undefined],
    ["C:/me/a", undefined],
    [`data:${T}`, "data:[redacted]"],
    ["https://host/k7p2m9q4x8z1w5v3/me.git", "https://host/[redacted]/me.git"],
    ["https://host/0123456789abcdef0123456789abcdef01234567/me.git", "https://host/[redacted]/me.git"],
    ["https://host/me/k7p2m9q4x8z1w5v3.git", "https://host/me/[redacted]"],
    ["https://host/k7p2m9q4x8z1%775v3/me.git", "https://host/[redacted]/me.git"],
    ["https://host/a;token=hunter2/b.git", "https://host/a;token=[redacted]"],
    ["ssh://git@host/k7p2m9q4x8z1w5v3/me.git", "ssh://git@host/[redacted]/me.git"],
    ["git@host:k7p2m9q4x8z1w5v3/me.git", "git@host:[redacted]/me.git"],
    ["ssh://k7p2m9q4x8z1w5v3@host/a", "ssh://host/a"],
    ["ssh://abcdef0123456789abcdef0123456789@host/a", "ssh://host/a"],
    [
      "https://gist.github.com/0123456789abcdef0123456789abcdef.git",
      "https://gist.github.com/0123456789abcdef0123456789abcdef.git",
    ],
    ["https://host/a/550e8400-e29b-41d4-a716-446655440000/b", "https://host/a/550e8400-e29b-41d4-a716-446655440000/b"],
    ["https://host/organization2024/repository-v2.git", "https://host/organization2024/repository-v2.git"],
  ])("%s", (url, expected) => {
    const cleaned = cleanRemoteUrl(url);
    expect(cleaned ?? "").not.toContain(T);
    if (expected === undefined) expect(cleaned ?? "").not.toMatch(/me|pa\b|@github|sh -c/);
    expect(cleaned).toBe(expected);
  });
});

describe("remotes of a repository", () => {
  beforeEach(begin);
  afterEach(dispose);

  test.each(["git", "isomorphic-git"] as const)("%s records no token of a remote", async (engine) => {
    const remotes = TOKENS.flatMap((token, i) => [
      [`user${i}`, `https://${token}@example.org/a${i}`],
      [`password${i}`, `https://u:${token}@example.org/a${i}`],
      [`path${i}`, `https://example.org/${token}/a${i}`],
      [`query${i}`, `https://example.org/a${i}?x=${token}`],
    ]);
    const settings = [...remotes, ["local", "/somewhere/private"]].map(
      ([name, url]) => `[remote "${name}"]\n\turl = "${url}"\n`,
    );
    appendFileSync(join(repository.directory, ".git/config"), settings.join(""));
    const code = await captureGit({ directory: repository.directory, engine });
    const text = textOf(code);
    for (const token of TOKENS) expect(text).not.toContain(token);
    expect(text).not.toContain("private");
    expect(code?.remotes).toHaveLength(4 * TOKENS.length);
    expect(code?.remotes).toContainEqual({ name: "user0", url: "https://example.org/a0" });
    expect(code?.incomplete).toEqual([
      `remotes: parts of ${4 * TOKENS.length} withheld, they may be secrets`,
      "remotes: 1 withheld, not a plain address of another computer",
    ]);
  });
});

describe.each(["git", "isomorphic-git"] as const)("patches of %s", (engine) => {
  beforeEach(begin);
  afterEach(dispose);

  const captured = (options: object = {}): ReturnType<typeof captureGit> =>
    captureGit({ directory: repository.directory, engine, ...options });

  test("each token is withheld with its hunk, and the rest still applies", async () => {
    for (const [i, token] of [...TOKENS, KEY].entries()) {
      const text = lines(40, "train")
        .replace("train 5\n", `const x = "${token}";\n`)
        .replace("train 30\n", "changed\n");
      repository.write(`f${i}.ts`, lines(40, "train"));
      repository.write(`../text${i}`, text);
    }
    repository.git("add", "--all");
    repository.git("commit", "--quiet", "--message", "files");
    for (const i of [...TOKENS, KEY].keys()) {
      repository.write(`f${i}.ts`, readFileSync(join(repository.top, `text${i}`)));
    }
    const code = await captured();
    const text = textOf(code);
    for (const token of [...TOKENS, KEY]) expect(text).not.toContain(token.slice(0, 40));
    expect(code?.incomplete).toEqual([`patch: ${TOKENS.length + 1} hunks withheld, they look like secrets`]);
    expect(new TextDecoder().decode(code?.patch).match(/^\+changed$/gm)).toHaveLength(TOKENS.length + 1);
    expect(repository.patchedTree(code?.patch)).toMatch(/^[0-9a-f]{40}$/);
  });

  test("the default of an option for a secret is withheld", async () => {
    const option = (value: string): string => `p.add_argument("--password", help="of the base", default="${value}")\n`;
    repository.write("args.py", option(""));
    repository.git("add", "--all");
    repository.git("commit", "--quiet", "--message", "args");
    repository.write("args.py", option("hunter2abc9"));
    repository.write("train.ts", 'p.add_argument("--model", default="resnet50")\n');
    const code = await captured();
    expect(code?.incomplete).toEqual(["patch: 1 hunk withheld, they look like secrets"]);
    expect(textOf(code)).not.toContain("hunter2abc9");
    expect(textOf(code)).toContain("resnet50");
  });

  test("a password in a call that signs in is withheld", async () => {
    repository.write("api.ts", "get(url);\n");
    repository.git("add", "--all");
    repository.git("commit", "--quiet", "--message", "api");
    repository.write("api.ts", 'get(url).auth("alice", "hunter2abc9");\n');
    repository.write("train.ts", 'model.connect("conv1", "relu1", "pool22");\n');
    const code = await captured();
    expect(code?.incomplete).toEqual(["patch: 1 hunk withheld, they look like secrets"]);
    expect(textOf(code)).not.toContain("hunter2abc9");
    expect(textOf(code)).toContain("pool22");
  });

  test("a secret that is taken out is withheld too", async () => {
    repository.write("train.ts", `key = "${TOKENS[0]}"\n`);
    repository.git("commit", "--quiet", "--all", "--message", "oops");
    repository.write("train.ts", "key = process.env\n");
    const code = await captured();
    expect(textOf(code)).not.toContain(TOKENS[0]);
    expect(code?.patch).toBeUndefined();
    expect(code).toMatchObject({ dirty: true, changes: [{ path: "train.ts", status: "modified" }] });
  });

  test("the middle of a private key is withheld", async () => {
    repository.write("text.txt", `${lines(9, "x")}${KEY}`);
    repository.git("add", "--all");
    repository.git("commit", "--quiet", "--message", "key");
    const changed = KEY.split("\n");
    changed[6] = letters(63) + "Z";
    repository.write("text.txt", `${lines(9, "x")}${changed.join("\n")}`);
    const code = await captured();
    expect(textOf(code)).not.toContain(letters(60));
    expect(code?.incomplete).toEqual(["patch: 1 hunk withheld, they look like secrets"]);
  });

  test("a secret in a binary file withholds the file", async () => {
    repository.write(
      "data.bin",
      Buffer.concat([Buffer.alloc(100), Buffer.from(TOKENS[0] as string), Buffer.alloc(100)]),
    );
    repository.write("train.ts", "changed\n");
    const code = await captured();
    expect(code?.incomplete).toEqual(["patch: 1 file withheld, they may hold secrets"]);
    expect(new TextDecoder().decode(code?.patch)).not.toContain("GIT binary patch");
    expect(new TextDecoder().decode(code?.patch)).toContain("train.ts");
  });

  test.each([
    ["little endian", false, true],
    ["big endian", true, true],
    ["little endian without a mark", false, false],
    ["big endian without a mark", true, false],
  ])("a secret in UTF-16 withholds the file: %s", async (_, isBig, hasMark) => {
    const encode = (text: string): Buffer => {
      const encoded = Buffer.from(`${hasMark ? "\uFEFF" : ""}${text}`, "utf16le");
      return isBig ? encoded.swap16() : encoded;
    };
    const text = lines(200, "setting");
    repository.write("settings.txt", encode(text));
    repository.write("train.ts", "changed\n");
    repository.git("add", "--all");
    repository.git("commit", "--quiet", "--message", "settings");
    repository.write("settings.txt", encode(text.replace("setting 50\n", `token = ${TOKENS[0]}\n`)));
    repository.write("new.txt", encode(`${text}password\t=\t"hunter2hunter"\r\ntoken = ${TOKENS[1]}\n`));
    repository.git("add", "new.txt");
    const code = await captured();
    expect(code?.incomplete).toEqual(["patch: 2 files withheld, they may hold secrets"]);
    expect(code?.patch).toBeUndefined();
    // Git then compares the files as text.
    repository.write(".gitattributes", "*.txt diff\n");
    const asText = await captured();
    expect(asText?.incomplete.join()).toMatch(/withheld/);
    expect(
      Buffer.from(asText?.patch ?? [])
        .toString()
        .replaceAll("\0", ""),
    ).not.toMatch(/gh[a-z]_/);
  });

  test("a secret in a small part of a large binary file withholds the file", async () => {
    const content = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * i * 7 + (i >> 3)) % 256));
    repository.write("model.bin", content);
    repository.git("add", "--all");
    repository.git("commit", "--quiet", "--message", "model");
    const token = TOKENS[0] as string;
    repository.write(
      "model.bin",
      Buffer.concat([content.subarray(0, 9000), Buffer.from(token), content.subarray(9000)]),
    );
    const code = await captured();
    expect(code?.incomplete).toEqual(["patch: 1 file withheld, they may hold secrets"]);
    expect(code?.patch).toBeUndefined();
    repository.write(
      "model.bin",
      Buffer.concat([content.subarray(0, 9000), Buffer.from("harmless"), content.subarray(9000)]),
    );
    const harmless = await captured();
    expect(harmless?.incomplete).toEqual([]);
    expect(repository.patchedTree(harmless?.patch)).toBe(repository.workTree());
  });

  test("files for secrets are withheld, whatever they hold", async () => {
    const names =
      ".env|deep/.env.local|.npmrc|server.pem|tls.key|id_rsa|credentials.json|prod.env|deep/secrets.json|client_secret_1.json";
    for (const name of names.split("|")) repository.write(name, "anything\n");
    repository.git("add", "--all");
    const code = await captured();
    expect(code?.patch).toBeUndefined();
    expect(code?.changes).toHaveLength(10);
    expect(code?.incomplete).toEqual(["patch: 10 files withheld, they may hold secrets"]);
  });

  test("names are redacted", async () => {
    const token = TOKENS[0] as string;
    repository.write(`${token}.txt`, "x\n");
    repository.write(`added-${token}.txt`, "x\n");
    repository.git("add", `added-${token}.txt`);
    repository.git("tag", token);
    repository.git("checkout", "--quiet", "-b", `of/${token}`);
    const code = await captured({ untrackedContents: true });
    expect(textOf(code)).not.toContain(token);
    expect(code?.incomplete.at(-1)).toBe("names: 4 redacted, they look like secrets");
  });

  test("contents of untracked files are taken if asked for, without secrets", async () => {
    repository.write("notes.txt", "a note\n");
    repository.write("empty.txt", "");
    repository.write("blob.dat", Uint8Array.from([0, 1, 2, 3]));
    repository.write("secret.txt", `token = ${TOKENS[0]}\n`);
    repository.write(".env", "X=1\n");
    expect((await captured())?.patch).toBeUndefined();
    const code = await captured({ untrackedContents: true });
    expect(code?.dirty).toBe(false);
    expect(code?.incomplete).toEqual([
      "patch: 1 untracked file withheld, they may hold secrets",
      "patch: 1 hunk withheld, they look like secrets",
    ]);
    expect(textOf(code)).not.toContain(TOKENS[0]);
    repository.git("add", "notes.txt", "empty.txt", "blob.dat");
    expect(repository.patchedTree(code?.patch)).toBe(repository.git("write-tree").trim());
  });

  test("a file whose type changed is in a patch with both sides, or not at all", async () => {
    repository.write("long.txt", lines(2000, "line"));
    repository.git("add", "--all");
    repository.git("commit", "--quiet", "--message", "long");
    repository.remove("long.txt");
    symlinkSync("elsewhere", join(repository.directory, "long.txt"));
    repository.write("train.ts", "changed\n");
    const whole = new TextDecoder().decode((await captured())?.patch);
    expect(whole.match(/^diff --git a\/long\.txt/gm)?.length).toBe(2);
    const code = await captured({ maxPatchBytes: 2000 });
    expect(code?.incomplete).toEqual(["patch: it would be longer than 2000 bytes; left out 1 file: long.txt"]);
    expect(new TextDecoder().decode(code?.patch).match(/^diff --git .*$/gm)).toEqual([
      "diff --git a/train.ts b/train.ts",
    ]);
  });

  test("a patch has every file that fits, whatever comes first", async () => {
    repository.write("a.txt", lines(200_000, "line"));
    repository.write("b.txt", "b\n");
    repository.write("c/d e.txt", lines(5000, "line"));
    repository.remove("run.sh");
    repository.git("add", "--all");
    const code = await captured({ maxPatchBytes: 2000 });
    expect(code?.incomplete).toEqual(["patch: it would be longer than 2000 bytes; left out 2 files: a.txt, c/d e.txt"]);
    const patch = new TextDecoder().decode(code?.patch);
    expect(patch.match(/^diff --git .*$/gm)).toEqual(["diff --git a/b.txt b/b.txt", "diff --git a/run.sh b/run.sh"]);
    expect(code?.changes.map(({ path }) => path)).toEqual(["a.txt", "b.txt", "c/d e.txt", "run.sh"]);
    expect((await captured({ patch: false }))?.patch).toBeUndefined();
  });
});
