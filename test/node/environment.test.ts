import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { redactedCommand, redactVariables } from "../../src/node/environment/command-line.ts";
import { findGroupLimits } from "../../src/node/environment/container-limits.ts";
import { Findings } from "../../src/node/environment/findings.ts";
import { nvidiaSmi, queryGpus } from "../../src/node/environment/nvidia-smi.ts";
import { describeProject } from "../../src/node/environment/project.ts";
import { describeTensorFlow } from "../../src/node/environment/tensorflow.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "runledger-environment-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  await rm(directory, { recursive: true, force: true, maxRetries: 10 });
});

async function place(files: { readonly [path: string]: string | object }): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), typeof content === "string" ? content : JSON.stringify(content));
  }
}

describe("limits of the container", () => {
  const GIB = 1024 ** 3;
  const limits = async (files: { readonly [path: string]: string }): Promise<object | undefined> => {
    await place(files);
    const found = await findGroupLimits(directory, 8 * GIB);
    return found && { cgroup: found.cgroup, cores: found.cores?.limit, memory: found.memory?.limit };
  };

  test("cgroup v2, seen from inside", async () => {
    expect(
      await limits({
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": `${GIB}\n`,
        "sys/fs/cgroup/cpu.max": "150000 100000\n",
      }),
    ).toEqual({ cgroup: 2, cores: 1.5, memory: GIB });
  });

  test("cgroup v2, the lowest limit of nested groups", async () => {
    expect(
      await limits({
        "proc/self/cgroup": "0::/system.slice/train.service\n",
        "sys/fs/cgroup/system.slice/memory.max": `${2 * GIB}\n`,
        "sys/fs/cgroup/system.slice/cpu.max": "50000 100000\n",
        "sys/fs/cgroup/system.slice/train.service/memory.max": "max\n",
        "sys/fs/cgroup/system.slice/train.service/cpu.max": "max 100000\n",
      }),
    ).toEqual({ cgroup: 2, cores: 0.5, memory: 2 * GIB });
  });

  test("cgroup v1", async () => {
    expect(
      await limits({
        "proc/self/cgroup": "12:memory:/docker/abc\n5:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n",
        "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": `${GIB}\n`,
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      }),
    ).toEqual({ cgroup: 1, cores: 2, memory: GIB });
  });

  test("cgroup v1 without limits", async () => {
    expect(
      await limits({
        "proc/self/cgroup": "12:memory:/\n5:cpu,cpuacct:/\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      }),
    ).toEqual({ cgroup: 1, cores: undefined, memory: undefined });
  });

  test("no control groups, and files that hold something else", async () => {
    expect(await limits({})).toBeUndefined();
    expect(
      await limits({
        "proc/self/cgroup": "\n\0\n0::/../../x\n",
        "sys/fs/cgroup/x/memory.max": "-5\n",
        "sys/fs/cgroup/x/cpu.max": "100 0\n",
      }),
    ).toEqual({ cgroup: 2, cores: undefined, memory: undefined });
  });
});

describe("the project", () => {
  const project = async (script: string | undefined, workingDirectory = directory): Promise<Findings> => {
    const findings = new Findings();
    await describeProject(findings, workingDirectory, script);
    return findings;
  };

  test("is the one of the script, with hoisted dependencies and a lockfile above", async () => {
    vi.stubEnv("npm_config_user_agent", "yarn/1.22.22 npm/? node/v20.0.0 linux x64");
    await place({
      "yarn.lock": "# yarn\n",
      "node_modules/above/package.json": { version: "1.0.0" },
      "node_modules/nearer/package.json": { version: "1.0.0" },
      "packages/train/package.json": {
        dependencies: { above: "*", nearer: "*", "@scope/name": "*" },
        devDependencies: { missing: "*", "../../evil": "*", ".bin": "*" },
        peerDependencies: { odd: "*" },
      },
      "packages/train/node_modules/nearer/package.json": { version: "2.0.0-rc.1+b" },
      "packages/train/node_modules/@scope/name/package.json": { version: "3.0.0" },
      "packages/train/node_modules/odd/package.json": { version: "not a version\n" },
      "elsewhere/package.json": { dependencies: { above: "*" } },
    });
    const script = join(directory, "packages/train/src/main.js");
    const { found, incomplete } = await project(script, join(directory, "elsewhere"));
    expect(found).toEqual({
      packageManager: { name: "yarn", version: "1.22.22" },
      lockfile: { path: "../../yarn.lock", digest: expect.stringMatching(/^sha256:/) },
      dependencies: { above: "1.0.0", nearer: "2.0.0-rc.1+b", "@scope/name": "3.0.0" },
    });
    expect(incomplete).toEqual(["dependencies: 2 of 5 were not found in node_modules"]);
  });

  test("is the working directory if the script is a tool, and a lockfile beyond the repository is another's", async () => {
    vi.stubEnv("npm_config_user_agent", "");
    await place({ "package-lock.json": "{}", "mine/.git/HEAD": "", "mine/package.json": "{}" });
    const tool = join(directory, "mine/node_modules/.bin/vitest");
    expect((await project(tool, join(directory, "mine"))).found).toEqual({});
    expect((await project(undefined, join(directory, "mine"))).found).toEqual({});
  });

  test("may be damaged, or none at all", async () => {
    vi.stubEnv("npm_config_user_agent", "");
    await place({ "package.json": "{ no json", "a/package.json": "7", "b/package.json": { dependencies: ["x"] } });
    for (const name of ["", "a", "b"]) {
      const { found, incomplete } = await project(undefined, join(directory, name));
      expect(found).toEqual({});
      expect(incomplete).toEqual(name === "b" ? ["dependencies: 1 of 1 were not found in node_modules"] : []);
    }
    expect((await project(undefined, "")).found).toEqual({});
  });
});

test.skipIf(process.platform === "win32")("a pipe in place of a file keeps nobody waiting", async () => {
  for (const name of ["package.json", "yarn.lock"]) execFileSync("mkfifo", [join(directory, name)]);
  const findings = new Findings();
  await describeProject(findings, directory, undefined);
  expect(findings.found).not.toHaveProperty("lockfile");
  expect(findings.incomplete).toEqual([expect.stringMatching(/^lockfile: it is not a file/)]);
});

test("the command line names the script as seen from the working directory", () => {
  const findings = new Findings();
  const command = redactedCommand(findings, {
    execArgv: ["--import", "tsx"],
    argv: ["/usr/local/bin/node", join(process.cwd(), "examples/train.ts"), "--token=hunter2", "--max-tokens", "7"],
  });
  expect(command).toEqual(["node", "--import", "tsx", "examples/train.ts", "--token=[redacted]", "--max-tokens", "7"]);
  expect(findings.redacted).toEqual([{ kind: "argument", place: "command[4]" }]);
  const long = redactedCommand(findings, {
    execArgv: [],
    argv: ["node", "/x.js", ...Array.from({ length: 5000 }, () => "a")],
  });
  expect(long).toHaveLength(1000);
  expect(findings.incomplete).toEqual(["command: at most 1000 arguments of 10000 characters are kept"]);
});

test("the command line names loaders and what is above in the repository as seen from the working directory", async () => {
  await mkdir(join(directory, ".git"));
  const cwd = vi.spyOn(process, "cwd").mockReturnValue(join(directory, "a/b"));
  const commandOf = (execArgv: string[], ...argv: string[]): string[] =>
    redactedCommand(new Findings(), { execArgv, argv: ["node", ...argv] });
  const loader = join(directory, "node_modules/a b/loader.mjs");
  const options = ["--require", loader, `--import=${pathToFileURL(loader).href}`, "--import", "file:///usr/x.mjs"];
  expect(commandOf(options, join(directory, "train.ts"), loader)).toEqual([
    "node",
    "--require",
    "../../node_modules/a b/loader.mjs",
    "--import=../../node_modules/a b/loader.mjs",
    "--import",
    "file:///usr/x.mjs",
    "../../train.ts",
    loader,
  ]);
  expect(commandOf(["-r", join(directory, "a/b/x.cjs"), "--title=a"])).toEqual(["node", "-r", "./x.cjs", "--title=a"]);
  // Without a repository, only what is below.
  await rm(join(directory, ".git"), { recursive: true });
  expect(commandOf(options)).toEqual(["node", ...options]);
  cwd.mockRestore();
});

test("only named variables are recorded", () => {
  const findings = new Findings();
  const variables = { CI: "true", SECRET: "hunter2", TZ: "UTC", __proto__: null } as unknown as NodeJS.ProcessEnv;
  expect(redactVariables(["CI", "RANK", "CI", "toString"], findings, variables)).toEqual({ CI: "true" });
  expect(findings.found).toEqual({ otherVariables: 2 });
  expect(redactVariables(["RANK"], new Findings(), {})).toBeUndefined();
});

describe("TensorFlow.js", () => {
  test("is not described, and not loaded, if the program has not loaded it", () => {
    expect(describeTensorFlow()).toBeUndefined();
    expect(globalThis).not.toHaveProperty("_tfengine");
  });

  test("is described as the package that is loaded", async () => {
    const tf = await import("@tensorflow/tfjs");
    await tf.setBackend("cpu");
    try {
      expect(describeTensorFlow()).toMatchObject({ backend: "cpu", flags: { IS_NODE: true } });
    } finally {
      delete (globalThis as { _tfengine?: unknown })._tfengine;
    }
  });

  test("is described as the script that is loaded", () => {
    vi.stubGlobal("tf", { version: { tfjs: "4.22.0", "tfjs-core": "4.22.0" } });
    vi.stubGlobal("_tfengine", { backendName: null, ENV: { flags: { A: 1, B: Symbol("b"), C: {} } } });
    expect(describeTensorFlow()).toEqual({ version: "4.22.0", flags: { A: 1 } });
  });

  test("may refuse every question", () => {
    const refuses = new Proxy(
      {},
      {
        get: () => {
          throw new Error("no");
        },
      },
    );
    vi.stubGlobal("_tfengine", refuses);
    expect(describeTensorFlow()).toBeUndefined();
  });
});

describe.skipIf(process.platform === "win32")("nvidia-smi", () => {
  test("says what the GPUs are", async () => {
    await place({
      "nvidia-smi": '#!/bin/sh\necho "NVIDIA A100, 550.54.15, 81920"\necho "Tesla T4, 550.54.15, [N/A]"\n',
    });
    await chmod(join(directory, "nvidia-smi"), 0o755);
    vi.stubEnv("PATH", `${directory}${delimiter}${process.env["PATH"]}`);
    expect(await queryGpus()).toEqual([
      { name: "NVIDIA A100", driver: "550.54.15", memory: 81920 * 1024 * 1024 },
      { name: "Tesla T4", driver: "550.54.15" },
    ]);
  });

  test("is killed at the limit, even if it ignores signals and its children hold the pipes", async () => {
    const pid = join(directory, "pid");
    await place({ "nvidia-smi": `#!/bin/sh\ntrap "" TERM\necho $$ > ${pid}\nsleep 4\nsleep 4\n` });
    await chmod(join(directory, "nvidia-smi"), 0o755);
    vi.stubEnv("PATH", `${directory}${delimiter}${process.env["PATH"]}`);
    await expect(nvidiaSmi(["name"], 1000)).rejects.toThrow("nvidia-smi took longer than 1000 ms");
    const child = Number(await readFile(pid, "utf8"));
    await vi.waitFor(() => expect(() => process.kill(child, 0)).toThrow("ESRCH"), { timeout: 20_000 });
  });

  test("is missed if it is not there, because it was asked for", async () => {
    vi.stubEnv("PATH", directory);
    const findings = new Findings();
    await findings.look("gpus", queryGpus);
    expect(findings.incomplete).toEqual(["gpus: there is no nvidia-smi"]);
  });
});

test("what is not permitted is left out and said, what does not exist is only left out", async () => {
  const findings = new Findings();
  const fail = (error: object) => () => {
    throw Object.assign(new Error("no"), error);
  };
  await findings.look("a", fail({ code: "ENOENT" }));
  await findings.look("b", fail({ code: "ERR_ACCESS_DENIED" }));
  await findings.look("c", fail({ name: "NotCapable" }));
  await findings.look("d", fail({}));
  expect(findings).toMatchObject({ found: {}, incomplete: ["b: not permitted", "c: not permitted", "d: no"] });
});
