import { utf8Encoder } from "../../bytes/utf8.ts";
import { writeLiteral } from "./base85.ts";
import { unifiedHunks } from "../../provenance/patch/unified-hunks.ts";
import { concatBytes } from "../../backend/body.ts";

/** A file on one side of a patch. */
export interface FileSide {
  /** As git stores it: 0o100644, 0o100755, 0o120000 or 0o160000. */
  readonly mode: number;
  readonly id: string;
  readonly bytes: Uint8Array;
}

const TYPE = 0o170000;

/** Returns the change of one file as `git apply` takes it. One side may be missing. Empty if nothing differs. */
export function writeFilePatch(path: string, before: FileSide | undefined, after: FileSide | undefined): Uint8Array {
  if (before && after && (before.mode & TYPE) !== (after.mode & TYPE))
    return concatBytes([writeFilePatch(path, before, undefined), writeFilePatch(path, undefined, after)]);
  if (before?.mode === after?.mode && before?.id === after?.id) return new Uint8Array();
  const none = "0".repeat((before ?? after)?.id.length ?? 40);
  const a = quotePath(`a/${path}`);
  const b = quotePath(`b/${path}`);
  let header = `diff --git ${a} ${b}\n`;
  if (!before && after) header += `new file mode ${octal(after.mode)}\n`;
  else if (before && !after) header += `deleted file mode ${octal(before.mode)}\n`;
  else if (before && after && before.mode !== after.mode)
    header += `old mode ${octal(before.mode)}\nnew mode ${octal(after.mode)}\n`;
  if (before?.id === after?.id) return utf8Encoder().encode(header);
  const mode = before && before.mode === after?.mode ? ` ${octal(before.mode)}` : "";
  header += `index ${before?.id ?? none}..${after?.id ?? none}${mode}\n`;
  const old = before?.bytes ?? new Uint8Array();
  const fresh = after?.bytes ?? new Uint8Array();
  if (old.includes(0) || fresh.includes(0))
    return utf8Encoder().encode(`${header}GIT binary patch\n${writeLiteral(fresh)}${writeLiteral(old)}`);
  if (old.length === 0 && fresh.length === 0) return utf8Encoder().encode(header);
  // The tab shows where a name with spaces ends.
  const end = path.includes(" ") ? "\t\n" : "\n";
  header += `--- ${before ? a : "/dev/null"}${before ? end : "\n"}+++ ${after ? b : "/dev/null"}${after ? end : "\n"}`;
  return concatBytes([utf8Encoder().encode(header), ...unifiedHunks(old, fresh)]);
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\" };

function quotePath(path: string): string {
  // eslint-disable-next-line no-control-regex
  if (!/[\u0000-\u001f"\\\u007f]/.test(path)) return path;
  const escaped = path.replace(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u001f"\\\u007f]/g,
    (character) => ESCAPES[character] ?? `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  return `"${escaped}"`;
}

function octal(mode: number): string {
  return mode.toString(8);
}
