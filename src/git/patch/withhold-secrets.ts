import { utf8Decoder } from "../../bytes/utf8.ts";
import { breakIfDue } from "../../platform/event-loop.ts";
import { optionDefaults } from "../../provenance/redaction/option-defaults.ts";
import { isProse } from "../../provenance/redaction/pairs.ts";
import { holdsSignIn } from "../../provenance/redaction/source-secrets.ts";
import { scrub } from "../../provenance/redaction/scrub.ts";
import { isSecretName } from "../../provenance/redaction/secret-name.ts";
import { addedBytes, textsOf } from "./binary-text.ts";
import { readLiteral } from "./base85.ts";
import { MAX_BINARY } from "./patch-limits.ts";
import type { PatchHunk, PatchSection } from "../../provenance/patch/patch-sections.ts";

/** Files that hold secrets, whatever their content looks like. */
const SECRET_FILES: readonly string[] = [
  String.raw`[^/]*\.env|\.env\..*|(?:[^/]*[._-])?secrets?\.(?:json|ya?ml|toml|ini|properties|conf|cfg|xml)`,
  String.raw`client_secret[^/]*\.json|\.npmrc|\.netrc|_netrc|\.pypirc|\.pgpass|\.git-credentials|\.htpasswd|\.dockercfg`,
  String.raw`.*\.(?:pem|key|p12|pfx|jks|keystore|kdbx|asc|ppk)|id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|credentials.*`,
];
const SECRET_FILE: RegExp = new RegExp(`(?:^|/)(?:${SECRET_FILES.join("|")})$`, "i");
/** A line in the middle of a key. */
const KEY_LINE = /^[A-Za-z0-9+/]{60,76}={0,2}\r?$/m;
const MINUS = 45;
const PLUS = 43;
const HEX_LINE = /^[0-9a-f]+\r?$/i;
/** How many characters of a text are searched without a pause. That takes a few ms. */
const PIECE_CHARS = 32_768;
/** The pieces overlap by at least this many characters, because a secret may have several lines. */
const OVERLAP_CHARS = 4096;

export interface WithheldSecrets {
  readonly sections: readonly PatchSection[];
  readonly withheldHunks: number;
  readonly withheldFiles: number;
}

/** Returns whether a file of this name holds secrets. */
export function isSecretFile(path: string): boolean {
  return SECRET_FILE.test(path);
}

/**
 * Returns the sections without the hunks that look like secrets, and without the files that hold or name some. Lets other
 * work run meanwhile.
 */
export async function withholdSecrets(sections: readonly PatchSection[]): Promise<WithheldSecrets> {
  const kept: PatchSection[] = [];
  let withheldHunks = 0;
  let withheldFiles = 0;
  for (const section of sections) {
    const { path, hunks, binary } = section;
    await breakIfDue();
    if (isSecretFile(path) || holdsSecret(path) || (binary && (await binaryHoldsSecret(binary)))) {
      withheldFiles++;
      continue;
    }
    const clean: PatchHunk[] = [];
    for (const hunk of hunks) if (!(await hunkHoldsSecret(hunk))) clean.push(hunk);
    withheldHunks += hunks.length - clean.length;
    // Without its lines, the header of a new or deleted file would be wrong, and that of another file says nothing.
    if (hunks.length === 0 || clean.length > 0) kept.push({ ...section, hunks: clean });
  }
  return { sections: kept, withheldHunks, withheldFiles };
}

async function hunkHoldsSecret({ heading, body }: PatchHunk): Promise<boolean> {
  const all = `${utf8Decoder().decode(heading)}${linesWithout(0, body)}`;
  const fresh = linesWithout(MINUS, body);
  const old = linesWithout(PLUS, body);
  // Attributes can make git compare UTF-16 as text.
  const texts = [all, fresh, old].flatMap((text) => (text.includes("\0") ? [text, text.replaceAll("\0", "")] : [text]));
  return await someHold(texts, (text) => holdsSecret(text) || holdsKeyLine(text));
}

async function someHold(texts: readonly string[], holds: (text: string) => boolean): Promise<boolean> {
  for (const text of texts) {
    for (const piece of piecesOf(text)) {
      if (holds(piece)) return true;
      await breakIfDue();
    }
  }
  return false;
}

/** Returns the parts of a text that are searched one by one. They begin and end with lines, unless a line is very long. */
function* piecesOf(text: string): Generator<string> {
  for (let from = 0; ;) {
    const end = text.indexOf("\n", from + PIECE_CHARS);
    const to = end === -1 || end - from > 2 * PIECE_CHARS ? from + 2 * PIECE_CHARS : end + 1;
    yield text.slice(from, to);
    if (to >= text.length) return;
    const line = text.lastIndexOf("\n", to - OVERLAP_CHARS);
    from = line > from ? line + 1 : to - OVERLAP_CHARS;
  }
}

/** Returns the lines of a hunk without their signs, and without the lines that have a certain sign. */
function linesWithout(sign: number, body: Uint8Array): string {
  const kept = new Uint8Array(body.length);
  let length = 0;
  for (let from = 0; from < body.length;) {
    const end = body.indexOf(10, from);
    const to = end === -1 ? body.length : end + 1;
    if (body[from] !== sign) {
      kept.set(body.subarray(from + 1, to), length);
      length += to - from - 1;
    }
    from = to;
  }
  return utf8Decoder().decode(kept.subarray(0, length));
}

function holdsKeyLine(text: string): boolean {
  return KEY_LINE.test(text) && text.split("\n").some((line) => KEY_LINE.test(line) && !HEX_LINE.test(line));
}

function holdsSecret(text: string): boolean {
  if (scrub(text) !== text || holdsSignIn(text)) return true;
  for (const [name, value] of optionDefaults(text)) if (isSecretName(name) && !isProse(value)) return true;
  return false;
}

/** Looks into both sides of a binary patch. The text in them is what counts. */
async function binaryHoldsSecret(binary: Uint8Array): Promise<boolean> {
  const lines = utf8Decoder().decode(binary).split("\n");
  for (let i = 0; i < lines.length; i++) {
    const [, kind, size] = /^(literal|delta) (\d+)$/.exec(lines[i] as string) ?? [];
    if (size === undefined) continue;
    if (Number(size) > MAX_BINARY) return true;
    const end = lines.indexOf("", i + 1);
    try {
      const bytes = readLiteral(lines.slice(i + 1, end === -1 ? lines.length : end), Number(size));
      if (await someHold(textsOf(kind === "delta" ? addedBytes(bytes) : bytes), holdsSecret)) return true;
    } catch {
      return true; // What cannot be read cannot be searched.
    }
  }
  return false;
}
