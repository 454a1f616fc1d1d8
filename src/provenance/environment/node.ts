import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";

/** The environment as Node, Bun and Deno tell it. `memory` in bytes. */
export async function hostEnvironment(): Promise<Record<string, unknown>> {
  const { versions } = process;
  const name = versions["bun"] !== undefined ? "bun" : versions["deno"] !== undefined ? "deno" : "node";
  const cpu = cpus()[0]?.model;
  return {
    runtime: { name, version: versions[name] ?? versions.node },
    os: { name: platform(), version: release(), arch: arch() },
    ...(cpu && { cpu }),
    cores: availableParallelism(),
    memory: totalmem(),
  };
}
