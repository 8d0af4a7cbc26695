// @ts-check

import { pointBack } from "../../src/pointer.js";
import { equal, provider, test } from "./check.js";

/**
 * @param {string} to
 * @param {string} prefix
 */
function pointed(to, prefix) {
  const headers = new Headers({ location: to, "x-goog-upload-url": to });
  pointBack(headers, { provider: provider("first"), url: "https://first.example/v1", relay: "https://relay.example", prefix });
  equal(headers.get("location"), headers.get("x-goog-upload-url"));
  return headers.get("location");
}

export const addressesOfTheProviderBecomeTheRelays = test(() => {
  for (const [to, atRoot, belowPrefix] of [
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
    equal([pointed(to, ""), pointed(to, "/first")], [atRoot, belowPrefix], to);
  }
});

export const whatIsNotThereStaysAway = test(() => {
  const headers = new Headers({ etag: "a" });
  pointBack(headers, { provider: provider("first"), url: "https://first.example/v1", relay: "https://relay.example", prefix: "/first" });
  equal([...headers], [["etag", "a"]]);
});
