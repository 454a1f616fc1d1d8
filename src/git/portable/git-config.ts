/** One setting. The key has its section and its last part in lower case. */
export type GitSetting = readonly [key: string, value: string];

const SECTION = /^\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/;
const NAME = /^([A-Za-z][\w-]*)\s*(=?)\s*/;

/** Reads a configuration file of git. Throws a `SyntaxError` for a line that git would refuse. Follows no includes. */
export function parseGitConfig(text: string): GitSetting[] {
  const settings: GitSetting[] = [];
  let section = "";
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    let line = (lines[i] as string).trimStart();
    const header = SECTION.exec(line);
    if (header) {
      const [all, name = "", sub] = header;
      section = name.toLowerCase() + (sub === undefined ? "" : `.${sub.replace(/\\(.)/g, "$1")}`);
      line = line.slice(all.length).trimStart();
    }
    const found = NAME.exec(line);
    if (!found || section === "") {
      if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
      throw new SyntaxError(`line ${i + 1} of the configuration is damaged`);
    }
    const [all, name = "", equals] = found;
    let rest = line.slice(all.length);
    while (/(?:^|[^\\])(?:\\\\)*\\$/.test(rest) && i + 1 < lines.length)
      rest = rest.slice(0, -1) + (lines[++i] as string);
    settings.push([`${section}.${name.toLowerCase()}`, equals === "=" ? valueOf(rest) : "true"]);
  }
  return settings;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", b: "\b" };

function valueOf(text: string): string {
  let value = "";
  let kept = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (character === '"') isQuoted = !isQuoted;
    else if (character === "\\") value += ESCAPES[text[++i] ?? ""] ?? text[i] ?? "";
    else if ((character === "#" || character === ";") && !isQuoted) break;
    else {
      value += character;
      if (!isQuoted && /\s/.test(character)) continue;
    }
    kept = value.length;
  }
  return value.slice(0, kept);
}

/** Returns the last value of a key. */
export function lastValue(settings: readonly GitSetting[], key: string): string | undefined {
  return settings.findLast(([name]) => name === key)?.[1];
}

/** Returns whether a key is set to what git takes for true. */
export function isTrue(settings: readonly GitSetting[], key: string): boolean {
  return /^(?:true|yes|on|[1-9]\d*)$/i.test(lastValue(settings, key) ?? "");
}

/** Returns whether a key is set to what git takes for false. */
export function isFalse(settings: readonly GitSetting[], key: string): boolean {
  return /^(?:false|no|off|0|)$/i.test(lastValue(settings, key) ?? "true");
}
