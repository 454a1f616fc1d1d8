import { isShellWord, shellWord } from "./shell-word.ts";

/**
 * Returns a command that writes what a call of a ledger returns for a run, such as its patch, into a file. `file` is a
 * word of the shell.
 */
export function saveCommand(call: string, place: string, id: string, file: string): string {
  return nodeCommand(
    `import { writeFileSync } from "node:fs"; ${OPEN} const [place, id, file] = process.argv.slice(1); ` +
      `writeFileSync(file, await (await openLedger(place)).${call})`,
    [place, id],
    file,
  );
}

/** Returns a command that checks a new run against a run. The ids and the place of the new run are put in by hand. */
export function checkCommand(place: string, id: string): string {
  return nodeCommand(
    `import { checkReproduction } from "runledger/compare"; ${OPEN} ` +
      "const [place, id, newPlace, newId] = process.argv.slice(1); " +
      `${READ} console.log(checkReproduction(await read(place, id), await read(newPlace, newId)))`,
    [place, id],
    "NEW_LEDGER NEW_RUN",
  );
}

const OPEN = 'import { openLedger } from "runledger/node";';
const READ =
  "const read = async (place, id) => { try { return await (await openLedger(place)).getRun(id) } " +
  'catch (cause) { throw new Error("ledger " + place + ": " + cause.message, { cause }) } };';

function nodeCommand(program: string, args: readonly string[], lastWords: string): string {
  const start = args.every(isShellWord) ? "" : "# not all arguments can be printed: ";
  return `${start}node --input-type=module -e ${shellWord(program)} -- ${args.map(shellWord).join(" ")} ${lastWords}`;
}
