// @ts-check

import { cleanAnswer, cleanRequest } from "../../src/headers.js";
import { asked, equal, plain, test } from "./check.js";

/** @param {Record<string, string>} sent */
function cleaned(sent) {
  const incoming = asked(sent);
  const headers = new Headers(sent);
  cleanRequest(headers, incoming);
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

export const anSdkIsKnown = test(() => {
  const sdk = { "x-stainless-lang": "js", "user-agent": "OpenAI/JS", "cf-ray": "x" };
  for (const [sent, method, want] of /** @type {[Record<string, string>, string, boolean][]} */ ([
    [sdk, "POST", true], [sdk, "GET", false], [{ "user-agent": "OpenAI/JS" }, "POST", false],
    [{ ...sdk, origin: "https://app.example" }, "POST", false], [{ ...sdk, "cf-timezone": "Europe/Berlin" }, "POST", false],
  ])) {
    const headers = new Headers(sent);
    equal(cleanRequest(headers, asked(sent, method)), want, [sent, method]);
    equal(["origin", "cf-timezone", "cf-ray"].filter((name) => headers.has(name)), []);
  }
});

export const whatIsAddedToAnSdksRequestStaysBehind = test(() => {
  const added = ["cf-connecting-ip", "cf-connecting-ipv6", "cf-pseudo-ipv4", "cf-ipcountry", "cf-ray", "cf-visitor", "cf-ew-via", "cf-worker",
    "cf-access-client-id", "cf-access-client-secret", "cf-access-jwt-assertion", "cf-access-authenticated-user-email", "cdn-loop",
    "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "x-client-ip", "true-client-ip", "forwarded", "via", "cookie", "referer"];
  const kept = { "x-stainless-lang": "js", authorization: "Bearer x", "openai-organization": "o", "anthropic-beta": "a", "idempotency-key": "i" };
  const sent = { ...kept, ...Object.fromEntries(added.map((name) => [name, "x"])) };
  const headers = new Headers(sent);
  cleanRequest(headers, asked(sent, "POST"));
  equal(Object.entries(plain(headers)).sort(), Object.entries(kept).sort());
});

export const answersLoseWhatIsTheProvidersOwn = test(() => {
  const headers = new Headers({ "content-type": "a", "set-cookie": "b=c", "alt-svc": "d", "strict-transport-security": "e",
    "x-cfproxy": "forged", etag: "f" });
  cleanAnswer(headers, "b");
  equal(plain(headers), { "content-type": "a", etag: "f", "x-cfproxy": "b" });
});
