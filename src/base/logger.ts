/** Error: a developer must look. Info: a rare change of state. Debug: the rest. Never row content or secrets. */
export interface Logger {
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const ignore = (): void => undefined;

/** Says nothing. */
export const silentLogger: Logger = { error: ignore, info: ignore, debug: ignore };

/** The same logger, but what it throws is lost with the line: it never ends the work that was told of. */
export function toSafeLogger(logger: Logger): Logger {
  const log = (level: keyof Logger): Logger["error"] => {
    return (message, fields) => {
      try {
        logger[level](message, fields);
      } catch {
        // There is nobody to tell it to.
      }
    };
  };
  return { error: log("error"), info: log("info"), debug: log("debug") };
}
