import { nearestName } from "../base/index.ts";
import {
  and,
  condition,
  isNotNull,
  isNull,
  not,
  or,
  unknownOperator,
  type ComparisonOperator,
  type Condition,
  type ListOperator,
} from "../query/index.ts";
import type { Value } from "../record/index.ts";
import type { Column, Schema } from "../vista/index.ts";
import { readValue } from "./where-value.ts";
import { errorInWhere, toTokens, type WhereToken } from "./where-tokens.ts";

/** Deeper parentheses and `not`s are refused. */
const MOST_DEPTH = 100;
const MOST_LISTED = 20;

const COMPARISONS: readonly ComparisonOperator[] = ["=", "!=", "<", "<=", ">", ">="];
const RESERVED: ReadonlySet<string> = new Set(["and", "or", "not"]);

/**
 * The conditions of one `--where`, all of which must hold: `price > 10 and (kind = tea or not name starts with "b")`.
 * `and` binds closer than `or`. Wrong usage names the place.
 */
export function parseWhere(text: string, schema: Schema): readonly Condition[] {
  return new WhereParser(text, schema).parse();
}

class WhereParser {
  readonly #text: string;
  readonly #tokens: readonly WhereToken[];
  readonly #schema: Schema;
  #at = 0;

  constructor(text: string, schema: Schema) {
    this.#text = text;
    this.#tokens = toTokens(text);
    this.#schema = schema;
  }

  parse(): readonly Condition[] {
    if (this.#tokens.length <= 1) throw this.#error(this.#token, `a condition is missing: "price > 10"`);
    const whole = this.#either(0);
    if (this.#token.kind !== "end")
      throw this.#error(
        this.#token,
        `"and", "or" or the end should be here; a text of several words needs quotes`,
      );
    return whole.kind === "and" ? whole.conditions : [whole];
  }

  get #token(): WhereToken {
    return this.#tokens[this.#at] ?? END;
  }

  #either(depth: number): Condition {
    const any = [this.#all(depth)];
    while (this.#takeWord("or")) any.push(this.#all(depth));
    return any.length === 1 && any[0] !== undefined ? any[0] : or(...any);
  }

  #all(depth: number): Condition {
    const all = [this.#one(depth)];
    while (this.#takeWord("and")) all.push(this.#one(depth));
    return all.length === 1 && all[0] !== undefined ? all[0] : and(...all);
  }

  #one(depth: number): Condition {
    const open = this.#token;
    if (depth > MOST_DEPTH) throw this.#error(open, `nested deeper than ${MOST_DEPTH} levels`);
    if (this.#takeWord("not")) return not(this.#one(depth + 1));
    if (!this.#takeSymbol("(")) return this.#comparison();
    const inner = this.#either(depth + 1);
    if (!this.#takeSymbol(")"))
      throw this.#error(this.#token, `a ")" is missing for the one that opens at ${open.start + 1}`);
    return inner;
  }

  #comparison(): Condition {
    const name = this.#token;
    const isReserved = name.kind === "word" && RESERVED.has(name.text.toLowerCase());
    if ((name.kind !== "word" && name.kind !== "text") || isReserved)
      throw this.#error(name, `a column's name should be here${isReserved ? "; quote it if it is one" : ""}`);
    const column = this.#column(name);
    this.#at++;
    const operator = this.#token;
    if (operator.kind === "symbol") return this.#bySymbol(name, column, operator);
    if (operator.kind === "word") return this.#byWord(name, column, operator);
    throw this.#error(
      operator,
      `an operator should be here: = != < <= > >= in, contains, starts with, is null …`,
    );
  }

  #bySymbol(name: WhereToken, column: Column | undefined, operator: WhereToken): Condition {
    const known = COMPARISONS.find((symbol) => symbol === operator.text);
    if (known === undefined) throw this.#unknownOperator(operator, operator.text);
    this.#at++;
    return condition(name.text, known, this.#value(column, known));
  }

  #byWord(name: WhereToken, column: Column | undefined, operator: WhereToken): Condition {
    if (this.#takeWord("contains")) return condition(name.text, "contains", this.#value(column, "contains"));
    if (this.#takeWords("starts", "with"))
      return condition(name.text, "starts with", this.#value(column, "starts with"));
    if (this.#takeWords("is", "not", "null")) return isNotNull(name.text);
    if (this.#takeWords("is", "null")) return isNull(name.text);
    if (this.#takeWords("not", "in")) return condition(name.text, "not in", this.#list(column, "not in"));
    if (this.#takeWord("in")) return condition(name.text, "in", this.#list(column, "in"));
    const following = this.#tokens[this.#at + 1];
    const isPair = PAIRED.has(operator.text.toLowerCase()) && following?.kind === "word";
    throw this.#unknownOperator(operator, isPair ? `${operator.text} ${following.text}` : operator.text);
  }

  #list(column: Column | undefined, operator: ListOperator): Value[] {
    if (!this.#takeSymbol("(")) throw this.#error(this.#token, `"${operator}" takes a list: (1, 2, 3)`);
    const values: Value[] = [];
    if (this.#takeSymbol(")")) return values;
    do values.push(this.#value(column, operator));
    while (this.#takeSymbol(","));
    if (!this.#takeSymbol(")")) throw this.#error(this.#token, `"," or ")" should be here`);
    return values;
  }

  #value(column: Column | undefined, operator: ComparisonOperator | ListOperator): Value {
    const token = this.#token;
    if (token.kind !== "word" && token.kind !== "text") throw this.#error(token, "a value should be here");
    const read = readValue({ text: token.text, isQuoted: token.kind === "text" }, column, operator);
    if ("problem" in read) throw this.#error(token, read.problem);
    if (typeof read.value === "string" && !read.value.isWellFormed())
      throw this.#error(token, "this text holds half of a surrogate pair");
    this.#at++;
    return read.value;
  }

  /** The column that is meant, `undefined` for what no schema lists. A dotted path is of its first part's type. */
  #column(name: WhereToken): Column | undefined {
    const { columns, open } = this.#schema;
    const found = columns.find((column) => column.name === name.text);
    if (found !== undefined) return found;
    const dot = name.text.indexOf(".");
    const isPath = dot > 0 && columns.some((column) => column.name === name.text.slice(0, dot));
    if (!isPath && !open) throw this.#error(name, unknownColumn(name.text, columns));
    if (!name.text.isWellFormed()) throw this.#error(name, "this name holds half of a surrogate pair");
    return undefined;
  }

  #takeSymbol(symbol: string): boolean {
    const { kind, text } = this.#token;
    const is = kind === "symbol" && text === symbol;
    if (is) this.#at++;
    return is;
  }

  #takeWord(word: string): boolean {
    return this.#takeWords(word);
  }

  #takeWords(...words: readonly string[]): boolean {
    const are = words.every((word, index) => {
      const token = this.#tokens[this.#at + index];
      return token?.kind === "word" && token.text.toLowerCase() === word;
    });
    if (are) this.#at += words.length;
    return are;
  }

  #unknownOperator(token: WhereToken, operator: string): Error {
    return this.#error(token, unknownOperator(operator, {}).message);
  }

  #error(token: WhereToken, message: string): Error {
    return errorInWhere(this.#text, token.start, message);
  }
}

const END: WhereToken = { kind: "end", text: "", start: 0, end: 0 };

/** First words of operators of two. */
const PAIRED: ReadonlySet<string> = new Set(["starts", "is", "not"]);

/** What to say of a name that no column has. */
export function unknownColumn(name: string, columns: readonly Column[]): string {
  const names = columns.map((column) => column.name);
  const meant = nearestName(name, names);
  const listed = `${names.slice(0, MOST_LISTED).join(", ")}${names.length > MOST_LISTED ? " …" : ""}`;
  const hint = meant === undefined ? `there are: ${listed}` : `did you mean ${JSON.stringify(meant)}?`;
  return `there is no column ${JSON.stringify(name)}; ${hint}`;
}
