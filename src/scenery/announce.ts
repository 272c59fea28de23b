import { messageOf } from "../base/index.ts";
import type { SceneryEvent, SceneryHost } from "./scenery-host.ts";

/** On the host's bus; a host that closes has none any more, which is no reason to stop what goes on. */
export function announce(host: SceneryHost, event: SceneryEvent): void {
  try {
    host.announce(event);
  } catch (error) {
    host.logger.debug("a Scenery could not announce", { reason: messageOf(error) });
  }
}
