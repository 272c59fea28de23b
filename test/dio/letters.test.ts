import { DioramaError, type Dio, type ErrorCode } from "vantage-diorama";
import { expect, test } from "vitest";
import { createStage, openLens, type Product } from "./setup.ts";

const codeOf = (work: Promise<unknown>): Promise<ErrorCode | "none"> =>
  work.then(
    () => "none",
    (error: unknown) => (error instanceof DioramaError ? error.code : "none"),
  );

/** A Dio whose dearest writes are refused. */
async function openShop(): Promise<Dio<Product>> {
  const { source, builder, clock } = createStage();
  const lens = await openLens({
    clock,
    builder: builder.onWrite((_dio, op) => {
      const price = op.kind === "patch" ? op.partial["price"] : op.kind === "insert" ? op.row["price"] : 0;
      if (op.kind === "delete" || Number(price) > 1_000) throw new DioramaError("rejected", "not this one");
    }),
  });
  return lens.makeDio(source);
}

const letterOf = (dio: Dio<Product>): string => dio.writes.failed()[0]?.op.opId ?? "";

test("W37 a dead letter is sent with another content, which is checked as a write's", async () => {
  const dio = await openShop();
  await dio.vista().patch("a", { price: 2_000 });
  await dio.flush();
  expect((await dio.vista().get("a"))?.price).toBe(300);
  const opId = letterOf(dio);
  const bad: unknown = { partial: { price: 5, prise: 6 } };
  const error = await dio.writes.edit(opId, bad as { partial: Partial<Product> }).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: "invalid", message: expect.stringContaining("prise") });
  const row = { id: "a", name: "Apple tart", price: 900, category: "tarts" };
  for (const change of [{ row }, {}, { row, partial: row }, null, 5]) {
    expect(await codeOf(dio.writes.edit(opId, change as never))).toBe("invalid");
  }
  expect(await dio.writes.edit("another", { partial: { price: 900 } })).toBeUndefined();
  expect(letterOf(dio)).toBe(opId);
  expect(await dio.writes.edit(opId, { partial: { price: 900 } })).toBeTypeOf("string");
  expect((await dio.vista().get("a"))?.price).toBe(900);
  await dio.flush();
  expect([dio.writes.failed(), (await dio.cache.confirmed("a"))?.price]).toEqual([[], 900]);
});

test("W37 an insert is edited with a row, a delete not at all", async () => {
  const dio = await openShop();
  const row: Product = { id: "n", name: "New", price: 5_000, category: "buns" };
  await dio.vista().insert("n", row);
  await dio.flush();
  const opId = letterOf(dio);
  expect(await codeOf(dio.writes.edit(opId, { row: { ...row, price: "much" as never } }))).toBe("invalid");
  await dio.writes.edit(opId, { row: { ...row, price: 50 } });
  await dio.flush();
  expect((await dio.cache.confirmed("n"))?.price).toBe(50);
  await dio.vista().delete("b");
  await dio.flush();
  const gone = dio.writes.failed().find(({ op }) => op.kind === "delete")?.op.opId ?? "";
  const error = await dio.writes.edit(gone, { row }).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: "invalid", message: expect.stringMatching(/is a delete.*discard/) });
  await dio.close();
  expect(await codeOf(dio.writes.edit(gone, { row }))).toBe("none");
});
