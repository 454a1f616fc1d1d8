import { utf8Decoder } from "../../bytes/utf8.ts";
import type { GitFiles } from "../git-files.ts";
import type { GitDirectory } from "./git-directory.ts";
import type { RepositoryForm } from "./repository-form.ts";

/** What git may do to files before it compares them. `any` includes programs that convert them. */
export type Conversion = "none" | "line-ends" | "any";

const ANY = /[\s-](?:filter|ident|working-tree-encoding)(?=[\s=]|$)/m;
const LINE_ENDS = /[\s!-](?:text|eol|crlf|binary)(?=[\s=]|$)/m;

/** Returns what the attributes and the configuration of a repository may do to its files. */
export async function readConversion(
  files: GitFiles,
  git: GitDirectory,
  form: RepositoryForm,
  tracked: Iterable<string>,
): Promise<Conversion> {
  let conversion: Conversion = form.convertsLineEnds ? "line-ends" : "none";
  const paths = [`${git.common}/info/attributes`, ...(form.attributesFile === undefined ? [] : [form.attributesFile])];
  const folders = new Set([""]);
  for (const path of tracked) {
    // From the inside out. The folders around a known folder are known too.
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const folder = path.slice(0, at + 1);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  // Git follows these files whether they are tracked or not.
  for (const folder of folders) paths.push(`${git.root}/${folder}.gitattributes`);
  for (const path of paths) {
    const bytes = await files.read(path).catch(() => undefined);
    if (!bytes) continue;
    const text = utf8Decoder()
      .decode(bytes)
      .replace(/^\s*#.*$/gm, "");
    if (ANY.test(text)) return "any";
    if (LINE_ENDS.test(text)) conversion = "line-ends";
  }
  return conversion;
}

/** Returns the bytes with LF in the place of CR LF. */
export function withoutCarriageReturns(bytes: Uint8Array): Uint8Array {
  const kept = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++)
    if (bytes[i] !== 13 || bytes[i + 1] !== 10) kept[length++] = bytes[i] as number;
  return kept.subarray(0, length);
}
