import { mkdtempSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openMockApi } from "../../src/cli/mock-api.ts";
import { openApiServer, type ApiServer } from "../rest/api-server.ts";
import { openCliFolder, type CliOutcome, runInTerminal } from "./recording-terminal.ts";

const root = openCliFolder();
const servers: ApiServer[] = [];
afterAll(async () => void (await Promise.all(servers.map((server) => server.close()))));

type Run = (...argv: readonly string[]) => Promise<CliOutcome>;

/** `diorama live api …` in a folder of its own. */
function place(...more: readonly string[]): Run {
  const path = mkdtempSync(join(root.path, "place-"));
  return (...argv) => runInTerminal(["live", "api", ...more, ...argv], { folder: path });
}

/** An API of the tests that is asked by `run`. */
async function withServer(): Promise<{ readonly server: ApiServer; readonly run: Run }> {
  const server = await openApiServer({
    paging: { kind: "offset", offset: "_start", limit: "_limit" },
    total: { header: "X-Total-Count" },
    filter: "equal",
    resources: {
      posts: Array.from({ length: 45 }, (_, at) => ({
        id: at + 1,
        userId: (at % 3) + 1,
        title: `post ${at + 1}`,
        body: "…",
      })),
      users: [{ id: 1, name: "Ada", company: { name: "North" }, address: { city: "Cork" } }],
    },
  });
  servers.push(server);
  return { server, run: place("--base-url", server.base.href) };
}

const lines = (text: string): string[] => text.trimEnd().split("\n");
const rowsOf = ({ out }: CliOutcome): Record<string, unknown>[] =>
  JSON.parse(out) as Record<string, unknown>[];
const noteOf = ({ err }: CliOutcome): string => lines(err)[0] ?? "";

describe("the bundled server", { timeout: 60_000 }, () => {
  test("CLI40 every resource lists and gets", async () => {
    const run = place("--json", "--cache", "none");
    for (const [resource, total] of [
      ["users", 10],
      ["posts", 100],
      ["comments", 500],
      ["albums", 100],
      ["todos", 200],
    ] as const) {
      const { code, out } = await run(resource, "list", "--limit", "500");
      expect([resource, code, (JSON.parse(out) as unknown[]).length]).toEqual([resource, 0, total]);
      expect(JSON.parse((await run(resource, "get", String(total))).out)).toMatchObject({ id: total });
      expect(await run(resource, "get", String(total + 1))).toMatchObject({ code: 3, out: "" });
    }
  });

  test("CLI40 it starts with a miss, and a hit needs none", async () => {
    const run = place();
    const [miss, hit] = [await run("todos", "list"), await run("todos", "list")];
    expect([noteOf(miss), noteOf(hit), hit.out]).toEqual([
      expect.stringMatching(/^miss: from the master in .*, kept for the next time$/),
      expect.stringMatching(/^hit: from the cache in .* faster than the miss \(.*\)$/),
      miss.out,
    ]);
  });

  test("CLI40 pages and filters go to the API, and each filter has pages of its own", async () => {
    const run = place();
    const third = await run("posts", "list", "--filter", "userId=3", "--limit", "4", "--page", "2", "--json");
    expect(rowsOf(third).map(({ id, userId }) => [id, userId])).toEqual([
      [25, 3],
      [26, 3],
      [27, 3],
      [28, 3],
    ]);
    expect(noteOf(await run("posts", "list", "--filter", "userId=4"))).toMatch(/^miss: /);
    expect(noteOf(await run("posts", "list", "--filter", "userId=3"))).toMatch(/^hit: /);
    const both = await run("todos", "list", "--filter", "completed=true", "--filter", "userId=1", "--json");
    expect(rowsOf(both).every(({ userId, completed }) => userId === 1 && completed === true)).toBe(true);
    expect(rowsOf(both).length).toBeGreaterThan(0);
    const explained = JSON.parse(
      (await run("posts", "info", "--filter", "userId=3", "--json")).out,
    ) as Record<string, unknown>;
    expect(explained).toMatchObject({
      api: "the bundled mock server",
      "a miss asks": expect.stringContaining("/posts?userId=?"),
      cached: [expect.objectContaining({ rows: 10 })],
    });
  });

  test("CLI40 a filter that can't be is wrong usage, and asks nobody", async () => {
    const run = place();
    for (const [filter, message] of [
      ["usrId=3", /posts has no field "usrId"; did you mean userId\?$/],
      ["zzzzzzzz=3", /posts has no field "zzzzzzzz"; there are id, userId, title, body$/],
      ["userId=three", /--filter userId: the column is an integer/],
      ["userId", /give field=value$/],
      ["=3", /give field=value$/],
      ["userId=null", /nothing equals null/],
    ] as const) {
      const outcome = await run("posts", "list", "--filter", filter);
      expect([filter, outcome.code, outcome.out]).toEqual([filter, 2, ""]);
      expect(lines(outcome.err)).toEqual([expect.stringMatching(message)]);
    }
    expect(await run("posts", "list", "--page", "0")).toMatchObject({ code: 2 });
    expect(await run("pots", "list")).toMatchObject({ code: 2, err: expect.stringContaining("posts") });
  });

  test("CLI40 an id with slashes, spaces and emoji is asked for as one", async () => {
    const run = place();
    for (const id of ["a/b c 😀", "../users/1", "1?x=1#y", "%"]) {
      expect([id, await run("posts", "get", id, "--quiet")]).toEqual([
        id,
        { code: 3, out: "", err: `diorama: posts has no row ${JSON.stringify(id)}\n` },
      ]);
    }
  });
});

describe("an API of one's own", { timeout: 60_000 }, () => {
  test("CLI40 --base-url is asked, and each address has pages of its own", async () => {
    const { server, run } = await withServer();
    const other = await withServer();
    expect(rowsOf(await run("posts", "list", "--page", "3", "--json")).map(({ id }) => id)).toEqual([
      41, 42, 43, 44, 45,
    ]);
    expect(server.log.length).toBe(1);
    expect(noteOf(await run("posts", "list", "--page", "3"))).toMatch(/^hit: /);
    expect(server.log.length).toBe(1);
    await run("posts", "list", "--page", "3", "--base-url", other.server.base.href);
    expect([server.log.length, other.server.log.length]).toEqual([1, 1]);
    // What an API has beside the columns that we know is shown as it comes.
    expect(rowsOf(await run("users", "list", "--json"))).toEqual([
      { id: 1, name: "Ada", company: { name: "North" }, address: { city: "Cork" } },
    ]);
  });

  test("CLI40 no credential of the address is shown or kept in a name", async () => {
    const { server, run } = await withServer();
    const base = new URL(server.base);
    base.username = "ann";
    base.password = "pa55word";
    server.script(() => ({ status: 500 }));
    const secret = ["--base-url", `${base.href}?token=t0ken`];
    for (const argv of [
      ["posts", "list"],
      ["posts", "info"],
      ["posts", "list", "--debug", "--json"],
    ]) {
      const { out, err } = await run(...argv, ...secret);
      expect(`${out}${err}`).not.toMatch(/pa55word|t0ken/);
    }
    expect((await run("posts", "list", "--base-url", "nonsense:pa55word")).err).toBe(
      "diorama: --base-url is the address of an API, such as https://api.example.com\n",
    );
  });

  test("CLI42 what is no answer is one line, nothing of it is cached, and what was cached stays", async () => {
    const { server, run } = await withServer();
    const before = await run("posts", "list", "--json");
    for (const [turn, code] of [
      [{ raw: "<!doctype html><title>Sign in</title>", type: "text/html" }, "rejected"],
      [{ raw: "<!doctype html><title>Sign in</title>" }, "rejected"],
      [{ body: { posts: [] } }, "rejected"],
      [{ body: [1, 2, 3] }, "rejected"],
      [{ body: [{ title: "no id" }] }, "rejected"],
      [{ body: [{ id: 21, userId: "three" }] }, "rejected"],
      [{ cutAfterBytes: 300 }, "unavailable"],
      [{ drop: true }, "unavailable"],
    ] as const) {
      server.script(() => turn);
      const failed = await run("posts", "list", "--page", "2");
      expect([turn, failed.code, failed.out]).toEqual([turn, 1, ""]);
      expect(lines(failed.err)).toEqual([
        expect.stringMatching(new RegExp(`^diorama: posts, .*\\(${code}\\)$`)),
      ]);
    }
    server.script(undefined);
    expect(await run("posts", "list", "--json")).toMatchObject({
      code: 0,
      out: before.out,
      err: expect.stringContaining("hit: "),
    });
    const second = await run("posts", "list", "--page", "2", "--json");
    expect([noteOf(second), rowsOf(second).length]).toEqual([expect.stringContaining("miss: "), 20]);
  });

  test("CLI42 a server that dies in the middle of a page leaves a cache that stays true", async () => {
    const { server, run } = await withServer();
    await run("posts", "list");
    server.script(() => ({ stallAfterBytes: 200 }));
    const failing = run("posts", "list", "--limit", "40", "--debug");
    while (server.underWay.now === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server.close();
    const { code, err } = await failing;
    expect(code).toBe(1);
    expect(lines(err).at(-1)).toMatch(/^diorama: posts, .*\(unavailable\)$/);
    expect(err).toContain("outcome=failed error=unavailable");
    const cached = await run("posts", "list", "--json");
    expect([noteOf(cached), rowsOf(cached).length]).toEqual([expect.stringContaining("hit: "), 20]);
    expect(await run("posts", "list", "--page", "2")).toMatchObject({ code: 1, out: "" });
  });
});

describe("serve", { timeout: 60_000 }, () => {
  test("CLI41 prints where its resources are, answers, and ends when it is interrupted", async () => {
    let base = "";
    const outcome = await runInTerminal(["live", "api", "serve", "--port", "0", "--json"], {
      onText: (terminal) => {
        if (base !== "" || !terminal.out.endsWith("\n")) return;
        ({ base } = JSON.parse(terminal.out) as { base: string });
        void fetch(new URL("users/1", base))
          .then((answer) => answer.json())
          .then((user: unknown) => {
            expect(user).toMatchObject({ id: 1, name: expect.any(String) });
          })
          .finally(() => terminal.stop());
      },
    });
    expect(outcome.code).toBe(130);
    expect(new URL(base).hostname).toBe("127.0.0.1");
    await expect(fetch(base)).rejects.toThrowError();
  });

  test("CLI41 a port that is taken, or none, is told in one line", async () => {
    const api = await openMockApi();
    const outcome = await runInTerminal(["live", "api", "serve", "--port", api.base.port]);
    await api.close();
    expect(outcome).toEqual({
      code: 1,
      out: "",
      err: expect.stringMatching(/^diorama: port \d+ is taken; .*\(inUse\)\n$/),
    });
    expect(await runInTerminal(["live", "api", "serve", "--port", "65536"])).toMatchObject({ code: 2 });
  });

  test("CLI32 info makes no folder", async () => {
    const path = mkdtempSync(join(root.path, "place-"));
    expect(await runInTerminal(["live", "api", "users", "info"], { folder: path })).toMatchObject({
      code: 0,
    });
    expect(() => statSync(join(path, "demo-cache"))).toThrowError();
  });
});
