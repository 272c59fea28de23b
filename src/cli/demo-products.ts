import type { Row } from "../record/index.ts";
import { createSchema, type Schema } from "../vista/index.ts";
import { createSeededChoices } from "./seeded-choices.ts";

/** What the demo master has columns for. */
export const productSchema: Schema = createSchema({
  id: "id",
  title: "name",
  columns: {
    id: "text",
    name: { type: "text", flags: ["searchable", "mandatory"] },
    price: { type: "number", flags: ["mandatory"] },
    category: { type: "text", flags: ["searchable"] },
    stock: "integer",
  },
});

const MAKES = [
  "Alder",
  "Birch",
  "Brass",
  "Clay",
  "Copper",
  "Cork",
  "Felt",
  "Flint",
  "Linen",
  "Maple",
  "Oak",
  "Slate",
];
const KINDS = [
  "basket",
  "bench",
  "bowl",
  "candle",
  "chair",
  "jug",
  "kettle",
  "lamp",
  "mirror",
  "shelf",
  "stool",
  "vase",
];
const CATEGORIES = ["bath", "garden", "hall", "kitchen", "living", "study"];

/** Digits of a product's number in its id, so that ids sort as numbers do. */
const ID_DIGITS = 5;
const LEAST_CENTS = 50;
const MOST_CENTS = 50_000;
const MOST_STOCK = 200;

/** Products by number, the same for the same seed. */
export function* createProducts(rows: number, seed: number): Generator<Row, void, undefined> {
  const choices = createSeededChoices(seed);
  for (let number = 1; number <= rows; number++) {
    yield {
      id: `p${String(number).padStart(ID_DIGITS, "0")}`,
      name: `${choices.pick(MAKES)} ${choices.pick(KINDS)}`,
      price: choices.integer(LEAST_CENTS, MOST_CENTS) / 100,
      category: choices.pick(CATEGORIES),
      stock: choices.integer(0, MOST_STOCK),
    };
  }
}
