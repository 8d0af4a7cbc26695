// @ts-check

import { cleanRequestHeaders, cleanResponseHeaders } from "../../src/headers.js";
import { equal, test, toObject } from "./check.js";

/** @param {Record<string, string>} sent */
function cleaned(sent) {
  const headers = new Headers(sent);
  cleanRequestHeaders(headers);
  return toObject(headers);
}

export const headersThatIdentifyTheCallerAreStripped = test(() => {
  for (const name of ["cf-connecting-ip", "CF-Ray", "cf-", "x-forwarded-for", "X-Forwarded-", "sec-fetch-mode", "Sec-CH-UA", "via", "Forwarded",
    "x-real-ip", "X-Client-IP", "True-Client-IP", "cookie", "Origin", "referer", "CDN-Loop", "host", "te", "keep-alive", "proxy-authorization"]) {
    equal(cleaned({ [name]: "x", accept: "y" }), { accept: "y" }, name);
  }
});

export const otherHeadersAreForwarded = test(() => {
  for (const name of ["authorization", "x-api-key", "openai-beta", "anthropic-version", "x-stainless-os", "user-agent", "idempotency-key", "cf",
    "x-forwarded", "secret", "sec-websocket-protocol", "range", "expect", "accept-encoding", "x-cfproxy", "connection-x"]) {
    equal(cleaned({ [name]: "x" }), { [name]: "x" }, name);
  }
});

export const headersNamedByConnectionAreStripped = test(() => {
  equal(cleaned({ connection: "x-a , X-B,b@d,,authorization, content-type", "x-a": "1", "x-b": "2", "x-c": "3", authorization: "4", "content-type": "5" }),
    { authorization: "4", "content-type": "5", "x-c": "3" });
});

export const onlyWebSocketUpgradesAreForwarded = test(() => {
  equal(cleaned({ upgrade: "WebSocket" }), { upgrade: "websocket" });
  equal(cleaned({ upgrade: "h2c" }), {});
});

export const theOriginIsReturned = test(() => {
  equal(cleanRequestHeaders(new Headers({ Origin: "https://app.example", "CF-Ray": "x" })).origin, "https://app.example");
  equal(cleanRequestHeaders(new Headers({ "x-origin": "https://app.example" })).origin, null);
});

export const responseHeadersOfTheProvidersHostAreStripped = test(() => {
  const headers = new Headers({ "content-type": "a", "set-cookie": "b=c", "alt-svc": "d", "strict-transport-security": "e",
    "x-cfproxy": "forged", etag: "f" });
  cleanResponseHeaders(headers, "b");
  equal(toObject(headers), { "content-type": "a", etag: "f", "x-cfproxy": "b" });
});
