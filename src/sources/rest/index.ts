export type { AuthCall, HeadersOf, HttpClientOptions, HttpHeaders } from "./http-options.ts";
export { jsonServer, type JsonServerOptions, type RestPreset } from "./json-server.ts";
export { rest, RestVista } from "./rest.ts";
export type {
  RestColumns,
  RestFilter,
  RestOptions,
  RestOrder,
  RestPaging,
  RestParameter,
  RestSearch,
  RestTotal,
  RestWrites,
} from "./rest-options.ts";
export { RestSource } from "./rest-source.ts";
