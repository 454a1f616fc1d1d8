import type { Backend } from "../backend/backend.ts";
import { LedgerError, invalidArgument, reading } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";

/** Where a ledger is: the path of a directory, a `file:` URL, `s3://bucket/prefix`, or a backend or the promise of one. */
export type LedgerPlace = string | URL | Backend | PromiseLike<Backend>;

/** Matches the beginning of an address, also as `path.join` changes it (`s3:/bucket`), but not a drive: `C:/runs`. */
const ADDRESS = /^([a-z][a-z0-9+.-]+):\//i;

const HINTS: { readonly [scheme: string]: string } = {
  http:
    "httpBackend(url) of runledger/backends/http reads a published ledger, and s3Backend({ endpoint, bucket }) of " +
    "runledger/backends/s3 opens a store with an API like S3's",
  gs: 'set AWS_ENDPOINT_URL to "https://storage.googleapis.com" and write "s3://bucket/prefix"',
  memory: "pass memoryBackend() of runledger/backends/memory",
  sqlite: "pass a backend of your own: docs/writing-a-backend.md",
};
const SAME_HINT: { readonly [scheme: string]: string } = { https: "http", gcs: "gs", mem: "memory", mlflow: "http" };

/** Returns the backend that a place names. Rejects with `INVALID_ARGUMENT` for anything that is not a place. */
export async function backendOf(place: LedgerPlace): Promise<Backend> {
  const given = await place;
  const address = reading("place", () => addressOf(given));
  if (typeof address !== "string") return address;
  if (address.trim() === "") throw noPlace('is empty: write "./runs" for a directory');
  if (/^~(?:[/\\]|$)/.test(address))
    throw noPlace('begins with "~", which only a shell replaces: use join(homedir(), …) of node:os and node:path');
  const scheme = (ADDRESS.exec(address)?.[1] ?? /^(memory|mem|file):/i.exec(address)?.[1])?.toLowerCase();
  if (scheme === undefined || scheme === "file") return await directory(address);
  if (scheme === "s3") return await bucket(address, typeof given !== "string");
  const hint = HINTS[SAME_HINT[scheme] ?? scheme] ?? 'begin with "./" to name a directory';
  throw noPlace(
    `is an address (${scheme}:) that this library does not know. It opens directories, file: URLs and ` +
      `s3://bucket/prefix: ${hint}`,
  );
}

/** Returns the text of a path or a URL. Anything else may be a backend, which `openLedger` of the core checks. */
function addressOf(place: Awaited<LedgerPlace>): string | Backend {
  if (typeof place === "string") return place;
  if (typeof place !== "object" || place === null)
    throw invalidArgument("place", "a path, a file: or s3: URL, or a backend", place);
  const { href } = place as Partial<URL>;
  return typeof href === "string" && !("contract" in place) ? href : (place as Backend);
}

async function directory(path: string): Promise<Backend> {
  // Made only here: a process that has written runs for a while loads all parts that were made at once.
  const fs = /* @__PURE__ */ onDemand(() => import("../backends/fs/index.ts"));
  return (await fs()).fsBackend(path);
}

/** Returns the backend of `s3://bucket/prefix`. A URL object has encoded the prefix. */
async function bucket(address: string, isEncoded: boolean): Promise<Backend> {
  const [, authority = "", path = ""] = /^s3:\/\/([^/]*)(.*)$/is.exec(address) ?? [];
  if (authority === "") throw noPlace("names no bucket: write s3://bucket/prefix");
  if (authority.includes("@"))
    throw noPlace("must not contain keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead");
  if (/[?#]/.test(authority + path))
    throw noPlace("must not have a query: set AWS_REGION and AWS_ENDPOINT_URL, or pass s3Backend({ … })");
  const prefix = isEncoded ? decodeURIComponent(path) : path;
  const s3 = /* @__PURE__ */ onDemand(() => import("../backends/s3/index.ts"));
  return (await s3()).s3Backend({ bucket: authority, prefix });
}

function noPlace(why: string): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `place ${why}`, { field: "place", received: "string" });
}
