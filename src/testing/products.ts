import type { ColumnsInput } from "../vista/index.ts";
import { createRandom } from "./random.ts";

/** A row of the generated data. */
export interface Product {
  readonly id: string;
  readonly name: string;
  /** One of 50. */
  readonly category: string;
  /** Two decimals. */
  readonly price: number;
  readonly calories: number;
  readonly stock: number;
  readonly updatedAt: Date;
  /** About 60 characters. */
  readonly description: string;
}

/** The columns of a Product, `id` being its id column. */
export const productColumns: ColumnsInput = {
  id: "text",
  name: { type: "text", flags: ["title"] },
  category: "text",
  price: "number",
  calories: "integer",
  stock: "integer",
  updatedAt: "date",
  description: "text",
};

const CATEGORY_COUNT = 50;
const FIRST_UPDATE_MS = Date.UTC(2024, 0, 1);
const TWO_YEARS_S = 2 * 365 * 24 * 3600;

const tastes = [
  "amber",
  "bitter",
  "bright",
  "candied",
  "dark",
  "golden",
  "icy",
  "mild",
  "rustic",
  "salted",
  "smoky",
  "sweet",
];
const fillings = [
  "almond",
  "apple",
  "cherry",
  "fig",
  "ginger",
  "hazelnut",
  "lemon",
  "plum",
  "quince",
  "rhubarb",
  "vanilla",
];
const goods = [
  "biscuit",
  "bun",
  "cake",
  "crumble",
  "loaf",
  "pie",
  "roll",
  "scone",
  "strudel",
  "tart",
  "waffle",
];

/** `count` products that the seed decides, one at a time; their ids are `p0`, `p1` and so on. */
export function* generateProducts(count: number, seed: number = 1): Generator<Product, void, undefined> {
  const random = createRandom(seed);
  const thing = (): string => `${random.pick(tastes)} ${random.pick(fillings)} ${random.pick(goods)}`;
  for (let index = 0; index < count; index++) {
    const name = thing();
    yield {
      id: `p${index}`,
      name: `${name} ${index}`,
      category: `category ${random.integer(1, CATEGORY_COUNT)}`,
      price: random.integer(50, 99_999) / 100,
      calories: random.integer(20, 900),
      stock: random.integer(0, 500),
      updatedAt: new Date(FIRST_UPDATE_MS + random.integer(0, TWO_YEARS_S) * 1_000),
      description: `A ${name}, at its best beside ${thing()}`,
    };
  }
}
