import type { RunRecord } from "../../src/journal/run-record.ts";
import { metric, record } from "./rows.ts";

// A second implementation of the grammar: it rewrites a text until only a truth value remains.

type Datasets = readonly { name: string; digest: string; context?: string }[];
export type Run = RunRecord & { readonly datasets: Datasets };
type Random = () => number;

export function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const KEYS = ["a", "b", "opt.lr", "val/loss", "a.min"];
const WORDS = ["", "a", "b", "ab", "Ab", "5", "0.5", "true", "x y", "é", "😀b", "\uFFFDb", "%"];
const NUMBERS = [-2, 0, 0.5, 1, 5, 1e3, Infinity];
const START = Date.UTC(2026, 0, 1);

export function randomRun(random: Random, id: string): Run {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const some = <T>(value: () => T): Record<string, T> =>
    Object.fromEntries(KEYS.filter(() => random() < 0.5).map((key) => [key, value()]));
  const number = (): number => (random() < 0.1 ? Number.NaN : pick(NUMBERS));
  const params = some((): unknown => pick([pick(WORDS), number(), random() < 0.5, null]));
  // Nested half of the time.
  if ("opt.lr" in params && random() < 0.5) {
    params["opt"] = { lr: params["opt.lr"] };
    delete params["opt.lr"];
  }
  const startTime = START + pick([0, 1, 60_000, 3_600_000]);
  return {
    ...record({
      id,
      name: pick(WORDS),
      experiment: pick(["default", "other"]),
      status: pick(["running", "finished", "failed", "interrupted"] as const),
      startTime,
      params,
      tags: some(() => pick(WORDS)),
      metrics: some(() => metric(...Array.from({ length: 1 + Math.floor(random() * 3) }, number))),
      ...(random() < 0.7 && { endTime: startTime + pick([0, 250, 60_000, 9_000_000]) }),
      ...(random() < 0.5 && { group: pick(WORDS) }),
      ...(random() < 0.5 && { parent: pick(["r1", "r2"]) }),
    }),
    datasets: Array.from({ length: Math.floor(random() * 3) }, () => ({
      time: 0,
      name: pick(WORDS),
      digest: pick(["aa", "bb"]),
      ...(random() < 0.5 && { context: pick(["train", "test"]) }),
    })),
  };
}

/** A filter's text. No text in quotes has a quote in it. */
export function randomFilter(random: Random, depth = 0): string {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const cased = (word: string): string => (random() < 0.5 ? word : word.toLowerCase());
  const space = (): string => pick([" ", " ", "  ", "\n"]);
  const draw = random();
  if (depth < 4 && draw < 0.12) return `${cased("NOT")}${space()}${randomFilter(random, depth + 1)}`;
  if (depth < 4 && draw < 0.25) return `(${space()}${randomFilter(random, depth + 1)})`;
  if (depth < 4 && draw < 0.6) {
    const [left, right] = [randomFilter(random, depth + 1), randomFilter(random, depth + 1)];
    return `${left}${space()}${cased(pick(["AND", "OR"]))}${space()}${right}`;
  }
  const text = (): string => pick([`'${pick(WORDS)}'`, `"${pick(WORDS)}"`]);
  const number = (): string => String(pick(NUMBERS));
  const pattern = (): string => `'${pick(["%", "a%", "%b", "_", "_b", "", "A%", "5", "%.%"])}'`;
  const list = (): string => `(${text()}, ${text()})`;
  const equality = (): string => pick(["=", "!="]);
  const order = (): string => pick(["=", "!=", "<", "<=", ">", ">="]);
  const gap = (): string => pick([" ", ""]);
  const like = (): string => `${cased(pick(["LIKE", "ILIKE"]))} ${pattern()}`;
  const isNull = (): string => cased(pick(["IS NULL", "IS NOT NULL"]));
  const isIn = (): string => `${cased(pick(["IN", "NOT IN"]))}${gap()}${list()}`;
  const key = pick([pick(KEYS), `"${pick(KEYS)}"`, `\`${pick(KEYS)}\``]);
  switch (pick(["metric", "param", "tag", "text", "time", "duration", "status", "id", "dataset"])) {
    case "metric":
      return `${pick(["metric", "metrics"])}.${key}${pick(["", "", ".min", ".max", ".count", ".mean", ".last", ".best"])}${gap()}${order()}${gap()}${number()}`;
    case "param":
      return `${pick(["params", "param", "parameters"])}.${key} ${pick([`${equality()} ${text()}`, `${order()}${gap()}${number()}`, `${equality()} ${cased("TRUE")}`, like(), isNull()])}`;
    case "tag":
      return `${pick(["tags", "tag"])}.${key} ${pick([`${equality()} ${text()}`, like(), isNull()])}`;
    case "text":
      return `${pick(["run_name", "attributes.name", "group", "attr.`run name`"])} ${pick([`${equality()} ${text()}`, like()])}`;
    case "time":
      return `${pick(["start_time", "run.end_time", "attributes.created"])} ${order()} ${pick([String(START), "'2026-01-01'", "2026-01-01T01:01+01:00", "'2026-01-01 00:00:00.001'"])}`;
    case "duration":
      return `${pick(["duration", "attributes.duration"])} ${order()} ${pick(["0", "250ms", "1m", "2h30m", "1.5h", "'60s'"])}`;
    case "status":
      return `${pick(["status", "attributes.status"])} ${equality()} ${pick(["'FINISHED'", "'failed'", '"Running"', "'SCHEDULED'"])}`;
    case "id":
      return `${pick(["run_id", "id", "attributes.id"])} ${pick([`IN ('r1', "r2",)`, "not in ('r3')", "= 'r4'", "LIKE 'r1%'"])}`;
    default:
      return `${pick(["datasets", "dataset"])}.${pick(["name", "digest", "context"])} ${pick([`${equality()} ${text()}`, like(), isIn(), "= 'aa'", "!= 'train'"])}`;
  }
}

const COMPARISON =
  /((?:[a-z]+\.)?(?:"[^"]*"|`[^`]*`|[A-Za-z_/.]+)(?:\.[a-z]+)?)\s*(!=|<=|>=|=|<|>|\bNOT\s+IN\b|\bIN\b|\bI?LIKE\b|\bIS\s+NOT\s+NULL\b|\bIS\s+NULL\b)\s*(\([^)]*\)|'[^']*'|"[^"]*"|[^\s()]+)?/gi;

/** Whether a run matches, by rewriting. */
export function holds(text: string, run: Run): boolean {
  let rest = text
    .replaceAll(/\s+(?=(?:[^'"`]*(?:'[^']*'|"[^"]*"|`[^`]*`))*[^'"`]*$)/g, " ")
    .replaceAll(/\bNOT (?!IN\b|NULL\b)/gi, "! ")
    .replaceAll(COMPARISON, (whole, field: string, operator: string, value: string | undefined) => {
      const op = operator.toUpperCase().replaceAll(/\s+/g, " ");
      const isNull = op.startsWith("IS");
      // The text after IS NULL is not its value.
      const tail = isNull ? whole.slice(whole.toUpperCase().lastIndexOf("NULL") + 4) : "";
      return ` ${compare(field, op, value ?? "", run) ? 1 : 0} ${tail}`;
    });
  for (let before = ""; before !== rest;) {
    before = rest;
    rest = rest
      .replaceAll(/\s+/g, " ")
      .replaceAll(/! ?1/g, "0 ")
      .replaceAll(/! ?0/g, "1 ")
      .replaceAll(/\( ?([01]) ?\)/g, " $1 ");
    if (before === rest) rest = rest.replace(/([01]) and ([01])/i, (_, a, b) => String(Number(a) & Number(b)));
    if (before === rest) {
      rest = rest.replace(/(?<!and ?|! ?)([01]) or ([01])(?! ?and)/i, (_, a, b) => String(Number(a) | Number(b)));
    }
  }
  if (!/^ ?[01] ?$/.test(rest)) throw new Error(`${text}\n  ended as ${rest}`);
  return rest.includes("1");
}

type Found = string | number | boolean | null | undefined;

export function valueOf(field: string, run: Run): Found {
  const [, entity, quoted, plain, suffix] =
    /^(?:([a-z]+)\.)?(?:["`]([^"`]*)["`]|([A-Za-z_/.]+?))(\.(?:min|max|mean|best|last|count))?$/.exec(field) ?? [];
  let key = quoted ?? plain ?? "";
  if (entity?.startsWith("metric")) {
    const summary = Object.entries(run.metrics).find(([name]) => name === key)?.[1];
    const part = suffix?.slice(1) ?? "last";
    const found: unknown = summary && Object.entries(summary).find(([name]) => name === part)?.[1];
    return (typeof found === "object" && found !== null ? (found as { value: number }).value : found) as Found;
  }
  key += suffix ?? "";
  if (entity?.startsWith("param")) {
    const own = Object.entries(run.params).find(([name]) => name === key);
    if (own !== undefined) return own[1] as Found;
    return key === "opt.lr" ? (run.params["opt"] as { lr?: Found } | undefined)?.lr : undefined;
  }
  if (entity?.startsWith("tag")) return Object.entries(run.tags).find(([name]) => name === key)?.[1];
  const attributes: Record<string, Found> = {
    run_id: run.id,
    id: run.id,
    run_name: run.name,
    name: run.name,
    "run name": run.name,
    group: run.group,
    status: run.status,
    start_time: run.startTime,
    created: run.startTime,
    end_time: run.endTime,
    duration: run.endTime === undefined ? undefined : run.endTime - run.startTime,
  };
  if (!(key in attributes)) throw new Error(`no attribute ${field}`);
  return attributes[key];
}

const LITERALS: Record<string, number> = {
  "'2026-01-01'": START,
  "2026-01-01T01:01+01:00": START + 60_000,
  "'2026-01-01 00:00:00.001'": START + 1,
  "250ms": 250,
  "1m": 60_000,
  "2h30m": 9_000_000,
  "1.5h": 5_400_000,
  "'60s'": 60_000,
};

function compare(field: string, operator: string, literal: string, run: Run): boolean {
  const part = /^datasets?\.(.*)$/.exec(field)?.[1] as "name" | undefined;
  if (part !== undefined) return run.datasets.some((dataset) => test(dataset[part], operator, literal, false));
  const isNumeric = /^metric|^params?\.|^parameters|time|created|duration/.test(field);
  return test(valueOf(field, run), operator, literal, isNumeric && !/^tags?/.test(field));
}

function test(found: Found, operator: string, literal: string, isNumeric: boolean): boolean {
  if (operator === "IS NULL") return found === null || found === undefined;
  if (operator === "IS NOT NULL") return found !== null && found !== undefined;
  if (found === null || found === undefined) return false;
  if (/^true$/i.test(literal)) return typeof found === "boolean" && found === (operator === "=");
  const number = LITERALS[literal] ?? (/^['"(]/.test(literal) ? undefined : Number(literal));
  if (number !== undefined) {
    if (!isNumeric || typeof found !== "number") return false;
    const signs = found < number ? "<" : found > number ? ">" : found === number ? "=" : "!";
    if (operator === "!=") return signs !== "=";
    return operator.includes(signs);
  }
  const texts = [...literal.matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, a, b]) => a ?? b ?? "");
  const isStatus = ["FINISHED", "failed", "Running", "SCHEDULED"].includes(texts[0]!);
  const text = isStatus ? texts[0]!.toLowerCase() : texts[0]!;
  const value = `${found}`;
  if (operator.endsWith("LIKE")) {
    const source = text
      .replaceAll(/[.\\^$*+?()[\]{}|]/g, "\\$&")
      .replaceAll("%", ".*")
      .replaceAll("_", ".");
    return new RegExp(`^${source}$`, operator === "ILIKE" ? "isu" : "su").test(value);
  }
  if (operator.endsWith("IN")) return texts.includes(value) === (operator === "IN");
  return (value === text) === (operator === "=");
}

/** Ids of the runs that match, in order. */
export function search(text: string, orderBy: readonly string[], runs: readonly Run[]): string[] {
  const matching = runs.filter((run) => text === "" || holds(text, run));
  // The least important key first, by a stable sort.
  let sorted = matching.toSorted((a, b) => Buffer.compare(Buffer.from(b.id), Buffer.from(a.id)));
  sorted = sorted.toSorted((a, b) => b.startTime - a.startTime);
  for (const clause of orderBy.toReversed()) {
    const [field, direction] = clause.split(" ") as [string, string?];
    const groups: Record<string, Run[]> = {};
    for (const run of sorted) {
      const value = valueOf(field, run) ?? undefined;
      const kind = value === undefined ? "none" : Number.isNaN(value) ? "nan" : typeof value;
      (groups[kind] ??= []).push(run);
    }
    const numbers = (groups["number"] ?? []).toSorted((a, b) => {
      const [x, y] = [valueOf(field, a) as number, valueOf(field, b) as number];
      const order = x === y ? 0 : x - y;
      return direction === "DESC" ? -order : order;
    });
    const texts = [...(groups["string"] ?? [])].toSorted((a, b) => {
      const order = Buffer.compare(Buffer.from(valueOf(field, a) as string), Buffer.from(valueOf(field, b) as string));
      return direction === "DESC" ? -order : order;
    });
    const isTrue = (run: Run): boolean => valueOf(field, run) === true;
    const booleans = groups["boolean"] ?? [];
    const [trues, falses] = [booleans.filter(isTrue), booleans.filter((run) => !isTrue(run))];
    const parts = [numbers, falses, trues, texts];
    if (direction === "DESC") parts.reverse();
    sorted = [...parts.flat(), ...(groups["nan"] ?? []), ...(groups["none"] ?? [])];
  }
  return sorted.map(({ id }) => id);
}
