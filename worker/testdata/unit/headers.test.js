// @ts-check

import { cleanAnswer, cleanRequest } from "../../src/headers.js";
import { equal, plain, test } from "./check.js";

/** @param {Record<string, string>} sent */
function cleaned(sent) {
  const headers = new Headers(sent);
  cleanRequest(headers);
  return plain(headers);
}

export const whatNamesTheCallerStaysBehind = test(() => {
  for (const name of ["cf-connecting-ip", "CF-Ray", "cf-", "x-forwarded-for", "X-Forwarded-", "sec-fetch-mode", "Sec-CH-UA", "via", "Forwarded",
    "x-real-ip", "X-Client-IP", "True-Client-IP", "cookie", "Origin", "referer", "CDN-Loop", "host", "te", "keep-alive", "proxy-authorization"]) {
    equal(cleaned({ [name]: "x", accept: "y" }), { accept: "y" }, name);
  }
});

export const whatSdksSendGoesOn = test(() => {
  for (const name of ["authorization", "x-api-key", "openai-beta", "anthropic-version", "x-stainless-os", "user-agent", "idempotency-key", "cf",
    "x-forwarded", "secret", "sec-websocket-protocol", "range", "expect", "accept-encoding", "x-cfproxy", "connection-x"]) {
    equal(cleaned({ [name]: "x" }), { [name]: "x" }, name);
  }
});

export const whatConnectionListsIsForOneConnection = test(() => {
  equal(cleaned({ connection: "x-a , X-B,b@d,,authorization, content-type", "x-a": "1", "x-b": "2", "x-c": "3", authorization: "4", "content-type": "5" }),
    { authorization: "4", "content-type": "5", "x-c": "3" });
});

export const onlyAWebSocketIsUpgraded = test(() => {
  equal(cleaned({ upgrade: "WebSocket" }), { upgrade: "websocket" });
  equal(cleaned({ upgrade: "h2c" }), {});
});

export const whoAsksIsTold = test(() => {
  equal(cleanRequest(new Headers({ Origin: "https://app.example", "CF-Ray": "x" })).origin, "https://app.example");
  equal(cleanRequest(new Headers({ "x-origin": "https://app.example" })).origin, null);
});

export const answersLoseWhatIsTheProvidersOwn = test(() => {
  const headers = new Headers({ "content-type": "a", "set-cookie": "b=c", "alt-svc": "d", "strict-transport-security": "e",
    "x-cfproxy": "forged", etag: "f" });
  cleanAnswer(headers, "b");
  equal(plain(headers), { "content-type": "a", etag: "f", "x-cfproxy": "b" });
});
