/**
 * Seeds of a quick test: as many as `count`, times DIORAMA_RUNS where that is set, other ones each time; with
 * DIORAMA_SEED that one alone.
 */
export function seedsOf(count: number): readonly number[] {
  const given = process.env["DIORAMA_SEED"];
  if (given !== undefined) return [Number(given)];
  const first = Math.floor(Math.random() * 2 ** 31);
  const length = Math.ceil(count * Number(process.env["DIORAMA_RUNS"] ?? 1));
  return Array.from({ length }, (_, index) => first + index);
}
