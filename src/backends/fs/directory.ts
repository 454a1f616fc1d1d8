import { fileURLToPath } from "node:url";
import { isError } from "../../platform/any-realm.ts";
import { LedgerError, invalidArgument } from "../../errors/ledger-error.ts";

/** `s3://bucket`, also as `path.join` leaves it (`s3:/bucket`); not the drive of `C:/runs`. */
const ADDRESS = /^([a-z][a-z0-9+.-]+):\//i;

/**
 * The path of a directory that is given as a path or a `file:` URL. Throws `INVALID_ARGUMENT` for what only looks like a path: a
 * directory called `s3:` or `~` would be made, and nobody would look for the runs there.
 */
export function directoryPath(directory: string | URL): string {
  const given = directory instanceof URL ? directory.href : directory;
  if (typeof given !== "string" || given === "") throw invalidArgument("directory", "a path that is not empty", given);
  if (given.includes("\0")) throw noPath("must not hold a NUL character");
  if (/^~(?:[/\\]|$)/.test(given))
    throw noPath('begins with "~", which only a shell replaces: give join(homedir(), …) of node:os and node:path');
  const scheme = ADDRESS.exec(given)?.[1]?.toLowerCase();
  if (scheme === undefined) return given;
  if (scheme === "file") return fromFileUrl(given);
  throw noPath(`is an address (${scheme}:), not a path: ${hintOf(scheme)}`);
}

function fromFileUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw noPath(`is a file: URL that is no path here: ${isError(cause) ? cause.message : "it is malformed"}`);
  }
}

function hintOf(scheme: string): string {
  if (scheme === "s3") return "s3Backend({ bucket, prefix }) of runledger/backends/s3 opens a ledger in a bucket";
  if (scheme === "http" || scheme === "https")
    return "s3Backend({ endpoint, bucket }) of runledger/backends/s3 opens a ledger in an S3-compatible store";
  return 'a directory of this name is "./" and the name';
}

function noPath(why: string): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `directory ${why}`, { field: "directory", received: "string" });
}
