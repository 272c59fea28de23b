/** Writes oxlint.rooms.json, the import rules of the linter, from rooms.ts. Run it with `npm run lint:rooms`. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { clockFile, hostDoors, rooms, type Adapter, type Platform, type Room } from "../rooms.ts";

export const lintRoomsFile: string = fileURLToPath(new URL("../oxlint.rooms.json", import.meta.url));

interface Pattern {
  readonly group: readonly string[];
  readonly message: string;
}

interface Override {
  readonly files: readonly string[];
  readonly rules: Readonly<Record<string, unknown>>;
}

const timers = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
];
const nodeGlobals = ["process", "Buffer", "global", "require", "__dirname", "__filename"];
const browserGlobals = [
  "window",
  "document",
  "self",
  "location",
  "navigator",
  "localStorage",
  "sessionStorage",
  "indexedDB",
];

const globalsRule = (runsIn: Platform): unknown => [
  "error",
  ...timers.map((name) => ({ name, message: `Time comes from ${clockFile}.` })),
  ...(runsIn === "anywhere"
    ? [...nodeGlobals, ...browserGlobals].map((name) => ({ name, message: "This room runs anywhere." }))
    : []),
];

const clockRule: unknown = [
  "error",
  { object: "Date", property: "now", message: `Time comes from ${clockFile}.` },
  { object: "performance", property: "now", message: `Time comes from ${clockFile}.` },
];

/** Files are matched, never folders: a pattern that takes a folder can't be taken back inside it. */
const enterByIndex = (path: string, name: string, adapters: readonly string[]): Pattern => ({
  group: [
    `${path}/*.ts`,
    `${path}/*/**/*.ts`,
    `!${path}/index.ts`,
    ...adapters.map((folder) => `!${path}/${folder}/index.ts`),
  ],
  message: `Enter ${name} by its index.ts.`,
});

/** Folders of the adapters of `other` that the room may import. */
const openAdapters = (room: Room, other: Room): string[] =>
  other.adapters
    .map(({ folder }) => folder)
    .filter((folder) => room.mayImportAdapters.includes(`${other.name}/${folder}`));

const closed = (path: string, message: string): Pattern => ({ group: [`${path}/**/*.ts`], message });

/** What holds for every file of a room; `up` leads from the file's folder to src/. */
function roomPatterns(room: Room, up: string, more: readonly string[] = []): Pattern[] {
  const open = new Set([...room.mayImport, ...room.mayImportTypesOf, ...more]);
  const others = rooms.filter((other) => other.name !== room.name);
  return [
    ...others.map((other) =>
      open.has(other.name)
        ? enterByIndex(`${up}${other.name}`, other.name, openAdapters(room, other))
        : closed(`${up}${other.name}`, `${room.name} may not import ${other.name}: see rooms.ts.`),
    ),
    {
      group: [`${up}index.ts`, "vantage-diorama", "vantage-diorama/**"],
      message: "The public entry is for users.",
    },
    ...hostDoors
      .filter((door) => !door.rooms.includes(room.name))
      .map((door) => ({
        group: [door.specifier],
        message: `Only ${door.rooms.join(" and ")} opens ${door.specifier}.`,
      })),
  ];
}

const platformPatterns = (runsIn: Platform): Pattern[] =>
  runsIn === "anywhere" ? [{ group: ["node:*"], message: "This room runs anywhere." }] : [];

const ownIndex = (...group: string[]): Pattern => ({
  group,
  message: "Inside a room its own index.ts is never imported.",
});

const importsOverride = (files: string, patterns: readonly Pattern[]): Override => ({
  files: [files],
  rules: { "no-restricted-imports": ["error", { patterns }] },
});

function roomOverrides(room: Room): Override[] {
  const adapters = room.adapters.map(({ folder }) =>
    closed(`./${folder}`, `${room.name} knows no adapter: it is handed one.`),
  );
  const platform = platformPatterns(room.runsIn);
  return [
    importsOverride(`${room.folder}/*.ts`, [
      ...platform,
      ...roomPatterns(room, "../"),
      ownIndex("./index.ts"),
      ...adapters,
    ]),
    importsOverride(`${room.folder}/*/**`, [
      ...platform,
      ...roomPatterns(room, "../../"),
      ownIndex("../index.ts"),
    ]),
    ...room.adapters.map((adapter) => adapterOverride(room, adapter)),
  ];
}

function adapterOverride(room: Room, adapter: Adapter): Override {
  const siblings = room.adapters.filter(({ folder }) => folder !== adapter.folder);
  return importsOverride(`${room.folder}/${adapter.folder}/**`, [
    ...platformPatterns(adapter.runsIn),
    ...roomPatterns(room, "../../", adapter.mayImport),
    ownIndex("./index.ts", "../index.ts"),
    ...siblings.map(({ folder }) => closed(`../${folder}`, "Adapters never import each other.")),
  ]);
}

/** What runs anywhere touches nothing that only one host has. An adapter's own line comes after its room's. */
function hostOverrides(): Override[] {
  const nodeFolders = rooms.flatMap((room) => [
    ...(room.runsIn === "node" ? [`${room.folder}/**`] : []),
    ...room.adapters
      .filter(({ runsIn }) => runsIn === "node")
      .map(({ folder }) => `${room.folder}/${folder}/**`),
  ]);
  return [
    {
      files: ["src/**"],
      rules: { "no-restricted-globals": globalsRule("anywhere"), "no-restricted-properties": clockRule },
    },
    { files: nodeFolders, rules: { "no-restricted-globals": globalsRule("node") } },
    { files: [clockFile], rules: { "no-restricted-globals": "off", "no-restricted-properties": "off" } },
    {
      files: ["src/**/*.test.ts"],
      rules: { "no-restricted-globals": "off", "no-restricted-properties": "off" },
    },
  ];
}

/** A test may use any room, and enters each other one by its door. */
const testOverride = (files: string, up: string): Override =>
  importsOverride(files, [
    {
      group: [`${up}*/*.ts`, `${up}*/*/*.ts`, `!${up}*/index.ts`, `!${up}*/*/index.ts`],
      message: "Enter other rooms by their index.ts.",
    },
  ]);

/** The whole file as text, one override a line. */
export function lintRooms(): string {
  const overrides: Override[] = [
    ...hostOverrides(),
    ...rooms.flatMap(roomOverrides),
    testOverride("src/*/*.test.ts", "../"),
    testOverride("src/*/*/*.test.ts", "../../"),
  ];
  const lines = overrides.map((override) => `    ${JSON.stringify(override)}`).join(",\n");
  return `{\n  "plugins": ["typescript", "unicorn", "oxc", "import"],\n  "overrides": [\n${lines}\n  ]\n}\n`;
}

if (import.meta.main) writeFileSync(lintRoomsFile, lintRooms());
