import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";
import { operatorAdvice } from "./error-advice.ts";
import { MAX_FILTER_CHARS } from "./filter.ts";

/** A token of a text, from `at` up to but not including `end`. The `text` of a `quoted` token is its content. */
export interface Token {
  readonly kind: "word" | "quoted" | "symbol" | "end";
  readonly text: string;
  readonly at: number;
  readonly end: number;
}

const SPACE = /\s*/y;
/** Matches keys, numbers, dates, durations and keywords. A key must not contain `+`. */
const WORD = /[\p{L}\p{M}\p{N}_.\-/:@[\]+]+/uy;
const SYMBOL = /[<>!]=|[=<>(),;]/y;
const QUOTES: readonly string[] = ["'", '"', "`"];

/**
 * Reads the tokens of a text one at a time. `argument` is the `field` of errors, and `label` is the name of the text in
 * their messages.
 */
export class Tokenizer {
  readonly text: string;
  readonly argument: string;
  readonly #label: string;
  token: Token;

  constructor(text: unknown, argument: string, label: string = argument) {
    if (typeof text !== "string") {
      const { message, received } = invalidArgument(label, "a string", text);
      throw new LedgerError("INVALID_ARGUMENT", message, { field: argument, received });
    }
    this.text = text;
    this.argument = argument;
    this.#label = label;
    if (text.length > MAX_FILTER_CHARS) {
      throw this.#error(MAX_FILTER_CHARS, `at most ${MAX_FILTER_CHARS} characters`, `${text.length}`);
    }
    this.token = this.#read(0);
  }

  get isAtEnd(): boolean {
    return this.token.kind === "end";
  }

  /** Moves to the next token. Returns the previous one. */
  advance(): Token {
    const { token } = this;
    this.token = this.#read(token.end);
    return token;
  }

  /**
   * Moves to the next token if the current one is this symbol or keyword. Keywords are in capitals. Returns whether it
   * has moved.
   */
  take(text: string): boolean {
    const { kind, text: written } = this.token;
    const matches = kind === "symbol" ? written === text : kind === "word" && written.toUpperCase() === text;
    if (matches) this.advance();
    return matches;
  }

  /** Moves past this symbol or keyword, or throws. */
  expect(text: string): void {
    if (!this.take(text)) throw this.error(text);
  }

  /** Returns an error at a token. Its message ends with `advice`. */
  error(expected: string, token: Token = this.token, advice = ""): LedgerError {
    const found = token.kind === "end" ? "the end" : shorten(this.text.slice(token.at, token.end));
    return this.#error(token.at, expected, found, advice);
  }

  #error(at: number, expected: string, found: string, advice = ""): LedgerError {
    const { argument } = this;
    const meant = advice || operatorAdvice(this.text, at);
    const message = `${this.#label}, character ${at + 1}: expected ${expected}, found ${found}${meant}`;
    return new LedgerError("INVALID_ARGUMENT", message, { field: argument, position: at + 1 });
  }

  #read(from: number): Token {
    const { text } = this;
    const at = from + match(SPACE, text, from).length;
    if (at === text.length) return { kind: "end", text: "", at, end: at };
    const first = text.charAt(at);
    if (QUOTES.includes(first)) return this.#quoted(at, first);
    const word = match(WORD, text, at);
    if (word !== "") return { kind: "word", text: word, at, end: at + word.length };
    const symbol = match(SYMBOL, text, at);
    if (symbol !== "") return { kind: "symbol", text: symbol, at, end: at + symbol.length };
    const found = String.fromCodePoint(text.codePointAt(at) as number);
    throw this.#error(at, "a field, an operator or a value (write keys with unusual characters in quotes)", found);
  }

  /** Reads a quoted token. Inside it, a quote is written twice. */
  #quoted(at: number, quote: string): Token {
    const { text } = this;
    let content = "";
    for (let from = at + 1; ;) {
      const close = text.indexOf(quote, from);
      if (close < 0) throw this.#error(at, `a closing ${quote}`, shorten(text.slice(at)));
      content += text.slice(from, close);
      if (text[close + 1] !== quote) return { kind: "quoted", text: content, at, end: close + 1 };
      content += quote;
      from = close + 2;
    }
  }
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}
