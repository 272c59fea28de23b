import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, test } from "vitest";
import { lintRooms, lintRoomsFile } from "../../scripts/lint-rooms.ts";
import { clockFile, hostDoors, rooms, type Adapter, type Platform, type Room } from "../../rooms.ts";
import { isTest, projectFiles, read, sourceFiles } from "./project.ts";
import { listImports, withoutComments, type Import } from "./source-text.ts";

/** Where a file of src/ stands: in a room, maybe in one of its adapters; src/index.ts stands in none. */
interface Place {
  readonly room: Room | undefined;
  readonly adapter: Adapter | undefined;
  readonly runsIn: Platform;
  readonly packages: readonly string[];
}

function placeOf(path: string): Place {
  const room = rooms.find(({ folder }) => path.startsWith(`${folder}/`));
  const adapter = room?.adapters.find(({ folder }) => path.startsWith(`${room.folder}/${folder}/`));
  return {
    room,
    adapter,
    runsIn: adapter?.runsIn ?? room?.runsIn ?? "anywhere",
    packages: [...(room?.packages ?? []), ...(adapter?.packages ?? [])],
  };
}

const isIndexOf = (target: string, folder: string): boolean => target === `${folder}/index.ts`;

function mistakeInside(path: string, target: string, from: Place, to: Place): string | undefined {
  if (to.adapter !== undefined && to.adapter !== from.adapter) {
    return from.adapter === undefined
      ? "a room knows no adapter of its own"
      : "adapters never import each other";
  }
  const ownDoors = [from.room?.folder, from.adapter && `${from.room?.folder}/${from.adapter.folder}`];
  const ownIndex = ownDoors.some((folder) => folder !== undefined && isIndexOf(target, folder));
  return ownIndex && !isTest(path) ? "inside a room its own index.ts is never imported" : undefined;
}

function mistakeBetween(from: Place, target: string, to: Place, imported: Import): string | undefined {
  const { room } = to;
  if (from.room === undefined || room === undefined) return "the public entry is for users";
  const adapterPath = to.adapter && `${room.name}/${to.adapter.folder}`;
  if (adapterPath !== undefined && from.room.mayImportAdapters.includes(adapterPath))
    return isIndexOf(target, `src/${adapterPath}`) ? undefined : `enter ${adapterPath} by its index.ts`;
  if (to.adapter !== undefined || !isIndexOf(target, room.folder))
    return `enter ${room.name} by its index.ts`;
  if (from.room.mayImport.includes(room.name) || from.adapter?.mayImport.includes(room.name) === true)
    return undefined;
  if (!from.room.mayImportTypesOf.includes(room.name)) return `${from.room.name} may not import ${room.name}`;
  return imported.typeOnly ? undefined : `${from.room.name} may import types of ${room.name} only`;
}

function outsideMistake({ specifier }: Import, from: Place): string | undefined {
  if (specifier.startsWith("node:")) {
    return from.runsIn === "anywhere" ? "what runs anywhere imports no node: module" : undefined;
  }
  if (specifier.startsWith("#")) {
    const door = hostDoors.find((known) => known.specifier === specifier);
    if (door === undefined) return `${specifier} is no door of rooms.ts`;
    const mayOpen = from.room !== undefined && door.rooms.includes(from.room.name);
    return mayOpen ? undefined : `only ${door.rooms.join(" and ")} opens ${specifier}`;
  }
  return from.packages.includes(specifier) ? undefined : `${specifier} is no package of this room (rooms.ts)`;
}

/** The public entry takes from doors only; everything else follows the table. */
function mistake(path: string, imported: Import): string | undefined {
  const from = placeOf(path);
  if (!imported.specifier.startsWith(".")) return outsideMistake(imported, from);
  const target = posix.join(posix.dirname(path), imported.specifier);
  const to = placeOf(target);
  if (!target.startsWith("src/")) return "src/ imports nothing outside of it";
  if (from.room === undefined)
    return isIndexOf(target, to.room?.folder ?? "") ? undefined : "take from index.ts";
  return to.room === from.room
    ? mistakeInside(path, target, from, to)
    : mistakeBetween(from, target, to, imported);
}

const mistakes = (paths: readonly string[], judge: typeof mistake = mistake): string[] =>
  paths.flatMap((path) =>
    listImports(read(path)).flatMap((imported) => {
      const why = judge(path, imported);
      return why === undefined ? [] : [`${path} imports ${imported.specifier}: ${why}`];
    }),
  );

/** Tests may reach upwards (a fake clock, a contract suite) and use dev tools, through the same doors. */
function testMistake(path: string, imported: Import): string | undefined {
  if (!imported.specifier.startsWith(".")) return undefined;
  const target = posix.join(posix.dirname(path), imported.specifier);
  const from = placeOf(path);
  const to = placeOf(target);
  if (to.room === undefined || (to.room === from.room && to.adapter === from.adapter)) return undefined;
  if (to.room === from.room && to.adapter === undefined) return undefined;
  const folder = to.adapter === undefined ? to.room.folder : `${to.room.folder}/${to.adapter.folder}`;
  return isIndexOf(target, folder) ? undefined : `enter ${to.room.name} by its index.ts`;
}

function toTableLine({ name, purpose, mayImport, runsIn, adapters, ...others }: Room): string {
  const { mayImportTypesOf, mayImportAdapters } = others;
  const types = mayImportTypesOf.length === 0 ? "" : `; types of ${mayImportTypesOf.join(", ")}`;
  const chosen = mayImportAdapters.map((adapter) => `, ${adapter}`).join("");
  const hosts = adapters.map(({ folder, runsIn: host }) => `${name}/${folder}: ${host}`);
  return `| ${name} | ${purpose} | ${mayImport.join(", ") || "–"}${chosen}${types} | ${[runsIn, ...hosts].join("; ")} |`;
}

describe("the rooms", () => {
  test("every folder of src/ is a room of the table, and every room of the table is there", () => {
    const folders = projectFiles("src/").flatMap((path) => path.match(/^src\/[^/]+(?=\/)/) ?? []);
    expect([...new Set(folders)]).toEqual(rooms.map(({ folder }) => folder).toSorted());
  });

  test("a room imports only rooms of earlier rows, so there is no cycle of rooms", () => {
    const earlier = new Set<string>();
    for (const { name, mayImport, mayImportTypesOf } of rooms) {
      expect([name, [...mayImport, ...mayImportTypesOf].filter((other) => !earlier.has(other))]).toEqual([
        name,
        [],
      ]);
      earlier.add(name);
    }
  });

  test("a subfolder with an index.ts of its own is an adapter of the table", () => {
    const doors = projectFiles("src/").filter((path) => /^src\/[^/]+\/[^/]+\/(?:.*\/)?index\.ts$/.test(path));
    const adapters = rooms.flatMap(({ folder, adapters: list }) =>
      list.map((adapter) => `${folder}/${adapter.folder}/index.ts`),
    );
    expect(doors).toEqual(adapters.toSorted());
  });

  test("the table in ARCHITECTURE.md says the same", () => {
    const lines = read("ARCHITECTURE.md").split("\n");
    const missing = rooms.map(toTableLine).filter((line) => !lines.includes(line));
    expect(missing).toEqual([]);
  });

  test("the linter's import rules are the ones that rooms.ts gives (npm run lint:rooms)", () => {
    expect(readFileSync(lintRoomsFile, "utf8")).toBe(lintRooms());
  });
});

describe("the doors", () => {
  test("every import of src/ goes through a door of the table", () => {
    expect(mistakes(sourceFiles())).toEqual([]);
  });

  test("a test enters other rooms by their doors too", () => {
    expect(mistakes(projectFiles("src/").filter(isTest), testMistake)).toEqual([]);
  });

  test("the table is enforced: known bad imports are refused", () => {
    const bad: readonly [path: string, specifier: string][] = [
      ["src/base/x.ts", "../record/index.ts"],
      ["src/record/x.ts", "../base/clock.ts"],
      ["src/record/x.ts", "node:fs"],
      ["src/record/x.ts", "./index.ts"],
      ["src/record/x.ts", "vitest"],
      ["src/cache/x.ts", "./sqlite/index.ts"],
      ["src/cache/x.ts", "../vista/index.ts"],
      ["src/dio/x.ts", "../lens/index.ts"],
      ["src/dio/x.ts", "#durable"],
      ["src/dio/x.ts", "#tracing"],
      ["src/lens/x.ts", "#unknown"],
      ["src/lens/x.ts", "../cache/sqlite/index.ts"],
      ["src/lens/x.ts", "../index.ts"],
      ["src/lens/x.ts", "../../rooms.ts"],
      ["src/index.ts", "./dio/dio.ts"],
    ];
    const allowed = bad.filter(
      ([path, specifier]) => mistake(path, { specifier, typeOnly: false }) === undefined,
    );
    expect(allowed).toEqual([]);
    const good: readonly [path: string, specifier: string][] = [
      ["src/record/x.ts", "../base/index.ts"],
      ["src/cache/sqlite/x.ts", "../cache-backend.ts"],
      ["src/cache/sqlite/x.ts", "node:sqlite"],
      ["src/lens/x.ts", "#durable"],
      ["src/tracing/x.ts", "#tracing"],
      ["src/sources/csv/x.ts", "papaparse"],
      ["src/index.ts", "./lens/index.ts"],
    ];
    expect(good.flatMap(([path, specifier]) => mistake(path, { specifier, typeOnly: false }) ?? [])).toEqual(
      [],
    );
  });

  test("only the clock reads the time", () => {
    const readers = sourceFiles().filter(
      (path) =>
        path !== clockFile &&
        /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/.test(withoutComments(read(path))),
    );
    expect(readers).toEqual([]);
  });
});
