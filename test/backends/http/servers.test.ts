import { afterEach, beforeEach, expect, test } from "vitest";
import { equalBytes } from "../../../src/backend/body.ts";
import { httpBackend, type HttpBackendOptions, publish } from "../../../src/backends/http/index.ts";
import { LedgerError, openLedger } from "../../../src/index.ts";
import { asFetch, startStaticHost, type StaticHost } from "../../servers/static-host.ts";

/** An object of a ledger as a server sees it: nothing tells its type. */
const KEY = "blobs/sha256/ab/object";
const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >>> 3);
const RANGE = { offset: 100_000, length: 5000 };
const PART = BYTES.slice(100_000, 105_000);

let host: StaticHost;
beforeEach(async () => {
  host = await startStaticHost();
  await host.place.create(KEY, BYTES);
  await publish(host.place.open());
});
afterEach(() => host.close());

const fast = { retry: { attempts: 3, baseMs: 0 } };

function open(options: HttpBackendOptions = {}, url = host.url): ReturnType<typeof httpBackend> {
  return httpBackend(url, { ...fast, ...options });
}

async function failure(work: Promise<unknown>): Promise<LedgerError> {
  const error = await work.then(
    () => expect.unreachable("it must reject"),
    (reason: unknown) => reason,
  );
  expect(LedgerError.is(error), String(error)).toBe(true);
  return error as LedgerError;
}

async function keysOf(backend: ReturnType<typeof httpBackend>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of backend.list("")) keys.push(key);
  return keys;
}

const right: [what: string, quirks: StaticHost["quirks"]][] = [
  ["keeps to the rules", {}],
  ["ignores ranges", { noRanges: true }],
  ["ignores ranges and states no length", { chunked: true }],
  ["compresses whole answers", { gzip: true }],
  ["compresses parts, too", { gzip: true, gzipRanges: true }],
  ["compresses whole answers and ignores ranges", { gzip: true, noRanges: true }],
  ["hides Content-Range", { contentRange: () => undefined }],
  ["does not know the size in Content-Range", { contentRange: (told) => told.replace(/\/.*/, "/*") }],
  ["has no entity tags", { tag: () => undefined }],
  ["has weak entity tags", { tag: (_key, tag) => `W/${tag}` }],
];
test.each(right)("a server that %s: a whole object and a part of it are right", async (_what, quirks) => {
  Object.assign(host.quirks, quirks);
  const backend = open({ refreshMs: 0 });
  expect(equalBytes(await backend.read(KEY), BYTES)).toBe(true);
  expect(equalBytes(await backend.read(KEY, { range: RANGE }), PART)).toBe(true);
  expect(await backend.read(KEY, { range: { offset: 299_999 } })).toEqual(BYTES.slice(-1));
  expect(await backend.read(KEY, { range: { offset: 300_000 } })).toEqual(new Uint8Array());
  expect(await backend.stat(KEY)).toEqual({ size: BYTES.length });
  expect(await keysOf(backend)).toEqual([KEY]);
});

test("a fetch that decompresses only if the request names no encoding, as Deno's", async () => {
  const raw = asFetch(host.place, { gzip: true, noRanges: true });
  const decoding: typeof globalThis.fetch = async (input, init) => {
    const answer = await raw(input, init);
    if (new Headers(init?.headers).has("accept-encoding")) return answer;
    return new Response(answer.body?.pipeThrough(new DecompressionStream("gzip")));
  };
  const backend = open({ fetch: decoding });
  expect(equalBytes(await backend.read(KEY), BYTES)).toBe(true);
  expect(equalBytes(await backend.read(KEY, { range: RANGE }), PART)).toBe(true);
});

const wrong: [what: string, quirks: StaticHost["quirks"], code: string, message: RegExp][] = [
  ["another range", { contentRange: () => "bytes 5-5004/300000" }, "UNEXPECTED_RESPONSE", /another range/],
  ["no range", { contentRange: () => "nonsense" }, "UNEXPECTED_RESPONSE", /another range/],
  ["another size", { contentRange: (told) => told.replace("300000", "300001") }, "IO", /uploaded only in part/],
  ["more bytes", { body: (bytes) => new Uint8Array(bytes.length + 1) }, "UNEXPECTED_RESPONSE", /more bytes/],
  ["fewer bytes", { body: (bytes) => bytes.slice(1) }, "UNAVAILABLE", /fewer bytes/],
];
test.each(wrong)("a server that sends %s for a part: an error, and no bytes", async (_what, quirks, code, message) => {
  const backend = open();
  await backend.stat(KEY);
  Object.assign(host.quirks, quirks);
  const error = await failure(backend.read(KEY, { range: RANGE }));
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
  expect(error.key).toBe(KEY);
});

test("an object of another size than the index states: an error that says what to do", async () => {
  const backend = open();
  await backend.stat(KEY);
  for (const size of [299_999, 300_001]) {
    await host.place.remove(KEY);
    await host.place.create(KEY, new Uint8Array(size));
    for (const quirks of [{ chunked: false }, { chunked: true }]) {
      Object.assign(host.quirks, quirks);
      const error = await failure(backend.read(KEY));
      expect(error.code).toBe("IO");
      expect(error.message).toMatch(/Publish it again/);
    }
  }
});

test("a journal that has grown since is read as far as it was published", async () => {
  const key = "runs/r1/journal/w1.000000";
  await host.place.append?.(key, Uint8Array.of(1, 2, 3));
  await publish(host.place.open());
  const backend = open();
  await backend.stat(key);
  await host.place.append?.(key, Uint8Array.of(4));
  for (const quirks of [{ noRanges: false }, { noRanges: true }]) {
    Object.assign(host.quirks, quirks);
    expect(await backend.read(key)).toEqual(Uint8Array.of(1, 2, 3));
  }
});

test("an object that changes between two parts: CONFLICT, then the new object", async () => {
  const backend = open();
  expect(equalBytes(await backend.read(KEY, { range: RANGE }), PART)).toBe(true);
  host.quirks.tag = () => '"new"';
  expect((await failure(backend.read(KEY, { range: RANGE }))).code).toBe("CONFLICT");
  expect(equalBytes(await backend.read(KEY, { range: RANGE }), PART)).toBe(true);
});

test.each([
  ["200 twice", true, true],
  ["206, then 200", false, true],
  ["200, then 206", true, false],
])("an object that changes between two parts, %s: CONFLICT", async (_what, before, after) => {
  const backend = open();
  host.quirks.noRanges = before;
  expect(equalBytes(await backend.read(KEY, { range: RANGE }), PART)).toBe(true);
  await host.place.remove(KEY);
  await host.place.create(KEY, new Uint8Array(BYTES.length));
  host.quirks.noRanges = after;
  expect((await failure(backend.read(KEY, { range: { offset: 7, length: 9 } }))).code).toBe("CONFLICT");
  expect(await backend.read(KEY, { range: { offset: 7, length: 9 } })).toEqual(new Uint8Array(9));
});

test("a server that marks the tags of compressed answers: parts are right", async () => {
  const backend = open();
  expect(equalBytes(await backend.read(KEY, { range: RANGE }), PART)).toBe(true);
  Object.assign(host.quirks, { noRanges: true, gzip: true });
  host.quirks.tag = (_key: string, tag: string) => `W/${tag.slice(0, -1)}-gzip"`;
  expect(equalBytes(await backend.read(KEY, { range: RANGE }), PART)).toBe(true);
});

test("a redirect to something else than a server is refused", async () => {
  host.quirks.answer = (_key, _request, response) => {
    response.writeHead(302, { location: "data:text/plain,made-up" }).end();
    return true;
  };
  for (const url of [host.url, host.url.replace("//", "//user:secret@")]) {
    const error = await failure(open({ retry: { attempts: 1 } }, url).read(KEY));
    expect(["UNEXPECTED_RESPONSE", "UNAVAILABLE"]).toContain(error.code);
  }
});

test("a redirect to no address is refused at once", async () => {
  host.quirks.answer = (_key, _request, response) => {
    response.writeHead(302, { location: "http://[bad" }).end();
    return true;
  };
  const error = await failure(open({}, host.url.replace("//", "//user:secret@")).read(KEY));
  expect(error.code).toBe("UNEXPECTED_RESPONSE");
});

test("a busy server is asked again, not before the time that it states", async () => {
  let busy = 2;
  host.quirks.answer = (_key, _request, response) => {
    if (busy-- <= 0) return false;
    response.writeHead(busy === 1 ? 429 : 503, { "retry-after": "7" }).end();
    return true;
  };
  const pauses: number[] = [];
  const backend = open({ clock: { sleep: async (ms) => void pauses.push(ms) } });
  expect(equalBytes(await backend.read(KEY), BYTES)).toBe(true);
  expect(pauses).toEqual([7000, 7000]);
  busy = 100;
  const error = await failure(backend.read(KEY));
  expect(error).toMatchObject({ code: "UNAVAILABLE", transient: true, status: 503 });
});

test("a server that stalls: an error after the time limit, and an abort ends the call at once", async () => {
  const backend = open({ retry: { attempts: 1, attemptMs: 200 } });
  await backend.stat(KEY);
  host.quirks.answer = (key, _request, response) => {
    if (key !== KEY) return false;
    response.writeHead(200, { "content-length": "300000" }).write("x");
    return true;
  };
  expect(await failure(backend.read(KEY))).toMatchObject({
    code: "UNAVAILABLE",
    message: expect.stringMatching(/in time/),
  });
  const patient = open();
  const stop = new AbortController();
  const reading = patient.read(KEY, { signal: stop.signal });
  stop.abort(new Error("stopped"));
  await expect(reading).rejects.toThrow("stopped");
});

test("close ends a read from a server that stalls", async () => {
  const backend = open();
  await backend.stat(KEY);
  let asked = (): void => {};
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  host.quirks.answer = (_key, _request, response) => {
    response.writeHead(200, { "content-length": "300000" }).write("x", () => asked());
    return true;
  };
  const reading = failure(backend.read(KEY));
  await isAsked;
  await backend.close?.();
  expect(await reading).toMatchObject({ code: "CLOSED", key: KEY });
  expect((await failure(backend.read(KEY))).code).toBe("CLOSED");
});

test("a connection that breaks in the middle is made again", async () => {
  const backend = open();
  await backend.stat(KEY);
  let breaks = 1;
  host.quirks.answer = (_key, _request, response) => {
    if (breaks-- <= 0) return false;
    response.writeHead(200, { "content-length": "300000" });
    response.write(BYTES.subarray(0, 1000), () => response.destroy());
    return true;
  };
  expect(equalBytes(await backend.read(KEY), BYTES)).toBe(true);
});

test.each([403, 404, 410, "page"] as const)("a server that answers %s for what is missing", async (missing) => {
  host.quirks.missing = missing;
  const backend = open();
  expect(await failure(backend.read("blobs/none"))).toMatchObject({ code: "NOT_FOUND" });
  expect(await backend.stat("blobs/none")).toBeUndefined();
  await host.place.remove(KEY);
  const error = await failure(backend.read(KEY));
  expect(error.code).toBe("IO");
  expect(error.message).toMatch(missing === "page" ? /web page/ : /Publish it again/);

  // A place without an index.
  const empty = open({}, `${host.url}/nothing`);
  const listing = await failure(keysOf(empty));
  expect(listing.code).toBe("UNSUPPORTED");
  expect(listing.message).toMatch(/publish\(ledger\)/);
  expect(listing.message).toMatch(missing === "page" ? /web page/ : new RegExp(`answers ${missing}`));
  const code = { 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 410: "NOT_FOUND", page: "UNEXPECTED_RESPONSE" }[missing];
  expect((await failure(empty.read("ledger.json"))).code).toBe(code);
  expect((await failure(openLedger(empty))).code).toBe(missing === 404 || missing === 410 ? "UNSUPPORTED" : code);
});

test("a place without an index: objects can be read and measured", async () => {
  for (const key of ["published/index.json"]) await host.place.remove(key);
  const backend = open();
  expect(equalBytes(await backend.read(KEY), BYTES)).toBe(true);
  expect(equalBytes(await backend.read(KEY, { range: RANGE }), PART)).toBe(true);
  expect(await backend.read(KEY, { range: { offset: 299_000, length: 5000 } })).toEqual(BYTES.slice(-1000));
  expect(await backend.read(KEY, { range: { offset: 400_000, length: 5000 } })).toEqual(new Uint8Array());
  expect(await backend.stat(KEY)).toEqual({ size: BYTES.length });
  expect(await backend.stat("blobs/none")).toBeUndefined();
});

test("no read returns more than maxReadBytes, however long the answer is", async () => {
  const backend = open({ maxReadBytes: 200_000 });
  expect((await failure(backend.read(KEY))).code).toBe("TOO_LARGE");
  expect(equalBytes(await backend.read(KEY, { range: RANGE }), PART)).toBe(true);
  await host.place.remove("published/index.json");
  expect((await failure(open({ maxReadBytes: 200_000 }).read(KEY))).code).toBe("TOO_LARGE");
});

test("redirects are followed, and a password in the URL goes to no other origin", async () => {
  const other = await startStaticHost(host.place);
  try {
    host.quirks.answer = (key, _request, response) => {
      response.writeHead(302, { location: `${other.url}/${key}` }).end();
      return true;
    };
    const backend = open({}, host.url.replace("//", "//user:s%23cret@"));
    expect(equalBytes(await backend.read(KEY), BYTES)).toBe(true);
    const basic = `Basic ${btoa("user:s#cret")}`;
    expect(host.headers.map(({ authorization }) => authorization)).toEqual(host.headers.map(() => basic));
    expect(other.headers.length).toBeGreaterThan(1);
    expect(other.headers.filter(({ authorization }) => authorization !== undefined)).toEqual([]);

    host.quirks.answer = (_key, _request, response) => {
      response.writeHead(302, { location: host.url }).end();
      return true;
    };
    expect((await failure(backend.read(KEY))).message).toMatch(/redirects more than 10 times/);
  } finally {
    await other.close();
  }
});

test("no error and no view of the backend shows the password or the query of the URL", async () => {
  const secret = "verysecret";
  const url = `${host.url.replace("//", `//user:${secret}@`)}?sig=${secret}`;
  host.quirks.answer = (key, request, response) => {
    expect(request.url).toContain(`sig=${secret}`);
    const status = Number(/\d{3}/.exec(key)?.[0] ?? 404);
    response.writeHead(status).end(secret);
    return true;
  };
  const backend = open({ retry: { attempts: 1 } }, url);
  const errors = [await failure(keysOf(backend))];
  for (const status of [301, 401, 403, 404, 418, 500]) errors.push(await failure(backend.read(`runs/${status}`)));
  await host.close();
  errors.push(await failure(backend.read("runs/closed")));
  const shown = errors.map(
    (error) => `${error.message} ${JSON.stringify(error)} ${String(error.cause)} ${error.stack}`,
  );
  const views = [JSON.stringify(backend), (await import("node:util")).inspect(backend, { depth: 9, showHidden: true })];
  for (const text of [...shown, ...views]) expect(text).not.toContain(secret);
});

test("every change is refused", async () => {
  const backend = open();
  expect((await failure(backend.create("a", BYTES))).code).toBe("UNSUPPORTED");
  expect((await failure(backend.remove(KEY))).code).toBe("UNSUPPORTED");
  expect((await failure(publish(backend))).code).toBe("UNSUPPORTED");
});

test.each([
  ["baseUrl", () => httpBackend(7 as never)],
  ["baseUrl", () => httpBackend("runs/here")],
  ["baseUrl", () => httpBackend("s3://bucket/runs")],
  ["baseUrl", () => httpBackend("file:///runs")],
  ["baseUrl", () => httpBackend("https://example.com/#runs")],
  ["baseUrl", () => httpBackend("https://user:%ff@example.com/")],
  ["refreshMs", () => httpBackend("https://example.com", { refreshMs: -1 })],
  ["maxReadBytes", () => httpBackend("https://example.com", { maxReadBytes: 0 })],
  ["retry.attempts", () => httpBackend("https://example.com", { retry: { attempts: 0 } })],
  ["fetch", () => httpBackend("https://example.com", { fetch: 7 as never })],
])("a wrong %s is named", (field, call) => {
  expect(call).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }));
});
