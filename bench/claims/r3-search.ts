import { type Product, productColumns } from "vantage-diorama/testing";
import type { Claim } from "../claim.ts";
import { median } from "../measure.ts";
import { openOurs } from "../ours.ts";
import { Workload } from "../workload.ts";

/** What somebody types, a key at a time. */
const words = ["almond", "cherry", "ginger", "hazelnut", "lemon", "quince", "rhubarb", "vanilla", "crumble"];
const FIRST_KEYS = 3;

const searchable = {
  ...productColumns,
  name: { type: "text", flags: ["title", "searchable"] },
  description: { type: "text", flags: ["searchable"] },
} as const;

/** Text that is searched for, and goes on being typed. */
export const claim: Claim = {
  id: "R3",
  title: "search, and each further key typed",
  left: "a row that matches is looked up, put into the view's order and indexed, where the scan pushes it on an array; a further key looks only at the rows found before, but those lie apart in memory.",
  async run({ rows, smoke }) {
    const size = Math.min(rows, 100_000);
    const { products } = new Workload(size);
    const { lens, dio } = await openOurs(products, searchable);
    const times: Record<"first" | "firstLimit" | "further" | "furtherLimit", number[]> = {
      first: [],
      firstLimit: [],
      further: [],
      furtherLimit: [],
    };
    const taking = async <T>(into: number[], work: () => T | Promise<T>): Promise<T> => {
      const start = performance.now();
      const result = await work();
      into.push(performance.now() - start);
      return result;
    };
    for (const [round, word] of words.slice(0, smoke ? 2 : words.length).entries()) {
      const text = word.slice(0, FIRST_KEYS);
      // The first word warms up.
      const into = round === 0 ? { first: [], firstLimit: [], further: [], furtherLimit: [] } : times;
      let found = await taking(into.firstLimit, () => scan(products, text));
      const table = await taking(into.first, async () => {
        const opened = await dio.tableScenery({ search: text }).open();
        opened.rows(opened.rowCount - 1, opened.rowCount);
        return opened;
      });
      sameCount(table.rowCount, found);
      for (let keys = FIRST_KEYS + 1; keys <= word.length; keys++) {
        const longer = word.slice(0, keys);
        const narrowed = found;
        found = await taking(into.furtherLimit, () => scan(narrowed, longer));
        await taking(into.further, async () => {
          await table.setSearch(longer);
          table.rows(table.rowCount - 1, table.rowCount);
        });
        sameCount(table.rowCount, found);
      }
      table.close();
    }
    await lens.close();
    const [first, firstLimit] = [median(times.first), median(times.firstLimit)];
    const [further, furtherLimit] = [median(times.further), median(times.furtherLimit)];
    return {
      findings: [
        {
          work: `${size.toLocaleString("en")} rows, the first search in two text columns`,
          against: "a plain scan",
          ours: first,
          limit: firstLimit,
          unit: "ms",
          ratio: first / firstLimit,
          target: 2,
        },
        {
          work: "each further key typed",
          against: "a scan of the rows found before",
          ours: further,
          limit: furtherLimit,
          unit: "ms",
          ratio: further / furtherLimit,
          target: 2,
        },
      ],
    };
  },
};

const scan = (products: readonly Product[], text: string): Product[] =>
  products.filter(
    ({ name, description }) => name.toLowerCase().includes(text) || description.toLowerCase().includes(text),
  );

function sameCount(rowCount: number, found: readonly Product[]): void {
  if (rowCount !== found.length) throw new Error(`${rowCount} rows found, not ${found.length}`);
}
