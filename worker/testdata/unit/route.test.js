// @ts-check

import { matchRoute } from "../../src/route.js";
import { config, equal, test } from "./check.js";

/**
 * @param {string} url
 * @param {import("./check.js").Config} [c]
 */
function summary(url, c = config(), method = "GET") {
  const route = /** @type {any} */ (matchRoute({ method, url }, c));
  return route.url ? `${route.kind} ${route.provider.id} ${route.url}` : route.code ?? route.kind;
}

export const pathsSelectProviders = test(() => {
  for (const [path, want] of [
    ["/v1/x?y#z", "upstream first https://first.example/v1/x?y#z"],
    ["/", "upstream first https://first.example/"],
    ["/second", "upstream second https://second.example/"],
    ["/second?a", "upstream second https://second.example/?a"],
    ["/second/v1", "upstream second https://second.example/v1"],
    ["/first/second/v1", "upstream first https://first.example/second/v1"],
    ["/Second/v1", "upstream first https://first.example/Second/v1"],
    ["/seconds", "upstream first https://first.example/seconds"],
    ["/%73econd/v1", "upstream first https://first.example/%73econd/v1"],
    ["/-", "upstream first https://first.example/-"],
    ["/second/-/health", "upstream second https://second.example/-/health"],
  ]) {
    equal(summary(`http://relay.example${path}`), want, path);
  }
});

export const schemeAndHostAreIgnored = test(() => {
  for (const host of ["http://a", "https://a:1", "http://a@b", "http://[::1]", "http://"]) {
    equal(summary(`${host}/v1`), "upstream first https://first.example/v1", host);
  }
  equal(summary("http://a"), "bad_path");
});

export const nonCanonicalPathsAreRejected = test(() => {
  for (const path of ["//", "//evil.example", "/second//x", "/.", "/..", "/a/../b", "/a/./b", "/%2e", "/a/%2E%2e/b", "/a%2f..", "/..%2fa",
    "/a\\b", "/%5c", "/a b", "/é", "/a\tb", "/a\nb", "/\"", "/<>", "/`", "/{}", "/\x00"]) {
    equal(summary(`http://relay.example${path}`), "bad_path", path);
  }
});

export const ownPaths = test(() => {
  const managed = config({ managed: true });
  for (const [path, c, method, want] of /** @type {[string, any, string, string][]} */ ([
    ["/-/health", config(), "POST", "health"], ["/-/", config(), "GET", "not_found"], ["/-/health/", config(), "GET", "not_found"],
    ["/", config({ page: true }), "GET", "page"], ["/", config({ page: true }), "HEAD", "page"], ["/?x", config({ page: true }), "GET", "page"],
    ["/", config({ page: true }), "POST", "upstream first https://first.example/"],
    ["/-/keyless/probe", config(), "GET", "not_found"], ["/-/keyless/probe?x", managed, "GET", "keyless first https://first.example/probe"],
    ["/-/keyless/second/probe", managed, "POST", "keyless second https://second.example/probe"], ["/-/keyless/probe", managed, "PUT", "method_not_allowed"], ["/-/keyless/v1", managed, "POST", "not_found"],
    ["/-/keyless", managed, "GET", "not_found"], ["/-/keyless//x", managed, "GET", "not_found"], ["/-/keyless/../x", managed, "GET", "not_found"],
    ["/v1", config(), "TRACE", "method_not_allowed"],
  ])) {
    equal(summary(`http://relay.example${path}`, c, method), want, [path, method]);
  }
});
