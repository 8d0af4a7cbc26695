// @ts-check
// The managed relay's own errors must reach the callers of each SDK as the SDK's own error types, with the reason in the
// message.

import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { routeURLs } from "./compare.js";
import { startScenario } from "./upstream.js";

/** @type {Record<string, { status: number, code: string, hint: RegExp, openai: Function, anthropic: Function, google: string }>} by token */
const denials = {
  "sk-not-a-token": { status: 401, code: "token_missing", hint: /begin with cfp_/, openai: OpenAI.AuthenticationError, anthropic: Anthropic.AuthenticationError, google: "UNAUTHENTICATED" },
  "cfp_unknown": { status: 401, code: "token_unknown", hint: /revoked/, openai: OpenAI.AuthenticationError, anthropic: Anthropic.AuthenticationError, google: "UNAUTHENTICATED" },
  "cfp_expired": { status: 401, code: "token_expired", hint: /expired/, openai: OpenAI.AuthenticationError, anthropic: Anthropic.AuthenticationError, google: "UNAUTHENTICATED" },
  "cfp_nowhere": { status: 403, code: "token_provider", hint: /not for this provider/, openai: OpenAI.PermissionDeniedError, anthropic: Anthropic.PermissionDeniedError, google: "PERMISSION_DENIED" },
  "cfp_busy": { status: 429, code: "token_rate", hint: /wait a minute/, openai: OpenAI.RateLimitError, anthropic: Anthropic.RateLimitError, google: "RESOURCE_EXHAUSTED" },
};

const messages = [{ role: /** @type {const} */ ("user"), content: "hi" }];
const baseURL = (/** @type {string} */ id) => routeURLs({ id, host: "", auth: "", first: id === "openai" }, "managed").base;

/** @type {Record<string, (apiKey: string, want: typeof denials[string]) => Promise<void>>} */
const sdks = {
  openai: async (apiKey, { status, code, hint, openai }) => {
    const client = new OpenAI({ baseURL: `${baseURL("openai")}/v1`, apiKey, maxRetries: 0 });
    const error = await thrown(client.chat.completions.create({ model: "m", messages }));
    assert.deepEqual([error.constructor, error.status, error.code, error.type], [openai, status, code, "cfproxy_error"]);
    assert.match(error.message, hint);
  },
  anthropic: async (apiKey, { status, code, hint, anthropic }) => {
    const client = new Anthropic({ baseURL: baseURL("anthropic"), apiKey, maxRetries: 0 });
    const error = await thrown(client.messages.create({ model: "m", max_tokens: 1, messages }));
    assert.deepEqual([error.constructor, error.status, error.error.type], [anthropic, status, "error"]);
    assert.match(error.message, hint);
    assert.match(error.message, new RegExp(`cfproxy: ${code}`));
  },
  google: async (apiKey, { status, code, hint, google }) => {
    const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: baseURL("gemini") } });
    const error = await thrown(client.models.generateContent({ model: "m", contents: "hi" }));
    const body = JSON.parse(error.message).error;
    assert.deepEqual([error.constructor.name, error.status, body.code, body.status], ["ApiError", status, status, google]);
    assert.match(body.message, hint);
    assert.match(body.message, new RegExp(`cfproxy: ${code}`));
  },
};

for (const [name, send] of Object.entries(sdks)) {
  for (const [token, want] of Object.entries(denials)) {
    test(`${name}: ${want.code}`, { timeout: 20_000 }, async () => {
      const { requests } = startScenario([]);
      await send(token, want);
      assert.deepEqual(requests, [], "the request was forwarded");
    });
  }
}

/**
 * @param {PromiseLike<unknown>} promise
 * @returns {Promise<any>}
 */
async function thrown(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail("the request was not rejected");
}
