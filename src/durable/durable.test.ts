import { expect, test } from "vitest";
import { openCacheFile, openDurable as openNowhere } from "./no-durable.ts";

test("C19 where no durable cache runs, opening one is unsupported and says what to do", async () => {
  await expect(openNowhere("./cache")).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining("cacheSource"),
  });
});

test("LT42 where nothing durable runs, opening a page cache is unsupported and says what to do", async () => {
  await expect(openCacheFile("./cache")).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining("MemCache"),
  });
});
