import type { DioCallbacks } from "../dio/index.ts";
import { type Source, vista, type Vista } from "../vista/index.ts";
import type { DioSettings } from "./settings.ts";

// A Lens serves Dios of many row types and knows none of them: what the application wrote for its rows is
// called with the very rows of the Vista that the same call named, so the type is only out of sight.

export function untypedVista<R extends object>(from: Vista<R> | Source<R>): Vista {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return vista(from) as unknown as Vista;
}

export function untypedSettings<R extends object>(settings: DioSettings<R>): DioSettings {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return settings as unknown as DioSettings;
}

/** The callbacks among the settings and nothing else. */
export function callbacksOf(settings: DioSettings): DioCallbacks {
  const { onStart, onRefresh, onWrite, onWriteBatch, onEvent, onQuery } = settings;
  const { totalProvider, onLoadChunk } = settings;
  return { onStart, onRefresh, onWrite, onWriteBatch, onEvent, onQuery, totalProvider, onLoadChunk };
}
