import type { Ledger, RunRecord } from "runledger";
import { element } from "./elements.ts";

/** A column: its title, what to sort by, and the text of a run. */
const COLUMNS: readonly (readonly [title: string, orderBy: string, text: (run: RunRecord) => string])[] = [
  ["run", "name", ({ name }) => name],
  ["val/accuracy", "metrics.val/accuracy.best", (run) => run.metrics["val/accuracy"]?.best?.value.toFixed(4) ?? "–"],
  ["val/loss", "metrics.val/loss.best", (run) => run.metrics["val/loss"]?.best?.value.toFixed(4) ?? "–"],
  ["learning rate", "params.optimizer.learningRate", ({ params }) => learningRate(params)],
  ["status", "status", ({ status }) => status],
  ["started", "start_time", ({ startTime }) => new Date(startTime).toLocaleString()],
];
/** Rows on screen. */
const MOST = 200;

function learningRate(params: RunRecord["params"]): string {
  const optimizer = params["optimizer"] as { readonly learningRate?: unknown } | undefined;
  return String(optimizer?.learningRate ?? "–");
}

/** The table of runs: a filter, columns to sort by, and the runs that are selected. */
export class RunTable {
  readonly selected: Set<string> = new Set();
  readonly #table = element("runs", HTMLTableElement);
  readonly #onSelect: () => void;
  #orderBy = "start_time";
  #isDescending = true;

  constructor(onSelect: () => void, onSort: () => void) {
    this.#onSelect = onSelect;
    const row = this.#table.tHead!.insertRow();
    const head = document.createElement("th");
    head.ariaLabel = "selected";
    row.append(head);
    for (const [title, orderBy] of COLUMNS) {
      const cell = document.createElement("th");
      cell.scope = "col";
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = title;
      button.addEventListener("click", () => {
        this.#isDescending = this.#orderBy === orderBy ? !this.#isDescending : orderBy === "start_time";
        this.#orderBy = orderBy;
        onSort();
      });
      cell.append(button);
      row.append(cell);
    }
  }

  /** Shows the runs that match a filter. Rejects with the error of a wrong filter. */
  async show(ledger: Ledger, filter: string): Promise<readonly RunRecord[]> {
    const orderBy = `${this.#orderBy} ${this.#isDescending ? "DESC" : "ASC"}`;
    const { runs } = await ledger.searchRuns({ ...(filter && { filter }), orderBy, limit: MOST });
    for (const [i, cell] of [...this.#table.tHead!.rows[0]!.cells].entries()) {
      const isSorted = COLUMNS[i - 1]?.[1] === this.#orderBy;
      cell.ariaSort = isSorted ? (this.#isDescending ? "descending" : "ascending") : null;
    }
    if (this.selected.size === 0 && runs[0]) this.selected.add(runs[0].id);
    const body = this.#table.tBodies[0]!;
    body.replaceChildren(...runs.map((run) => this.#row(run)));
    return runs;
  }

  #row(run: RunRecord): HTMLTableRowElement {
    const row = document.createElement("tr");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = this.selected.has(run.id);
    box.ariaLabel = `select ${run.name}`;
    box.addEventListener("change", () => {
      if (box.checked) this.selected.add(run.id);
      else this.selected.delete(run.id);
      this.#onSelect();
    });
    row.insertCell().append(box);
    for (const [, , text] of COLUMNS) row.insertCell().textContent = text(run);
    return row;
  }
}
