import { aggregateAdvice, attributeAdvice, entityAdvice } from "./error-advice.ts";
import { attributesByName } from "./attributes.ts";
import { type Field, entityOf, isAggregate, namedField, namesOf, formatField } from "./field.ts";
import { type Token, Tokenizer } from "./tokenizer.ts";
import { invalidArgument, reading } from "../errors/ledger-error.ts";
import { copyField } from "./copy-filter.ts";

const ENTITIES = "metrics, params, tags, attributes or datasets";

/** Reads `entity.key`, or the name of an attribute. Quoted parts follow without a space. */
export function parseField(tokens: Tokenizer): Field {
  const first = tokens.token;
  const quote = tokens.text[first.at];
  if (first.kind === "quoted" ? quote === "'" : first.kind !== "word") throw tokens.error("a field");
  tokens.advance();
  if (first.kind === "quoted") {
    // `metrics`.loss, but no other quotes: "metrics".loss is wrong in MLflow, too.
    const rest = quote === "`" ? following(tokens, first) : undefined;
    if (rest === undefined) return named(tokens, "attribute", first.text, first);
    tokens.advance();
    return ofEntity(tokens, first.text, rest.text.slice(1), first, rest);
  }
  const dot = first.text.indexOf(".");
  if (dot < 0) return named(tokens, "attribute", first.text, first);
  const key: Token = { ...first, at: first.at + dot + 1 };
  return ofEntity(tokens, first.text.slice(0, dot), first.text.slice(dot + 1), first, key);
}

/** Returns a field of an entity. `key` is the unquoted text after the first dot, in the token `last`. */
function ofEntity(tokens: Tokenizer, entity: string, key: string, first: Token, last: Token): Field {
  const kind = entityOf(entity);
  if (kind === undefined) throw tokens.error(ENTITIES, first, entityAdvice(entity, key));
  const { token } = tokens;
  if (key === "" && token.kind === "quoted" && token.at === last.end) {
    tokens.advance();
    if (kind === "attribute" || kind === "dataset") return named(tokens, kind, token.text, token);
    if (kind !== "metric") return { kind, key: token.text };
    const aggregate = following(tokens, token);
    if (aggregate === undefined) return { kind, key: token.text, aggregate: "last" };
    const name = aggregate.text.slice(1);
    if (!isAggregate(name)) throw tokens.error(".last, .min, .max, .mean, .best or .count", aggregate);
    tokens.advance();
    return { kind, key: token.text, aggregate: name };
  }
  if (key === "") throw tokens.error(`a key right after ${entity}.`);
  if (key.includes("+")) throw tokens.error("a key in quotes, since it has a +", last);
  if (kind === "attribute" || kind === "dataset") return named(tokens, kind, key, last);
  if (kind !== "metric") return { kind, key };
  const dot = key.lastIndexOf(".");
  const aggregate = key.slice(dot + 1);
  const advice = dot > 0 ? aggregateAdvice(key.slice(0, dot), aggregate) : undefined;
  if (advice !== undefined) throw tokens.error("last, min, max, mean, best or count after the metric", last, advice);
  // Without another dot, the name is that of a metric: metrics.count
  return dot > 0 && isAggregate(aggregate)
    ? { kind, key: key.slice(0, dot), aggregate }
    : { kind, key, aggregate: "last" };
}

function named(tokens: Tokenizer, entity: "attribute" | "dataset", name: string, token: Token): Field {
  const field = namedField(entity, name);
  if (field === undefined) {
    const prefix = entity === "dataset" ? "" : "a field such as metrics.loss or params.lr, or an attribute: ";
    const isGroup = tokens.argument.startsWith("groupBy");
    const isWord = token.kind === "word" && entity === "attribute" && token.text === name;
    const advice = isWord
      ? attributeAdvice(name, attributesByName.keys(), tokens.text.slice(token.at, token.end + 100), isGroup)
      : "";
    throw tokens.error(prefix + namesOf(entity), token, advice);
  }
  return field;
}

/** Returns the current token if it is a word that begins with a dot right after `token`. */
function following(tokens: Tokenizer, { end }: Token): Token | undefined {
  const { token } = tokens;
  return token.kind === "word" && token.at === end && token.text.startsWith(".") ? token : undefined;
}

/** A field that a caller passed by its name (`params.optimizer.lr`, `metrics.loss.min`, `status`) or as an object. */
export interface LabelledField {
  /** The name of the field in results. */
  readonly label: string;
  readonly field: Exclude<Field, { kind: "dataset" }>;
}

const SINGLE = "metrics, params, tags or attributes";

/**
 * Returns the field that a caller passed. Throws `INVALID_ARGUMENT` for anything else, and for data sets, because a run
 * may have many. Errors name `argument`.
 */
export function toField(input: string | Field, argument: string): LabelledField {
  if (typeof input === "object" && input !== null) {
    const field = reading(argument, () => copyField(input, argument));
    if (field.kind === "dataset") throw invalidArgument(argument, SINGLE, input);
    return { label: formatField(field), field };
  }
  const tokens = new Tokenizer(input, argument);
  const { token } = tokens;
  const field = parseField(tokens);
  if (field.kind === "dataset") throw tokens.error(SINGLE, token);
  if (!tokens.isAtEnd) throw tokens.error("the end");
  return { label: input as string, field };
}
