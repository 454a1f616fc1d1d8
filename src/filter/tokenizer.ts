import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";
import { operatorAdvice } from "./error-advice.ts";
import { MAX_FILTER_CHARS } from "./filter.ts";

/** `text` is what was quoted, of a `quoted` one, and else what is written. It stands from `at` to before `end`. */
export interface Token {
  readonly kind: "word" | "quoted" | "symbol" | "end";
  readonly text: string;
  readonly at: number;
  readonly end: number;
}

const SPACE = /\s*/y;
/** Keys, numbers, dates, durations and keywords alike. A key may not have the `+`. */
const WORD = /[\p{L}\p{M}\p{N}_.\-/:@[\]+]+/uy;
const SYMBOL = /[<>!]=|[=<>(),;]/y;
const QUOTES: readonly string[] = ["'", '"', "`"];

/**
 * The tokens of a text, one at a time and each read once. `argument` is the field of errors, `label` what their messages call the text.
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

  /** Goes on to the next token; gives the one that was current. */
  advance(): Token {
    const { token } = this;
    this.token = this.#read(token.end);
    return token;
  }

  /** Goes on if the current token is this symbol or keyword; keywords in capitals. */
  take(text: string): boolean {
    const { kind, text: written } = this.token;
    const matches = kind === "symbol" ? written === text : kind === "word" && written.toUpperCase() === text;
    if (matches) this.advance();
    return matches;
  }

  /** Goes on past this symbol or keyword, or throws. */
  expect(text: string): void {
    if (!this.take(text)) throw this.error(text);
  }

  /** `advice` ends the message. */
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
    throw this.#error(at, "a field, an operator or a value (keys with unusual characters stand in quotes)", found);
  }

  /** A quote within is written twice. */
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
