// @ts-check

import { isPreflight, preflightResponse, setCORSHeaders } from "../../src/cors.js";
import { config, equal, request, test } from "./check.js";

const restricted = config({ origins: ["https://app.example", "app://obsidian.md"] });
const fromApp = { origin: "https://app.example", "access-control-request-method": "POST" };

export const preflightsAreRecognized = test(() => {
  equal(isPreflight(request(fromApp, "OPTIONS")), true);
  equal(isPreflight(request(fromApp, "GET")), false);
  equal(isPreflight(request({ origin: "null" }, "OPTIONS")), false);
  equal(isPreflight(request({ "access-control-request-method": "GET" }, "OPTIONS")), false);
});

export const preflightsAllowTheRequestedHeaders = test(() => {
  const { status, headers } = preflightResponse(request({ ...fromApp, "access-control-request-headers": "x-a,x-b" }, "OPTIONS"), config());
  equal([status, headers.get("access-control-allow-headers"), headers.get("access-control-allow-origin")], [204, "x-a,x-b", "*"]);
  equal(preflightResponse(request(fromApp, "OPTIONS"), config()).headers.has("access-control-allow-headers"), false);
});

export const preflightsFromOtherOriginsAreForbidden = test(() => {
  equal(preflightResponse(request(fromApp, "OPTIONS"), restricted).status, 204);
  const { status, headers } = preflightResponse(request({ ...fromApp, origin: "https://evil.example" }, "OPTIONS"), restricted);
  equal([status, [...headers.keys()].filter((name) => name.startsWith("access-control-"))], [403, []]);
});

export const onlyAllowedOriginsGetCORSHeaders = test(() => {
  for (const [origin, want] of [
    ["https://app.example", "https://app.example"], ["app://obsidian.md", "app://obsidian.md"],
    ["https://evil.example", null], ["app://obsidian", null], ["tauri://obsidian.md", null], ["null", null], ["", null],
  ]) {
    const headers = new Headers({ vary: "accept", "access-control-allow-origin": origin ? "*" : "" });
    if (!origin) {
      headers.delete("access-control-allow-origin");
    }
    setCORSHeaders(headers, origin || null, restricted);
    equal([headers.get("access-control-allow-origin"), headers.get("vary")?.toLowerCase()], [want, "accept, origin"], origin);
  }
  const headers = new Headers();
  setCORSHeaders(headers, "null", config());
  equal([headers.get("access-control-allow-origin"), headers.get("vary")], ["*", null]);
});
