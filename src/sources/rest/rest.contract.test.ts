import { describe, test } from "vitest";
import type { ApiServerOptions } from "../../../test/rest/api-server.ts";
import { openApiServer } from "../../../test/rest/api-server.ts";
import type { Row } from "../../record/index.ts";
import { sourceContract, type ContractData, type SourceSubject } from "../../testing/index.ts";
import type { ColumnType } from "../../vista/index.ts";
import type { RestOptions } from "./rest-options.ts";
import { rest } from "./rest.ts";
import { toJson } from "./to-json.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? 1);

function toJsonRow(row: Row, { columns }: ContractData): Readonly<Record<string, unknown>> {
  const types = Object.entries(columns).flatMap(([name, type]): [string, ColumnType][] =>
    typeof type === "string" ? [[name, type]] : [],
  );
  return { ...toJson(row, new Map(types), {}) };
}

function subject(
  api: ApiServerOptions,
  options: RestOptions | ((data: ContractData) => RestOptions),
  more: Partial<SourceSubject> = {},
): SourceSubject {
  return {
    seed,
    ...more,
    create: async (data) => {
      const rows = [...data.rows.values()].map((row) => toJsonRow(row, data));
      const server = await openApiServer({ ...api, resources: { contract: rows } });
      const given = typeof options === "function" ? options(data) : options;
      const { source } = rest(server.url("contract"), { columns: data.columns, ...given });
      return {
        source,
        set: (_id, row) => server.resource("contract").put(toJsonRow(row, data)),
        close: () => server.close(),
      };
    },
  };
}

/** What the server orders as we do: not bytes as base64, nor integers beyond 2^53 as texts. */
const ordered = ["text", "number", "decimal", "boolean", "date"].flatMap((type) => [
  `${type}_a`,
  `${type}_b`,
]);
const allWrites: RestOptions["writes"] = { insert: "POST", replace: true, patch: true, delete: true };
const operators = {
  "=": "{column}",
  ">=": "{column}_gte",
  "<": "{column}_lt",
  contains: "{column}_contains",
  in: "{column}_in",
};

describe(`rest, the whole list, read only (seed ${seed})`, () => sourceContract(test, subject({}, {})));

describe(`rest by numbered pages, with everything (seed ${seed})`, () => {
  sourceContract(
    test,
    subject(
      {
        paging: { kind: "page", page: "page", size: "limit" },
        total: { header: "X-Total-Count" },
        filter: "suffix",
        order: { kind: "signed", sort: "sort" },
        search: "q",
        maxSize: 20,
      },
      {
        paging: { kind: "page", page: "page", size: "limit" },
        maxPageSize: 20,
        total: { header: "X-Total-Count" },
        filter: { operators, list: "comma" },
        order: { parameter: "sort", several: ",", columns: [...ordered, "id"], nulls: "last" },
        search: { parameter: "q", loose: true },
        writes: allWrites,
        version: true,
        pollEvery: 5,
      },
      { knowsOps: true },
    ),
  );
});

describe(`rest by offsets, wrapped, ties put right, writes read again (seed ${seed})`, () => {
  const paging = { kind: "offset", offset: "skip", limit: "take" } as const;
  sourceContract(
    test,
    subject(
      {
        paging,
        rows: "data.items",
        total: { field: "data.total" },
        filter: "bracket",
        order: { kind: "pair", sort: "by", direction: "how" },
        maxSize: 20,
        returnsRow: false,
      },
      {
        paging,
        rows: "data.items",
        total: { field: "data.total" },
        maxPageSize: 20,
        filter: {
          operators: { ">": "{column}[gt]", "<=": "{column}[lte]", in: "{column}[in]" },
          list: "comma",
          loose: true,
        },
        order: {
          parameter: "by",
          directions: "how",
          several: ",",
          columns: ordered,
          nulls: "last",
          ties: false,
        },
        writes: { insert: "PUT", replace: true, delete: true, answersRow: false },
      },
    ),
  );
});

describe(`rest by cursors, equality only, one column to order by (seed ${seed})`, () => {
  sourceContract(
    test,
    subject(
      {
        paging: { kind: "cursor", cursor: "after", limit: "limit", next: "meta.next" },
        rows: "items",
        filter: "equal",
        order: { kind: "signed", sort: "sort" },
      },
      {
        paging: { kind: "cursor", cursor: "after", next: "meta.next", size: "limit" },
        rows: "items",
        maxPageSize: 25,
        filter: ["text_a", "integer_b", "id"],
        order: { parameter: "sort", columns: ["text_a", "number_b", "id"], nulls: "last" },
        writes: { insert: "POST", patch: true },
      },
    ),
  );
});

describe(`rest by links of pages of the API's own size, ids of the API (seed ${seed})`, () => {
  sourceContract(
    test,
    subject(
      { paging: { kind: "link", page: "p", size: "n" }, defaultSize: 25 },
      ({ columns: { id: _id, ...columns } }) => ({
        paging: { kind: "link" },
        columns,
        writes: { insert: "POST", add: true, replace: true, delete: true },
      }),
    ),
  );
});
