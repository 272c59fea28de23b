/** A room of the built package, for programs that run without a compiler: `importBuilt<typeof import("…")>("sqlite/index.js")`. */
export async function importBuilt<Room>(path: string): Promise<Room> {
  return import(new URL(`../../dist/${path}`, import.meta.url).href);
}
