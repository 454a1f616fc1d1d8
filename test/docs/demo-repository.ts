import { execFile } from "node:child_process";
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const COPIED = ["src", "examples", "package.json", "package-lock.json", "tsconfig.json", ".gitignore"];

/** What a program printed, and how it ended. */
interface Ended {
  readonly status: number;
  readonly output: string;
}

/** A repository with the demo in it, and a run of the demo that its working tree made. */
export interface DemoRepository {
  /** Runs `examples/reproduce.ts`. */
  reproduce(...args: string[]): Promise<Ended>;
  /** The state of the repository: every file of `.git` with its bytes. */
  state(): Promise<string>;
  /** The names of what the programs left in the directory for temporary files. */
  leftovers(): Promise<string[]>;
  /** A place for files. */
  readonly place: string;
  close(): Promise<void>;
}

/** Makes a repository of the sources and the examples, changes a file, and runs the demo for one learning rate. */
export async function makeDemoRepository(): Promise<DemoRepository> {
  const place = await mkdtemp(join(tmpdir(), "runledger-demo-"));
  const repository = join(place, "repository");
  for (const name of COPIED) await cp(join(root, name), join(repository, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(repository, "node_modules"), "junction");
  await appendFile(join(repository, ".gitignore"), "/node_modules\n");
  const git = async (...args: string[]): Promise<void> => {
    const names = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
    await run("git", ["-C", repository, ...names, ...args]);
  };
  await git("init", "--quiet", "--template=");
  await git("add", "--all");
  await git("commit", "--quiet", "--message", "the demo");
  // The run is made with a change that is not committed.
  const model = join(repository, "examples/mnist/model.ts");
  await writeFile(model, (await readFile(model, "utf8")).replace("units: hidden,", "units: 2 * hidden,"));

  const temporary = join(place, "temporary");
  await mkdir(temporary);
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    TMPDIR: temporary,
    RUNLEDGER_DEMO_DIR: join(place, "runs"),
    RUNLEDGER_DEMO_IMAGES: "300",
    RUNLEDGER_DEMO_EPOCHS: "1",
    RUNLEDGER_DEMO_RATES: "0.01",
  };
  const program = async (script: string, ...args: string[]): Promise<Ended> => {
    const node = ["--conditions=runledger-source", "--import", "tsx", script, ...args];
    try {
      const { stdout } = await run(process.execPath, node, { cwd: repository, env });
      return { status: 0, output: stdout };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { status: code, output: `${stdout}${stderr}` };
    }
  };
  const { status, output } = await program("examples/train-mnist.ts");
  if (status !== 0 || !output.includes("with changes that are not committed")) throw new Error(output);
  return {
    place,
    reproduce: (...args) => program("examples/reproduce.ts", ...args),
    state: async () => {
      const names = await readdir(join(repository, ".git"), { recursive: true, withFileTypes: true });
      const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      const contents = await Promise.all(files.sort().map(async (file) => `${file} ${await readFile(file, "base64")}`));
      return contents.join("\n");
    },
    // tsx keeps what it has compiled there.
    leftovers: async () => (await readdir(temporary)).filter((name) => !name.startsWith("tsx-")),
    close: () => rm(place, { recursive: true, force: true, maxRetries: 10 }),
  };
}
