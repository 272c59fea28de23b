/** A decimal number as `coefficient · 10^-scale`: a safe whole number where it is one, else a bigint. */
export interface Decimal {
  readonly coefficient: number | bigint;
  readonly scale: number;
}

const decimalText = /^-?\d+(?:\.\d+)?$/;
/** So many digits are a safe whole number whichever they are. */
const MOST_SAFE_DIGITS = 15;

/** What a decimal column's text says, `undefined` for other text: digits, with a sign, with a fraction. */
export function parseDecimal(text: string): Decimal | undefined {
  if (!decimalText.test(text)) return undefined;
  const point = text.indexOf(".");
  const scale = point === -1 ? 0 : text.length - point - 1;
  const digits = point === -1 ? text : text.slice(0, point) + text.slice(point + 1);
  return { coefficient: digits.length <= MOST_SAFE_DIGITS ? Number(digits) + 0 : BigInt(digits), scale };
}

/** The text of `coefficient · 10^-scale`, with as many digits behind the point as the scale says. */
export function formatDecimal(coefficient: number | bigint, scale: number): string {
  const isNegative = coefficient < 0;
  const digits = String(isNegative ? -coefficient : coefficient).padStart(scale + 1, "0");
  const point = digits.length - scale;
  const fraction = scale === 0 ? "" : `.${digits.slice(point)}`;
  return `${isNegative ? "-" : ""}${digits.slice(0, point)}${fraction}`;
}
