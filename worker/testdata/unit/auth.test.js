// @ts-check
// The tokens are from managed_test.go.

import { authorize } from "../../src/auth.js";
import { config, equal, provider, test } from "./check.js";

const alice = "cfp_alice0123456789abcdefghijklmnop";
const expired = "cfp_expired0123456789abcdefghijklmn";
const narrow = "cfp_narrow0123456789abcdefghijklmno";
const capped = "cfp_uncapped0123456789abcdefghijklm";

/**
 * @param {string | null} token
 * @param {Record<string, unknown>} [env]
 */
async function check(token, id = "openai", env = {}) {
  const denied = await authorize(token, null, provider(id), config({ managed: true, env }));
  return denied && `${denied.status} ${denied.headers.get("x-cfproxy-error")} ${denied.headers.get("retry-after")}`;
}

export const validTokensAreAllowed = test(async () => {
  equal(await check(alice), null);
  equal(await check("cfp_team" + "499".padStart(30, "0")), null);
  equal(await check(narrow, "anthropic"), null);
  equal(await check(narrow, "cohere"), null);
});

export const invalidTokensAreRejected = test(async () => {
  equal(await check(null), "401 token_missing null");
  for (const token of ["", "cfp_", alice.slice(1), alice + " ", alice.toUpperCase(), "cfp_team" + "500".padStart(30, "0"), "\ud800"]) {
    equal(await check(token), "401 token_unknown null", token);
  }
  equal(await check(expired), "401 token_expired null");
  equal(await check(narrow, "openai"), "403 token_provider null");
  equal(await check(narrow, "anthropic-x"), "403 token_provider null");
});

export const requestsAreCountedPerToken = test(async () => {
  /** @type {string[]} */
  const keys = [];
  const limiter = { limit: async (/** @type {{ key: string }} */ { key }) => ({ success: keys.push(key) <= 1 }) };
  equal(await check(capped, "openai", { RPM_7: limiter }), null);
  equal(await check(capped, "openai", { RPM_7: limiter }), "429 token_rate 60");
  equal([keys[0] === keys[1], /^[0-9a-f]{64}$/.test(keys[0])], [true, true], keys);
  equal(await check(alice, "openai", { RPM_7: limiter }), null);
  equal(keys.length, 2, "a token without a limit was counted");
});

export const tokensWithoutAWorkingLimiterAreRejected = test(async () => {
  const broken = { limit: async () => { throw new Error("out of order"); } };
  for (const limiter of [undefined, null, {}, "7", broken, { limit: async () => undefined }, { limit: async () => ({}) }]) {
    equal(await check(capped, "openai", { RPM_7: limiter }) === null, false, limiter);
  }
  equal(await check(capped, "openai", { RPM_7: broken, RPM_70: { limit: async () => ({ success: true }) } }), "500 bad_config null");
});
