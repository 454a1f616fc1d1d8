import { captureGit } from "runledger/git";
import { afterEach, beforeEach } from "vitest";
import { Repository } from "./repository.ts";

/** The repository of the test that runs. */
export interface FreshRepository {
  readonly current: Repository;
  /** Captures the repository with isomorphic-git. */
  capture(): ReturnType<typeof captureGit>;
}

/** Makes a new repository with one commit for each test of the block that calls it. */
export function freshRepository(): FreshRepository {
  let current: Repository;
  beforeEach(() => {
    current = new Repository();
    current.begin();
  });
  afterEach(() => current.dispose());
  return {
    get current() {
      return current;
    },
    capture: () => captureGit({ directory: current.directory, engine: "isomorphic-git" }),
  };
}
