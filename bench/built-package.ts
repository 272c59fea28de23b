import { registerHooks } from "node:module";

/**
 * `vantage-diorama` means the built package here too, though this folder has a package.json of its own and its
 * peers need not be installed. Import it before anything that imports the package.
 */
const root = new URL("../package.json", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier, /^vantage-diorama(?:\/|$)/.test(specifier) ? { ...context, parentURL: root } : context),
});
