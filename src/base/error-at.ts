import { DioramaError, type ErrorCode, type ErrorPlace } from "./errors.ts";

/** A DioramaError whose message opens with its place: `products, row "7", column "price": …`. */
export function errorAt(code: ErrorCode, place: ErrorPlace, message: string, cause?: unknown): DioramaError {
  const where = describePlace(place);
  return new DioramaError(code, where === "" ? message : `${where}: ${message}`, { place, cause });
}

/** The place in one phrase for people; empty where nothing is known of it. */
function describePlace(place: ErrorPlace): string {
  const parts: string[] = [];
  if (place.vista !== undefined) parts.push(place.vista);
  if (place.file !== undefined) parts.push(place.file);
  if (place.line !== undefined) parts.push(`line ${place.line}`);
  if (place.id !== undefined) parts.push(`row ${JSON.stringify(place.id)}`);
  if (place.column !== undefined) parts.push(`column ${JSON.stringify(place.column)}`);
  return parts.join(", ");
}
