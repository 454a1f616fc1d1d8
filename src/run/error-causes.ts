import { isError } from "../platform/any-realm.ts";

const MAX_DEPTH = 5;
const MAX_COUNT = 10;
/** Characters of each error. */
const MAX_LENGTH = 4000;

/**
 * Returns the causes of an error and the errors of an `AggregateError` as text, much as Node prints them after the
 * stack: five deep and ten in all. It is empty if there are none. Properties that cannot be read are left out.
 */
export function causesOf(error: unknown): string {
  const seen = new Set<unknown>([error]);
  const lines: string[] = [];
  const add = (label: string, value: unknown, depth: number): void => {
    const indent = "  ".repeat(depth);
    if (seen.size > MAX_COUNT) return;
    if (seen.has(value)) return void lines.push(`${indent}[${label}]: [Circular]`);
    seen.add(value);
    lines.push(`${indent}[${label}]: ${textOf(value).slice(0, MAX_LENGTH).replaceAll("\n", `\n${indent}`)}`);
    visit(value, depth + 1);
  };
  const visit = (value: unknown, depth: number): void => {
    if (depth > MAX_DEPTH || !isError(value)) return;
    const cause = read(() => value.cause);
    if (cause !== undefined) add("cause", cause, depth);
    const errors = read(() => elementsOf((value as Partial<AggregateError>).errors)) ?? [];
    for (const [i, each] of errors.entries()) add(`errors[${i}]`, each, depth);
  };
  visit(error, 1);
  return lines.join("\n");
}

/** Returns the stack of an error, which begins with its name and message, or else the value as text. */
function textOf(value: unknown): string {
  if (!isError(value)) return read(() => String(value)) ?? "";
  const title = read(() => `${value.name}: ${value.message}`) ?? "";
  const stack = read(() => value.stack);
  // Firefox and Safari leave name and message out of the stack.
  if (typeof stack !== "string" || stack === "") return title;
  return stack.startsWith(title.split(":", 1)[0]!) ? stack : `${title}\n${stack}`;
}

function elementsOf(errors: unknown): unknown[] {
  return Array.isArray(errors)
    ? Array.from({ length: Math.min(errors.length, MAX_COUNT) }, (_, i): unknown => errors[i])
    : [];
}

function read<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}
