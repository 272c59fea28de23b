/**
 * Checks what users install, not what we develop: packs the built package in a temporary folder, lints the
 * tarball and its types, weighs the core entry, and runs the sample program on the installed tarball.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("../", import.meta.url));
const bin = (path: string): string => join(root, "node_modules", path);
const work = mkdtempSync(join(tmpdir(), "diorama-package-"));
const stage = join(work, "stage");
const user = join(work, "user");

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}

const runNode = (args: readonly string[], cwd: string): string => run(process.execPath, args, cwd);

/** npm is the one that started this script, or the one on the path. */
const runNpm = (args: readonly string[], cwd: string): string =>
  run("npm", [...args, "--no-audit", "--no-fund"], cwd);

/** A clean build beside the tree, so that nothing old in dist/ is packed and nobody's dist/ is touched. */
function pack(): string {
  mkdirSync(stage);
  for (const name of [
    "package.json",
    "README.md",
    "LICENSE",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "tsconfig.json",
    "tsconfig.build.json",
    "bin",
    "src",
  ]) {
    cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  symlinkSync(bin("."), join(stage, "node_modules"), "junction");
  runNode([bin("typescript/bin/tsc"), "-p", join(stage, "tsconfig.build.json")], stage);
  runNpm(["pack", "--ignore-scripts", "--pack-destination", work], stage);
  const tarball = readdirSync(work).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack made no tarball");
  return join(work, tarball);
}

/** Chunks that neither the entry nor the first Lens loads, but only some Dios: kept orders of views. */
const LATER: ReadonlySet<string> = new Set(["kept-orders"]);

/**
 * Everything a page can load for `import … from "vantage-diorama"`, bundled for browsers and minified: all exports,
 * not only those that a program uses. Nothing of it may need Node. .size-limit.json weighs it,
 * but for LATER.
 */
async function bundleCore(): Promise<void> {
  await build({
    configFile: false,
    logLevel: "error",
    root: stage,
    plugins: [
      {
        name: "no-node",
        enforce: "pre",
        resolveId(source, importer): void {
          if (isBuiltin(source))
            throw new Error(`${importer ?? "the entry"} imports ${source}: no browser has it`);
        },
      },
    ],
    build: {
      outDir: join(root, ".tmp/size"),
      emptyOutDir: true,
      minify: true,
      target: "es2024",
      modulePreload: false,
      rolldownOptions: {
        input: join(stage, "dist/index.js"),
        preserveEntrySignatures: "strict",
        output: {
          entryFileNames: "core.js",
          chunkFileNames: ({ name }) => (LATER.has(name) ? "later/[name].js" : "[name].js"),
        },
      },
    },
  });
}

/** The program of the README, word for word, in a project that knows the tarball only. */
function runSample(tarball: string): void {
  mkdirSync(user);
  writeFileSync(
    join(user, "package.json"),
    JSON.stringify({ name: "sample", private: true, type: "module" }),
  );
  runNpm(["install", tarball, "--prefer-offline", "--ignore-scripts"], user);
  copyFileSync(join(root, "examples/zipcodes.ts"), join(user, "sample.ts"));
  copyFileSync(bin("vega-datasets/data/zipcodes.csv"), join(user, "zipcodes.csv"));
  // Node strips types in a user's own files, and there are none in this one.
  copyFileSync(join(user, "sample.ts"), join(user, "sample.mjs"));
  for (const start of ["cold", "warm"]) {
    const printed = runNode(["sample.mjs"], user);
    if (!printed.includes("routed replace 99999") || !printed.includes("Nowhere")) {
      throw new Error(`The sample's ${start} start printed something else:\n${printed}`);
    }
  }
  if (!existsSync(join(user, "cache/cache.db"))) throw new Error("The sample left no cache file");
}

/** The command line, as npm has linked it in that project. */
function runCommands(): void {
  const program = join(user, "node_modules/.bin", process.platform === "win32" ? "diorama.cmd" : "diorama");
  const cache = ["--cache", join(user, "copies")];
  const diorama = (...args: string[]): string => run(program, args, user);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (diorama("--version") !== `${version}\n`) throw new Error("diorama --version printed another version");
  for (const start of ["cold", "warm"]) {
    const options = ["--where", "state = MA", "--order", "zip_code", "--limit", "1", "--json"];
    const rows: unknown = JSON.parse(diorama("query", "zipcodes.csv", ...options, ...cache));
    if (!Array.isArray(rows) || rows.length !== 1)
      throw new Error(`diorama query, ${start}, printed ${JSON.stringify(rows)}`);
  }
  const count = diorama("count", "zipcodes.csv", ...cache);
  const verified = diorama("cache", "verify", ...cache);
  if (!verified.includes(`sound, ${Number(count).toLocaleString("en")} rows`))
    throw new Error(`diorama cache verify printed ${verified}`);
}

/** The declarations compile in strict projects, checked themselves too: one of Node, and one that knows nothing of it. */
function checkTypes(): void {
  // The versions that the project pins: nothing else is fetched for this.
  for (const name of ["@types/node", "undici-types"]) {
    cpSync(bin(name), join(user, "node_modules", name), { recursive: true });
  }
  writeFileSync(join(user, "core.ts"), 'import "vantage-diorama";\n');
  const entries = ["vantage-diorama", "vantage-diorama/testing", "vantage-diorama/testing/node"];
  writeFileSync(join(user, "all.ts"), entries.map((entry) => `import "${entry}";\n`).join(""));
  const typeRoots = ["./node_modules/@types"];
  compileUser({ lib: ["es2024", "esnext.disposable"], types: ["node"], typeRoots }, ["sample.ts", "all.ts"]);
  compileUser({ lib: ["es2024", "dom"], types: [] }, ["core.ts"]);
}

function compileUser(options: Readonly<Record<string, readonly string[]>>, files: readonly string[]): void {
  const compilerOptions = {
    target: "es2024",
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  };
  writeFileSync(join(user, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  runNode([bin("typescript/bin/tsc"), "-p", user], user);
}

let failed = 0;

async function step(name: string, check: () => unknown): Promise<void> {
  try {
    await check();
    console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    console.error(`FAIL  ${name}\n${error instanceof Error ? error.message : String(error)}`);
  }
}

async function checkTarball(tarball: string): Promise<void> {
  await step("publint", () => runNode([bin("publint/src/cli.js"), "run", tarball, "--strict"], work));
  await step("are the types wrong", () => {
    const options = ["--profile", "esm-only", "--no-definitely-typed"];
    runNode([bin("@arethetypeswrong/cli/dist/index.js"), tarball, ...options], work);
  });
  await step("core entry bundles for browsers, within its size limit", async () => {
    await bundleCore();
    console.log(runNode([bin("size-limit/bin.js")], root).trim());
  });
  await step("sample program on the installed tarball, cold and warm", () => runSample(tarball));
  await step("diorama from the installed tarball", runCommands);
  await step("declarations in a strict project", checkTypes);
}

await step("npm pack of a clean build, and what is in it", () => checkTarball(pack()));
rmSync(work, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;
