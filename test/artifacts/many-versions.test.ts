import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { ArtifactStore } from "../../src/artifacts/store.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { layer } from "../../src/backend/layers/layer.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { artifacts, failure, override, sha256 } from "./fixtures.ts";

const SIZES = [10, 2000];
const MAX_REQUESTS = 12;
const MAX_KEYS = 200;

/** The requests of an object store: listings give at most 1,000 keys each, or `pageSize` in their first answer. */
interface Use {
  requests: number;
  keys: number;
}

function measured(inner: Backend): { backend: Backend; use: Use } {
  const use: Use = { requests: 0, keys: 0 };
  const counted = <T extends readonly unknown[], R>(call: (...args: T) => R) => {
    return (...args: T): R => {
      use.requests++;
      return call(...args);
    };
  };
  const backend = override(inner, () => ({
    create: counted((key, body, options) => inner.create(key, body, options)),
    read: counted((key, options) => inner.read(key, options)),
    stat: counted((key, options) => inner.stat(key, options)),
    remove: counted((key, options) => inner.remove(key, options)),
    async *list(prefix, options) {
      const answers = inner.list(prefix, options)[Symbol.asyncIterator]();
      for (let size = options?.pageSize ?? 1000; ; size = 1000) {
        use.requests++;
        const page = [];
        for (let step; page.length < size && (step = await answers.next()).done !== true;) page.push(step.value);
        use.keys += page.length;
        yield* page;
        if (page.length < size) return;
      }
    },
  }));
  return { backend, use };
}

const text = (i: number): string => `content ${i}`;

/** Every operation on a name with `n` versions, whose alias `best` has moved `n` times. */
function operations(store: ArtifactStore, n: number): Record<string, () => Promise<unknown>> {
  const middle = Math.floor(n / 2);
  return {
    "log, unchanged": () => store.log("m", { text: text(n - 1) }),
    "log, new": () => store.log("m", { text: "new" }),
    "log, new, with an alias": () => store.log("m", { text: "newer" }, { aliases: ["best"] }),
    "log, an old content": () => store.log("m", { text: text(middle) }),
    "open name": () => store.open("m"),
    "open name:latest": () => store.open("m:latest"),
    "open name:v0": () => store.open("m:v0"),
    "open name:v<middle>": () => store.open(`m:v${middle}`),
    "open name:alias": () => store.open("m:best"),
    "open name@digest": () => store.open(`m@sha256:${sha256(text(middle))}`),
    "open name@digest of the first": () => store.open(`m@sha256:${sha256(text(0))}`),
    "resolve name:v<middle>": () => store.resolve(`m:v${middle}`),
    "set an alias": () => store.setAlias("m", `v${middle}`, "best"),
    "set an alias again": () => store.setAlias("m", `v${middle}`, "best"),
    "set an alias by number": () => store.setAlias("m", middle, "other"),
    "no such version": () => failure(store.open(`m:v${n + 10}`)),
    "no such alias": () => failure(store.open("m:none")),
  };
}

/** The operations of each row of the page. */
const DOCUMENTED: Record<string, readonly string[]> = {
  "`logArtifact` of one new content": ["log, new"],
  "with an alias that others have had": ["log, new, with an alias"],
  "`logArtifact` of what the newest version holds": ["log, unchanged"],
  '`openArtifact("model")`, `openArtifact("model:latest")`': ["open name", "open name:latest"],
  '`openArtifact("model:v3")`': ["open name:v0", "open name:v<middle>", "resolve name:v<middle>"],
  '`openArtifact("model:best")`': ["open name:alias"],
  '`openArtifact("model@sha256:…")`': ["open name@digest", "open name@digest of the first"],
  '`setAlias("model", "v3", "best")`': ["set an alias"],
};
/** What takes one request more without exclusive creates. */
const ELSEWHERE_MORE = /^log, new/;
const ELSEWHERE_MORE_KEYS = /^log, new|:v|:alias|^set/;

describe.each([
  ["exclusive creates", true],
  ["no exclusive creates", false],
])("%s: every operation on an artifact costs the same at 2,000 versions", (_name, exclusiveCreate) => {
  const found = new Map<string, Use[]>();

  beforeAll(async () => {
    for (const n of SIZES) {
      const inner = memoryBackend();
      const place = { ...layer(inner, {}), capabilities: { ...inner.capabilities, exclusiveCreate } };
      const filling = artifacts(place);
      for (let i = 0; i < n; i++) await filling.log("m", { text: text(i) }, { aliases: ["best"] });
      const { backend, use } = measured(place);
      const store = artifacts(backend);
      for (const [name, operation] of Object.entries(operations(store, n))) {
        Object.assign(use, { requests: 0, keys: 0 });
        await operation();
        found.set(name, [...(found.get(name) ?? []), { ...use }]);
      }
    }
  }, 30_000);

  test.each(Object.keys(operations(artifacts(memoryBackend()), 10)))("%s", (operation) => {
    const [few, many] = found.get(operation) as [Use, Use];
    expect(many.requests).toBe(few.requests);
    const more = !exclusiveCreate && ELSEWHERE_MORE.test(operation) ? 1 : 0;
    expect(many.requests).toBeLessThanOrEqual(MAX_REQUESTS + more);
    expect(many.keys).toBeLessThanOrEqual(MAX_KEYS);
  });

  test("as docs/scaling.md says", () => {
    const page = readFileSync(new URL("../../docs/scaling.md", import.meta.url), "utf8");
    const table = page.split("## Artifacts")[1]?.split("\n## ")[0] ?? "";
    const rows = [...table.matchAll(/^\| (.*) \| +(\d+) \| +(\d+) \|$/gm)];
    expect(rows.map(([, call]) => call)).toEqual(Object.keys(DOCUMENTED));
    for (const [, call, requests, keys] of rows)
      for (const operation of DOCUMENTED[call as string] as readonly string[]) {
        const [, many] = found.get(operation) as [Use, Use];
        const more = exclusiveCreate || !ELSEWHERE_MORE.test(operation) ? 0 : 1;
        expect(many.requests, call).toBe(Number(requests) + more);
        const moreKeys = exclusiveCreate || !ELSEWHERE_MORE_KEYS.test(operation) ? 0 : 10;
        expect(many.keys, call).toBeLessThanOrEqual(Number(keys) + moreKeys);
      }
  });
});
