// @ts-check

import { rewriteLocations } from "../../src/location.js";
import { equal, provider, test } from "./check.js";

/**
 * @param {string} location
 * @param {string} prefix
 */
function rewritten(location, prefix) {
  const headers = new Headers({ location, "x-goog-upload-url": location });
  rewriteLocations(headers, { kind: "upstream", provider: provider("first"), url: "https://first.example/v1", relay: "https://relay.example", prefix });
  equal(headers.get("location"), headers.get("x-goog-upload-url"));
  return headers.get("location");
}

export const providerURLsBecomeRelayURLs = test(() => {
  for (const [location, atRoot, belowPrefix] of [
    ["https://first.example/a?b=c#d", "https://relay.example/a?b=c#d", "https://relay.example/first/a?b=c#d"],
    ["/a", "/a", "/first/a"],
    ["/", "/", "/first/"],
    ["a/b", "a/b", "a/b"],
    ["../a", "../a", "../a"],
    ["//elsewhere.example/a", "//elsewhere.example/a", "//elsewhere.example/a"],
    ["https://elsewhere.example/a", "https://elsewhere.example/a", "https://elsewhere.example/a"],
    ["https://first.example.evil.example/", "https://first.example.evil.example/", "https://first.example.evil.example/"],
    ["https://first.example:444/", "https://first.example:444/", "https://first.example:444/"],
    ["", "", ""],
  ]) {
    equal([rewritten(location, ""), rewritten(location, "/first")], [atRoot, belowPrefix], location);
  }
});

export const absentHeadersStayAbsent = test(() => {
  const headers = new Headers({ etag: "a" });
  rewriteLocations(headers, { kind: "upstream", provider: provider("first"), url: "https://first.example/v1", relay: "https://relay.example", prefix: "/first" });
  equal([...headers], [["etag", "a"]]);
});
