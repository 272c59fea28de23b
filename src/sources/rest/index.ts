export type { HttpAnswer, HttpClient, HttpRequest } from "./http-client.ts";
