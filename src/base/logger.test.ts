import { expect, test } from "vitest";
import { type Logger, silentLogger, toSafeLogger } from "./logger.ts";

test("B16 a safe logger hands on what it is told, and what the other throws is lost", () => {
  const lines: unknown[] = [];
  class OwnLogger implements Logger {
    readonly name = "own";
    error(message: string, fields?: object): void {
      lines.push([this.name, message, fields]);
      throw new Error("the disk of the log is full");
    }
    info(message: string): void {
      lines.push([this.name, message]);
    }
    debug(message: string): void {
      lines.push([this.name, message]);
    }
  }
  const safe = toSafeLogger(new OwnLogger());
  safe.error("e", { code: 1 });
  safe.info("i");
  safe.debug("d");
  expect(lines).toEqual([
    ["own", "e", { code: 1 }],
    ["own", "i"],
    ["own", "d"],
  ]);
  for (const log of [silentLogger.error, silentLogger.info, silentLogger.debug])
    expect(log("x")).toBeUndefined();
});
