/** What a text in quotes is taken for if an option has no value: `default="…"`, `default: "…"`. */
const DEFAULT = /\bdefault["']?\s{0,3}[:=]\s{0,3}(["'`])((?:(?!\1)[^\n]){1,512})\1/g;
/** The name of an option: `add_argument("--password", …`, `option("-p", "--db-password", …`. */
const OPTION = /["'`]-{1,2}([A-Za-z][\w-]{1,63})["'`\s=]/g;
/** `password: { type: "string", …`, `option("password", { …`. */
const OBJECT = /([A-Za-z_$][\w$-]{1,63})["'`]?\s{0,3}[:,]\s{0,3}\{[^{}]*$/;
/** How far before a default its option may stand. */
const DISTANCE = 300;

/** Returns the names of options and the texts that are their defaults. */
export function* optionDefaults(text: string): Generator<readonly [name: string, value: string]> {
  if (!text.includes("default")) return;
  for (const { index, 2: value = "" } of text.matchAll(DEFAULT)) {
    const before = text.slice(Math.max(0, index - DISTANCE), index);
    const name = [...before.matchAll(OPTION)].at(-1)?.[1] ?? OBJECT.exec(before)?.[1];
    if (name !== undefined) yield [name, value];
  }
}
