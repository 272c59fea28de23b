import { expect, test } from "vitest";
import { openDurable as openNowhere } from "./no-durable.ts";

test("C19 where no durable cache runs, opening one is unsupported and says what to do", async () => {
  await expect(openNowhere("./cache")).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining("cacheSource"),
  });
});
