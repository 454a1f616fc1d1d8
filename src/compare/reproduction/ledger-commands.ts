import { shellWord } from "./shell-word.ts";

/** Returns a command that writes what a call of a ledger returns for a run, such as its patch, into a file. */
export function saveCommand(call: string, place: string, id: string, file: string): string {
  return nodeCommand(
    `import { writeFileSync } from "node:fs"; ${OPEN} const [place, id, file] = process.argv.slice(1); ` +
      `writeFileSync(file, await (await openLedger(place)).${call})`,
    [place, id, file],
  );
}

/** Returns a command that checks a new run against a run. The ids and the place of the new run are put in by hand. */
export function checkCommand(place: string, id: string): string {
  return nodeCommand(
    `import { checkReproduction } from "runledger/compare"; ${OPEN} ` +
      "const [place, id, newPlace, newId] = process.argv.slice(1); " +
      "const [original, again] = [await (await openLedger(place)).getRun(id), await (await openLedger(newPlace)).getRun(newId)]; " +
      "console.log(checkReproduction(original, again))",
    [place, id, "NEW_LEDGER", "NEW_RUN"],
  );
}

const OPEN = 'import { openLedger } from "runledger/node";';

function nodeCommand(program: string, args: readonly string[]): string {
  return `node --input-type=module -e ${shellWord(program)} -- ${args.map(shellWord).join(" ")}`;
}
