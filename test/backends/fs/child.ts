// Run as a process of its own by the tests beside it: `child.mjs <command> <directory> …`. Prints one line for each
// outcome.
import { randomUUID } from "node:crypto";
import { link } from "node:fs/promises";
import { BlobStore } from "../../../src/artifacts/blobs.ts";
import { LedgerError } from "../../../src/errors/ledger-error.ts";
import { FsHandle } from "../../../src/backends/fs/handle.ts";

const [command, directory, ...rest] = process.argv.slice(2) as [string, string, ...string[]];
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const codeOf = (error: unknown): string => (LedgerError.is(error) ? error.code : `foreign ${String(error)}`);

async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "ok";
  } catch (error) {
    return codeOf(error);
  }
}

const refuse = async (): Promise<never> => {
  throw Object.assign(new Error("EPERM"), { code: "EPERM" });
};

const commands: Record<string, () => Promise<void>> = {
  /** Waits for a word, then races for many keys. Prints the keys it won. */
  async race() {
    const [count, links] = rest as [string, string];
    const backend = new FsHandle(directory, { disk: false, link: links === "refused" ? refuse : link });
    const body = new TextEncoder().encode(`${process.pid}\n`.repeat(200));
    say("ready");
    await new Promise<void>((resolve) => process.stdin.once("data", () => resolve()));
    for (let i = 0; i < Number(count); i++) {
      const result = await outcome(backend.create(`race/${i}`, body));
      if (result === "ok") say(`won ${i}`);
      else if (result !== "EXISTS") say(`failed ${i} ${result}`);
    }
    process.stdin.destroy();
  },

  /** Waits for a word, then stores many blobs that are broken so far. */
  async blobs() {
    const [count] = rest as [string];
    const blobs = new BlobStore(new FsHandle(directory, { disk: false, link }), () => randomUUID());
    say("ready");
    await new Promise<void>((resolve) => process.stdin.once("data", () => resolve()));
    for (let i = 0; i < Number(count); i++) {
      const bytes = new TextEncoder().encode(`blob ${i} `.repeat(100));
      const result = await outcome(blobs.put({ kind: "bytes", bytes }));
      if (result !== "ok") say(`failed ${i} ${result}`);
    }
    process.stdin.destroy();
  },

  /** Creates one object, then says so. */
  async create() {
    const [key, size, durability] = rest as [string, string, string];
    const backend = new FsHandle(directory, { disk: durability === "disk", link });
    say(
      await outcome(backend.create(key, new Uint8Array(Number(size)).fill(7), { durable: durability === "durable" })),
    );
    await backend.close();
  },

  /** Appends a few times, then says how each went. */
  async append() {
    const [key, size, times, durability] = rest as [string, string, string, string];
    const backend = new FsHandle(directory, { disk: durability === "disk", link });
    for (let i = 0; i < Number(times); i++)
      say(
        await outcome(
          backend.append(key, new Uint8Array(Number(size)).fill(i + 1), { durable: durability === "durable" }),
        ),
      );
    await backend.close();
  },

  /** Prints the errors that a user without permissions gets. */
  async visit() {
    const backend = new FsHandle(directory, { disk: false, link });
    const entries: string[] = [];
    const listing = (async () => {
      for await (const { key } of backend.list("")) entries.push(key);
    })();
    say(`list ${await outcome(listing)} ${entries.join(",")}`);
    say(`read ${await outcome(backend.read("a/one"))}`);
    say(`create ${await outcome(backend.create("a/two", new Uint8Array(3)))}`);
    say(`create below ${await outcome(backend.create("b/c/two", new Uint8Array(3)))}`);
    say(`append ${await outcome(backend.append("a/one", new Uint8Array(3)))}`);
    say(`remove ${await outcome(backend.remove("a/one"))}`);
    say(`move ${await outcome(backend.move("a/one", "a/three"))}`);
    await backend.close();
  },

  /** Fills a small file system, frees some of it, and continues. */
  async fill() {
    const backend = new FsHandle(directory, { disk: false, link });
    const acknowledged: string[] = [];
    let result = "ok";
    for (let i = 0; i < 1000 && result === "ok"; i++) {
      result = await outcome(backend.create(`full/${i}`, new Uint8Array(10_000).fill(i)));
      if (result === "ok") acknowledged.push(`full/${i}`);
    }
    say(`create ${result}`);
    const sizes: number[] = [];
    for await (const entry of backend.list("")) sizes.push(entry.size);
    say(`whole ${sizes.length === acknowledged.length && sizes.every((size) => size === 10_000)}`);
    say(`append ${await outcome(backend.append("log", new Uint8Array(100_000)))}`);
    say(`append again ${await outcome(backend.append("log", new Uint8Array(1)))}`);
    await backend.remove("log");
    for (const key of acknowledged.slice(0, 3)) await backend.remove(key);
    say(`create after ${await outcome(backend.create("full/after", new Uint8Array(10_000)))}`);
    say(`append after ${await outcome(backend.append("log", new Uint8Array(100)))}`);
    await backend.close();
  },

  /** Prints whether the thread of a token is alive. */
  async alive() {
    const { liveness } = new FsHandle(directory, { disk: false, link });
    say(String(await liveness.isAlive(rest[0] ?? "")));
  },

  /** Prints its token, and waits for a word before it ends. */
  async stay() {
    say(new FsHandle(directory, { disk: false, link }).liveness.token);
    await new Promise<void>((resolve) => process.stdin.once("data", () => resolve()));
    process.stdin.destroy();
  },
};

await (commands[command] as () => Promise<void>)();
