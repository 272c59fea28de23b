import { expect, test } from "vitest";
import { PageIndex } from "./page-index.ts";

test("LT22 ids are noted once somebody asks for them and nothing is cached", () => {
  const index = new PageIndex();
  index.begin();
  index.note("page_1", ["a"]);
  expect([index.isComplete, index.listsOf("a")]).toEqual([false, []]);
  index.want();
  index.note("page_1", ["a"]);
  expect([index.isComplete, index.listsOf("a")]).toEqual([false, []]);
  index.begin();
  index.note("page_1", ["a", "b"]);
  index.note("page_2", ["b", "c"]);
  index.note("first", ["a"]);
  index.note("page_2", ["b", "c"]);
  expect(index.isComplete).toBe(true);
  expect(["a", "b", "c", "d"].map((id) => index.listsOf(id))).toEqual([
    ["page_1", "first"],
    ["page_1", "page_2"],
    ["page_2"],
    [],
  ]);
  index.drop("page_1");
  expect(["a", "b"].map((id) => index.listsOf(id))).toEqual([["first"], ["page_2"]]);
  index.note("page_1", ["x"]);
  expect(index.listsOf("b")).toEqual(["page_1", "page_2"]);
});

test("LT22 of more rows than it can remember nothing is known, until nothing is cached again", () => {
  const index = new PageIndex(3);
  index.want();
  index.begin();
  index.note("page_1", ["a", "b"]);
  index.note("page_2", ["c", "d"]);
  expect([index.isComplete, index.listsOf("a"), index.names.size]).toEqual([false, [], 0]);
  index.note("page_3", ["e"]);
  expect(index.listsOf("e")).toEqual([]);
  index.begin();
  index.note("page_1", ["a"]);
  expect([index.isComplete, index.listsOf("a")]).toEqual([true, ["page_1"]]);
});
