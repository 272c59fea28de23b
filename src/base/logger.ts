/** Error: a developer must look. Info: a rare change of state. Debug: the rest. Never row content or secrets. */
export interface Logger {
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const ignore = (): void => undefined;

/** Says nothing. */
export const silentLogger: Logger = { error: ignore, info: ignore, debug: ignore };
