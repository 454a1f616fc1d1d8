import { invalidArgument } from "../errors/ledger-error.ts";
import type { Condition } from "./filter.ts";
import { type FilterTree, copyFilter } from "./copy-filter.ts";

/** A condition that `where` built. */
export class Where {
  /** The condition as a tree. */
  readonly filter: Condition;

  /** @internal Use `where`. */
  constructor(filter: Condition) {
    this.filter = filter;
  }

  /** Returns the condition that both are true. */
  and(other: Where | Condition): Where {
    return this.#join("and", other);
  }

  /** Returns the condition that at least one is true. */
  or(other: Where | Condition): Where {
    return this.#join("or", other);
  }

  /** Returns the condition that this one is not true. */
  not(): Where {
    return new Where({ kind: "not", filter: this.filter });
  }

  #join(kind: "and" | "or", other: FilterTree): Where {
    const right = copyFilter(other);
    if (right.kind === "all") throw invalidArgument("filter", "a condition", other);
    const { filter } = this;
    return new Where({ kind, filters: filter.kind === kind ? [...filter.filters, right] : [filter, right] });
  }
}
