// @ts-check

import { errorResponse, jsonResponse } from "../../src/error.js";
import { config, equal, test } from "./check.js";

const error = { status: 403, code: "token_provider", message: "not so" };

export const errorsFollowTheDialect = test(async () => {
  for (const [dialect, want] of /** @type {[string, unknown][]} */ ([
    ["openai", { error: { message: "not so", type: "cfproxy_error", param: null, code: "token_provider" } }],
    ["anthropic", { type: "error", error: { type: "permission_error", message: "not so (cfproxy: token_provider)" } }],
    ["google", { error: { code: 403, message: "not so (cfproxy: token_provider)", status: "PERMISSION_DENIED" } }],
    ["cohere", { message: "not so (cfproxy: token_provider)" }],
    ["unknown", { error: { message: "not so", type: "cfproxy_error", param: null, code: "token_provider" } }],
  ])) {
    const response = errorResponse(null, config(), error, dialect);
    equal([response.status, response.headers.get("x-cfproxy-error"), response.headers.get("x-cfproxy")], [403, "token_provider", "b"], dialect);
    equal(await response.json(), want, dialect);
  }
});

export const statusesHaveNames = test(async () => {
  for (const [status, google] of /** @type {[number, string][]} */ ([[400, "INVALID_ARGUMENT"], [401, "UNAUTHENTICATED"], [404, "NOT_FOUND"],
    [405, "INVALID_ARGUMENT"], [429, "RESOURCE_EXHAUSTED"], [500, "INTERNAL"], [502, "UNAVAILABLE"]])) {
    const body = /** @type {any} */ (await errorResponse(null, config(), { ...error, status }, "google").json());
    equal([body.error.status, body.error.code], [google, status]);
    equal(errorResponse(null, config(), { ...error, status }).headers.get("retry-after"), status === 429 ? "60" : null);
  }
});

export const ownResponsesAreNotCacheable = test(async () => {
  const response = jsonResponse(null, config(), 200, { a: 1 });
  equal(response.headers.get("cache-control"), "no-store");
  equal(response.headers.get("content-type"), "application/json");
  equal(await response.json(), { a: 1 });
});
