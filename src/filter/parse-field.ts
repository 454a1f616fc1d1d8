import { attributeAdvice, entityAdvice } from "./advice.ts";
import { attributesByName } from "./attributes.ts";
import { type Field, entityOf, isAggregate, namedField, namesOf } from "./field.ts";
import type { Token, Tokens } from "./tokens.ts";

const ENTITIES = "metrics, params, tags, attributes or datasets";

/** Reads `entity.key`, or the name of an attribute. Quoted parts follow without a space. */
export function parseField(tokens: Tokens): Field {
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

/** `key` is what stands unquoted after the first dot, in the token `last`. */
function ofEntity(tokens: Tokens, entity: string, key: string, first: Token, last: Token): Field {
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
  // A name alone is the metric's: metrics.count
  return dot > 0 && isAggregate(aggregate)
    ? { kind, key: key.slice(0, dot), aggregate }
    : { kind, key, aggregate: "last" };
}

function named(tokens: Tokens, entity: "attribute" | "dataset", name: string, token: Token): Field {
  const field = namedField(entity, name);
  if (field === undefined) {
    const prefix = entity === "dataset" ? "" : "a field such as metrics.loss or params.lr, or an attribute: ";
    const isWord = token.kind === "word" && entity === "attribute" && token.text === name;
    const advice = isWord
      ? attributeAdvice(name, attributesByName.keys(), tokens.text.slice(token.at, token.end + 100))
      : "";
    throw tokens.error(prefix + namesOf(entity), token, advice);
  }
  return field;
}

/** The current token, if it is a word that begins with a dot right after `token`. */
function following(tokens: Tokens, { end }: Token): Token | undefined {
  const { token } = tokens;
  return token.kind === "word" && token.at === end && token.text.startsWith(".") ? token : undefined;
}
