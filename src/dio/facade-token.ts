import { DioramaError } from "../base/index.ts";

/** Where a walk stands: after this id, or where that is gone, at this offset. */
export interface TokenPlace {
  readonly offset: number;
  readonly afterId: string;
}

export function toToken(place: TokenPlace): string {
  return `${place.offset}.${encodeURIComponent(place.afterId)}`;
}

/** `invalid` for anything that `toToken` did not make. */
export function fromToken(token: string, name: string): TokenPlace {
  const match = /^(\d{1,15})\.(.+)$/.exec(token);
  try {
    const place = { offset: Number(match?.[1]), afterId: decodeURIComponent(match?.[2] ?? "") };
    if (match !== null && toToken(place) === token) return place;
  } catch {
    // Reported below, like every other token that is none of ours.
  }
  throw new DioramaError("invalid", `${name}: this is no token of an earlier fetchNext`, {
    place: { vista: name },
  });
}
