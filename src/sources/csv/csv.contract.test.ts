import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, test } from "vitest";
import { openCsvFolder } from "../../../test/csv/csv-folder.ts";
import type { Row, Value } from "../../record/index.ts";
import { sourceContract, type ContractData, type SourceSubject } from "../../testing/index.ts";
import type { ColumnType } from "../../vista/index.ts";
import { csv } from "./csv.ts";
import type { CsvOptions } from "./csv-options.ts";

const folder = openCsvFolder();
const seed = Number(process.env["DIORAMA_SEED"] ?? 1);
const allTypes: readonly ColumnType[] = ["text", "integer", "number", "decimal", "boolean", "date", "json"];

/** A cell that is read as this value. */
function toCell(value: Value | undefined, type: unknown): string {
  if (value === undefined || value === null) return "";
  let text = JSON.stringify(typeof value === "bigint" ? null : value);
  if (type !== "json" && typeof value !== "object") text = String(value);
  if (value instanceof Date) text = value.toISOString();
  return `"${text.replaceAll('"', '""')}"`;
}

function toText({ columns }: ContractData, rows: ReadonlyMap<string, Row>): string {
  const types = Object.entries(columns);
  const lines = [...rows.values()].map((row) =>
    types.map(([name, type]) => toCell(row[name], type)).join(","),
  );
  return `${[types.map(([name]) => name).join(","), ...lines].join("\n")}\n`;
}

function subject(encode: (text: string) => Uint8Array, options: CsvOptions, types = allTypes): SourceSubject {
  return {
    seed,
    types,
    create: async (data) => {
      const rows = new Map(data.rows);
      const file = folder.write(encode(toText(data, rows)));
      const { source } = await csv(file, { id: data.id, columns: data.columns, name: data.name, ...options });
      return {
        source,
        set: (id, row) => {
          rows.set(id, row);
          writeFileSync(file, encode(toText(data, rows)));
        },
      };
    },
  };
}

const utf8 = (text: string): Uint8Array => Buffer.from(text);

describe(`csv (seed ${seed})`, () => sourceContract(test, subject(utf8, {})));

describe(`csv that skips bad rows (seed ${seed})`, () => {
  sourceContract(test, subject(utf8, { onBadRow: "skip" }));
});

describe(`csv, gzipped UTF-16 (seed ${seed})`, () => {
  sourceContract(
    test,
    subject((text) => gzipSync(Buffer.from(`\uFEFF${text}`, "utf16le")), {}),
  );
});

describe(`csv in Latin-1 (seed ${seed})`, () => {
  const types = allTypes.filter((type) => type !== "text");
  sourceContract(
    test,
    subject((text) => Buffer.from(text, "latin1"), { encoding: "latin1" }, types),
  );
});
