import type { TestProject } from "vitest/node";
import { type Installed, installPackage } from "../tarball/install.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The package as it is installed, in one project for all files of tests. */
    readonly installed: Omit<Installed, "remove">;
  }
}

/** Packs and installs the package before the first test; what it returns removes it after the last. */
export default async function installOnce(project: TestProject): Promise<() => Promise<void>> {
  const { remove, ...installed } = await installPackage({ declarations: true });
  project.provide("installed", installed);
  return remove;
}
