import type { Field } from "./field.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * What filters read of a version of an artifact. Each is a field of the kind that has the right operators and values:
 * `created_at` is a time, `size` and `version` are numbers, a version has several aliases, and the others are texts.
 */
const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["name", { kind: "tag", key: "name" }],
  ["version", { kind: "metric", key: "version", aggregate: "last" }],
  ["type", { kind: "tag", key: "type" }],
  ["size", { kind: "metric", key: "size", aggregate: "last" }],
  ["created_at", { kind: "attribute", name: "start_time" }],
  ["createdAt", { kind: "attribute", name: "start_time" }],
  ["run_id", { kind: "tag", key: "run_id" }],
  ["runId", { kind: "tag", key: "run_id" }],
  ["alias", { kind: "dataset", name: "name" }],
  ["description", { kind: "tag", key: "description" }],
]);
const ENTITIES: readonly string[] = ["attributes", "attribute", "attr", "artifact"];
const EXPECTED = "metadata.<key>, name, version, type, size, created_at, run_id, alias or description";

/** Reads a field of a version: the name of an attribute, or `metadata.<key>`. */
export function parseArtifactField(tokens: Tokenizer): Field {
  const first = tokens.token;
  if (first.kind !== "word") throw tokens.error(EXPECTED);
  tokens.advance();
  const dot = first.text.indexOf(".");
  const entity = dot < 0 ? "attributes" : first.text.slice(0, dot);
  let key = first.text.slice(dot + 1);
  const { token } = tokens;
  if (key === "" && token.kind === "quoted" && token.at === first.end) {
    tokens.advance();
    key = token.text;
  }
  if (key.includes("+") && token === tokens.token) throw tokens.error("a key in quotes, since it has a +", first);
  if (entity === "metadata" && key !== "") return { kind: "param", key };
  const field = ENTITIES.includes(entity) ? FIELDS.get(key) : undefined;
  if (field === undefined) throw tokens.error(EXPECTED, first);
  return field;
}

/** Reads a field of which a version has at most one value. */
export function parseArtifactOrder(tokens: Tokenizer): Exclude<Field, { kind: "dataset" }> {
  const { token } = tokens;
  const field = parseArtifactField(tokens);
  if (field.kind === "dataset") throw tokens.error("a field other than alias, since a version may have many", token);
  return field;
}
