export { openChannel, openWorkChannel } from "./node-channels.ts";
