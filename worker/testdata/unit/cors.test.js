// @ts-check

import { allowOrigin, isPreflight, preflight } from "../../src/cors.js";
import { asked, config, equal, test } from "./check.js";

const named = config({ origins: ["https://app.example"] });
const asking = { origin: "https://app.example", "access-control-request-method": "POST" };

export const whatIsAPreflight = test(() => {
  equal(isPreflight(asked(asking, "OPTIONS")), true);
  equal(isPreflight(asked(asking, "GET")), false);
  equal(isPreflight(asked({ origin: "null" }, "OPTIONS")), false);
  equal(isPreflight(asked({ "access-control-request-method": "GET" }, "OPTIONS")), false);
});

export const aPreflightReflectsWhatIsWanted = test(() => {
  const { status, headers } = preflight(asked({ ...asking, "access-control-request-headers": "x-a,x-b" }, "OPTIONS"), config());
  equal([status, headers.get("access-control-allow-headers"), headers.get("access-control-allow-origin")], [204, "x-a,x-b", "*"]);
  equal(preflight(asked(asking, "OPTIONS"), config()).headers.has("access-control-allow-headers"), false);
});

export const aPreflightOfAnotherOriginSaysNothing = test(() => {
  equal(preflight(asked(asking, "OPTIONS"), named).status, 204);
  const { status, headers } = preflight(asked({ ...asking, origin: "https://evil.example" }, "OPTIONS"), named);
  equal([status, [...headers.keys()].filter((name) => name.startsWith("access-control-"))], [403, []]);
});

export const onlyNamedOriginsMayRead = test(() => {
  for (const [origin, want] of [["https://app.example", "https://app.example"], ["https://evil.example", null], ["null", null], ["", null]]) {
    const headers = new Headers({ vary: "accept", "access-control-allow-origin": origin ? "*" : "" });
    if (!origin) {
      headers.delete("access-control-allow-origin");
    }
    allowOrigin(headers, origin || null, named);
    equal([headers.get("access-control-allow-origin"), headers.get("vary")?.toLowerCase()], [want, "accept, origin"], origin);
  }
  const headers = new Headers();
  allowOrigin(headers, "null", config());
  equal([headers.get("access-control-allow-origin"), headers.get("vary")], ["*", null]);
});
