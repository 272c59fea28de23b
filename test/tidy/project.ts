import { readdirSync, readFileSync } from "node:fs";

const root = new URL("../../", import.meta.url);
const skipped = new Set(["node_modules", "dist", "coverage", ".git", ".tmp"]);

/** Every file of the project as a path from its root, without what is made or installed. */
export function projectFiles(folder = ""): string[] {
  return readdirSync(new URL(folder, root), { withFileTypes: true })
    .filter((entry) => !skipped.has(entry.name))
    .flatMap((entry) =>
      entry.isDirectory() ? projectFiles(`${folder}${entry.name}/`) : [`${folder}${entry.name}`],
    )
    .toSorted();
}

export const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

export const isTest = (path: string): boolean => path.endsWith(".test.ts");

/** TypeScript of src/ that users get. */
export const sourceFiles = (): string[] =>
  projectFiles("src/").filter((path) => path.endsWith(".ts") && !isTest(path));

export const testFiles = (): string[] => [...projectFiles("src/"), ...projectFiles("test/")].filter(isTest);
