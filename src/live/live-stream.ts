/** What has changed at the master, as far as is known: something, or one row. */
export type LiveEvent =
  | { readonly type: "changed" }
  | { readonly type: "inserted" | "updated" | "deleted"; readonly id: string };

/** Where changes come from that somebody else made. */
export interface LiveStream {
  /** Events from the call on; ends when the signal fires, throws when the feed is lost. */
  subscribe(call?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<LiveEvent>;
}
