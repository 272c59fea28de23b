import type { PageRequests } from "./page-requests.ts";
import type { RestPlan } from "./plan-query.ts";
import type { RestParameter } from "./rest-options.ts";
import type { RestSettings } from "./rest-settings.ts";

/** The requests of a plan for people: values show as `?`, names of columns as they are. */
export function explainPlan(settings: RestSettings, pages: PageRequests, plan: RestPlan): string {
  const here = plan.here.length === 0 ? "" : `; done here: ${plan.here.join(", ")}`;
  if (plan.isEmpty) return "no request: no row can match";
  if (plan.ids !== undefined) {
    const { origin, pathname } = settings.url;
    const count = plan.ids.length === 1 ? "" : `, ${plan.ids.length} times`;
    return `GET ${origin}${pathname.replace(/\/$/, "")}, one row by its id${count}${here}`;
  }
  const rest = settings.paging.kind === "none" ? "" : ", page after page";
  return `GET ${firstUrl(settings, pages, plan)}${rest}${here}`;
}

function firstUrl(settings: RestSettings, pages: PageRequests, plan: RestPlan): string {
  const { order, url } = settings;
  const harmless = new Set([order?.parameter, order?.directions]);
  const own = [...url.searchParams].map(([name]): RestParameter => [name, "?"]);
  const asked = plan.parameters.map(([name, value]): RestParameter => [
    name,
    harmless.has(name) ? value : "?",
  ]);
  const shown = [...own, ...asked, ...pages.firstPlace()].map(([name, value]) => `${name}=${value}`);
  return `${url.origin}${url.pathname}${shown.length === 0 ? "" : `?${shown.join("&")}`}`;
}
