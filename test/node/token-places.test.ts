import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inflateRawSync, inflateSync } from "node:zlib";
import { memoryBackend } from "runledger/backends/memory";
import { openLedger } from "runledger/node";
import type { Backend } from "runledger";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { lines, Repository } from "../git/repository.ts";
import { TOKENS } from "../git/token-corpus.ts";

let repository: Repository;
beforeEach(() => {
  repository = new Repository();
  repository.begin();
});
afterEach(() => {
  repository.dispose();
  vi.unstubAllEnvs();
});

/** Begins of compressed streams, and what inflates them. */
const STREAMS: readonly (readonly [
  begin: string,
  skip: (bytes: Buffer) => number,
  inflate: (bytes: Buffer) => Buffer,
])[] = [
  // Without the checks of gunzip, which fails if something follows.
  ["1f8b0800", () => 10, (bytes) => inflateRawSync(bytes, { finishFlush: 2 })],
  ["789c", () => 0, (bytes) => inflateSync(bytes, { finishFlush: 2 })],
  ["7801", () => 0, (bytes) => inflateSync(bytes, { finishFlush: 2 })],
  ["504b0304", (bytes) => 30 + bytes.readUInt16LE(26), (bytes) => inflateRawSync(bytes, { finishFlush: 2 })],
];

/** Returns bytes, and all that is compressed anywhere in them: gzip (as in Parquet), zlib, and the files of zip archives. */
function inflated(bytes: Buffer): Buffer[] {
  const found = [bytes];
  for (const [begin, skip, inflate] of STREAMS)
    for (let at = bytes.indexOf(begin, 0, "hex"); at !== -1; at = bytes.indexOf(begin, at + 1, "hex"))
      try {
        found.push(inflate(bytes.subarray(at + skip(bytes.subarray(at)))));
      } catch {
        // Not the begin of a stream, or a stored file of an archive.
      }
  return found;
}

async function contentsOf(backend: Backend): Promise<Buffer[]> {
  const contents: Buffer[] = [];
  for await (const { key } of backend.list("")) {
    contents.push(Buffer.from(key));
    for (const bytes of inflated(Buffer.from(await backend.read(key)))) contents.push(bytes);
  }
  return contents;
}

/** The part of a token that must not be stored. The first letters of a token are public. */
const coreOf = (token: string): string => token.slice(-16);

function write(path: string, content: string): void {
  mkdirSync(dirname(join(repository.directory, path)), { recursive: true });
  writeFileSync(join(repository.directory, path), content);
}

/** Puts each token into each place of a repository. */
function spread(): void {
  const remotes = TOKENS.flatMap((token, i) => [
    `[remote "user${i}"]\n\turl = "https://${token}@example.org/a${i}"\n`,
    `[remote "password${i}"]\n\turl = "https://me:${token}@example.org/a${i}"\n`,
    `[remote "path${i}"]\n\turl = "https://example.org/${token}/a${i}"\n`,
    `[remote "parameter${i}"]\n\turl = "https://example.org/a;token=${token}/b${i}"\n`,
    `[remote "query${i}"]\n\turl = "https://example.org/a${i}?x=${token}"\n`,
    `[remote "ssh${i}"]\n\turl = "ssh://${token}@example.org/a${i}"\n`,
    `[http "https://example.org/${i}"]\n\textraHeader = "Authorization: Bearer ${token}"\n`,
  ]);
  appendFileSync(join(repository.directory, ".git/config"), remotes.join(""));
  for (const [i, token] of TOKENS.entries()) {
    write(`tracked/f${i}.ts`, lines(20, "train"));
    write(`names/${token.replaceAll("/", "_")}.ts`, "export {};\n");
    write(`untracked/u${i}.ts`, `const x = "${token}";\n`);
  }
  repository.git("add", "tracked");
  repository.git("commit", "--quiet", "--message", "files");
  for (const [i, token] of TOKENS.entries()) write(`tracked/f${i}.ts`, `${lines(20, "train")}const x = "${token}";\n`);
}

test.each(["git", "isomorphic-git"] as const)(
  "no byte of a store has a token of remotes, names, patches, archives, commands, variables, the console, messages or stacks: %s",
  async (engine) => {
    spread();
    TOKENS.forEach((token, i) => vi.stubEnv(`OWN_${i}`, token));
    const { argv } = process;
    process.argv = [...argv.slice(0, 2), ...TOKENS, ...TOKENS.map((token, i) => `--option-${i}=${token}`)];
    const backend = memoryBackend();
    const errors: string[] = [];
    const { directory } = repository;
    try {
      const ledger = await openLedger(backend, {
        onError: ({ message, stack }) => errors.push(`${message}${stack}`),
        capture: {
          system: false,
          console: true,
          code: { directory, engine, untrackedContents: true, archive: { directory } },
          environment: { variables: TOKENS.map((_, i) => `OWN_${i}`) },
        },
      });
      const run = await ledger.startRun();
      const write = vi.spyOn(process.stderr, "write");
      write.mockReturnValue(true);
      for (const token of TOKENS) process.stderr.write(`connecting with ${token} …\n`);
      write.mockRestore();
      run.log({ loss: 1 });
      const error = new Error(`cannot log in:\n${TOKENS.join("\n")}`, { cause: new Error(TOKENS.join(" ")) });
      await run.fail(error);
      const { code, environment } = await ledger.getRun(run.id);
      await ledger.rebuildCatalog();
      const contents = await contentsOf(backend);
      expect(contents.length).toBeGreaterThan(10);
      const leaked = TOKENS.filter((token) => contents.some((bytes) => bytes.includes(coreOf(token))));
      expect(leaked).toEqual([]);
      expect(TOKENS.filter((token) => errors.join("").includes(coreOf(token)))).toEqual([]);
      // Each redaction is recorded by kind and place.
      const { redacted = [] } = environment as { readonly redacted?: readonly { readonly place: string }[] };
      const places = new Set(redacted.map(({ place }) => place));
      for (const i of TOKENS.keys()) expect(places).toContain(`variables.OWN_${i}`);
      expect([...places].filter((place) => place.startsWith("command"))).toHaveLength(2 * TOKENS.length);
      const n = TOKENS.length;
      expect(code?.incomplete).toEqual(
        expect.arrayContaining([
          `patch: ${2 * n} hunks withheld, they look like secrets`,
          `patch: ${n} files withheld, they may hold secrets`,
          `names: ${n} redacted, they look like secrets`,
          expect.stringMatching(/^remotes: parts of \d+ withheld, they may be secrets$/),
          expect.stringMatching(new RegExp(`^archive: ${3 * n} files withheld, they may hold secrets \\(`)),
        ]),
      );
    } finally {
      process.argv = argv;
    }
  },
);

test("the search for tokens looks into what is compressed", async () => {
  const { gzipSync, deflateSync } = await import("node:zlib");
  const { zipSync } = await import("fflate");
  const text = Buffer.from(`${"x".repeat(100)}${TOKENS[0]}`);
  for (const packed of [gzipSync(text), deflateSync(text), Buffer.from(zipSync({ "a.ts": text }))]) {
    const found = inflated(Buffer.concat([Buffer.from("before"), packed, Buffer.from("after")]));
    expect(found.some((bytes) => bytes.includes(coreOf(TOKENS[0] as string)))).toBe(true);
  }
});
