import { spawn } from "node:child_process";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly errors: string;
}

/** A child of which each line of output can be waited for. */
export interface Child {
  /** What it has printed so far, whole lines only. */
  readonly lines: readonly string[];
  /** Resolves with the first line that begins with `start`; rejects when the child ends without one. */
  line(start: string): Promise<string>;
  say(line: string): void;
  signal(name: NodeJS.Signals): void;
  kill(): void;
  readonly ended: Promise<Ended>;
}

export function startChild(
  command: readonly string[],
  options: { readonly uid?: number; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Child {
  const { uid, cwd, env } = options;
  const child = spawn(command[0] as string, command.slice(1), {
    ...(uid !== undefined && { uid, gid: uid }),
    ...(cwd !== undefined && { cwd }),
    ...(env && { env }),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let rest = "";
  let errors = "";
  let over = false;
  const watchers = new Set<() => void>();
  const tell = (): void => {
    for (const look of watchers) look();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() as string;
    lines.push(...parts);
    tell();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  // It may be gone before it has read what was said to it.
  child.stdin.on("error", () => {});
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      over = true;
      tell();
      resolve({ code, signal, errors });
    });
  });
  return {
    lines,
    line: (start) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find((line) => line.startsWith(start));
          if (found === undefined && !over) return;
          watchers.delete(look);
          if (found === undefined) reject(new Error(`the child ended without printing ${start}: ${errors}`));
          else resolve(found);
        };
        watchers.add(look);
        look();
      }),
    say: (line) => void child.stdin.write(`${line}\n`),
    signal: (name) => void child.kill(name),
    kill: () => void child.kill("SIGKILL"),
    ended,
  };
}
