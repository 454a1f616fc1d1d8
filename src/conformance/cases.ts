import type { ConformanceCase } from "./case.ts";
import { abortCases } from "./cases/abort.ts";
import { appendCases } from "./cases/append.ts";
import { changesCases } from "./cases/changes.ts";
import { closeCases } from "./cases/close.ts";
import { concurrencyCases } from "./cases/concurrency.ts";
import { createCases } from "./cases/create.ts";
import { createStreamCases } from "./cases/create-stream.ts";
import { keyCases } from "./cases/keys.ts";
import { listCases } from "./cases/list.ts";
import { moveCases } from "./cases/move.ts";
import { processCases } from "./cases/processes.ts";
import { readCases } from "./cases/read.ts";
import { removeCases } from "./cases/remove.ts";
import { shapeCases } from "./cases/shape.ts";

/** Every case of the suite. The names are unique. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...shapeCases,
  ...createCases,
  ...createStreamCases,
  ...readCases,
  ...listCases,
  ...removeCases,
  ...appendCases,
  ...moveCases,
  ...keyCases,
  ...changesCases,
  ...abortCases,
  ...closeCases,
  ...concurrencyCases,
  ...processCases,
];
