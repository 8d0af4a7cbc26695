// @ts-check
// The Vercel AI SDK with each of its providers.

import assert from "node:assert/strict";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { embedMany, generateObject, generateSpeech, generateText, stepCountIs, streamText, tool, transcribe } from "ai";
import { z } from "zod";
import { bytes, endless, json, stepwise } from "./responders.js";
import { compare } from "./compare.js";
import * as conversations from "./conversations.js";

/**
 * @typedef {import("ai").LanguageModel} Model
 * @typedef {import("./compare.js").Run} Run
 */

// The SDK warns on every run that generateObject is deprecated.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
process.removeAllListeners("warning");

const prompt = "你好，世界 👋";
const city = z.object({ city: z.string() });
const weather = tool({ inputSchema: city, execute: async (input) => `${input.city}：晴` });

/**
 * @param {string} api
 * @param {import("./conversations.js").Script} script the provider's responses
 * @returns {Record<string, import("./compare.js").Scenario<Model>>}
 */
const scenarios = (api, { text, call, object, deltas, errorBody }) => ({
  [`${api}: text`]: {
    responders: [json(text)],
    run: async (model) => {
      const { text, usage, finishReason, response } = await generateText({ model, prompt });
      return { text, usage, finishReason, headers: response.headers };
    },
    check: (got) => assert.deepEqual([got.text, got.headers["x-request-id"]], ["你好！", "req_1"]),
  },
  [`${api}: text stream, event by event`]: {
    responders: [stepwise(deltas)],
    run: async (model, { ack }) => {
      const stream = streamText({ model, prompt });
      const parts = [];
      for await (const part of stream.textStream) {
        parts.push(part);
        ack();
      }
      return [parts, await stream.usage, await stream.finishReason];
    },
    check: ([parts]) => assert.deepEqual(parts, ["你", "好", "！"]),
  },
  [`${api}: tool call and result`]: {
    responders: [json(call), json(text)],
    run: async (model) => {
      const { text, steps } = await generateText({ model, prompt, tools: { weather }, stopWhen: stepCountIs(2) });
      return [text, steps.map((s) => s.toolResults.map((r) => r.output))];
    },
    check: ([got, results], requests) => {
      assert.deepEqual([got, results], ["你好！", [["上海：晴"], []]]);
      assert.match(requests[1].body, /上海：晴/);
    },
  },
  [`${api}: object`]: {
    responders: [json(object)],
    run: async (model) => (await generateObject({ model, prompt, schema: city })).object,
    check: (got) => assert.deepEqual(got, { city: "上海" }),
  },
  [`${api}: error 400`]: {
    responders: [json(errorBody, 400)],
    run: (model) => generateText({ model, prompt }).catch(describe),
    check: (error, requests) => assert.deepEqual([error.class, error.status, error.message, requests.length], ["AI_APICallError", 400, "抱歉", 1]),
  },
  [`${api}: retries`]: {
    responders: [json(errorBody, 429, { "retry-after-ms": "5" }), json(errorBody, 503, { "retry-after": "0.005" }), json(text)],
    run: async (model) => (await generateText({ model, prompt })).text,
    check: (_, requests) => assert.equal(requests.length, 3),
  },
  [`${api}: abort during the stream cancels the upstream`]: {
    responders: [endless(deltas[0])],
    run: async (model, { disconnected }) => {
      const controller = new AbortController();
      const kinds = [];
      for await (const { type } of streamText({ model, prompt, abortSignal: controller.signal }).fullStream) {
        kinds.push(type);
        if (type === "text-delta") {
          controller.abort();
        }
      }
      await disconnected();
      return kinds;
    },
    check: (kinds) => assert.equal(kinds.at(-1), "abort"),
  },
});

/** @param {any} error */
function describe(error) {
  return { class: error.name, status: error.statusCode, message: error.message, isRetryable: error.isRetryable, body: error.responseBody, headers: error.responseHeaders };
}

const openai = { id: "openai", host: "api.openai.com", auth: "authorization", first: true };
const anthropic = { id: "anthropic", host: "api.anthropic.com", auth: "x-api-key" };
const gemini = { id: "gemini", host: "generativelanguage.googleapis.com", auth: "x-goog-api-key" };

const openAI = (/** @type {Run} */ { base, key }) => createOpenAI({ baseURL: `${base}/v1`, apiKey: key });
const claude = (/** @type {Run} */ { base, key }) => createAnthropic({ baseURL: `${base}/v1`, apiKey: key });
const google = (/** @type {Run} */ { base, key }) => createGoogle({ baseURL: `${base}/v1beta`, apiKey: key });

compare(openai, (run) => openAI(run)("gpt-4o-mini"), scenarios("responses", conversations.responses));
compare(openai, (run) => openAI(run).chat("gpt-4o-mini"), scenarios("chat", conversations.chat));
compare(anthropic, (run) => claude(run)("claude-haiku-4-5"), scenarios("messages", conversations.messages));
compare(gemini, (run) => google(run)("gemini-2.5-flash"), scenarios("contents", conversations.contents));

const sound = Buffer.alloc(100_000, "\xff\xfbID3\x00");

compare(openai, openAI, {
  "embeddings": {
    responders: [json({ data: [{ index: 0, embedding: [0.1] }, { index: 1, embedding: [-0.2] }], usage: { prompt_tokens: 2 } })],
    run: async (provider) => (await embedMany({ model: provider.embedding("text-embedding-3-small"), values: ["你", "好"] })).embeddings,
  },
  "speech": {
    responders: [bytes(sound, "audio/mpeg")],
    run: async (provider) => (await generateSpeech({ model: provider.speech("tts-1"), text: "你好" })).audio.uint8Array,
  },
  "transcription": {
    responders: [json({ text: "你好" })],
    run: async (provider) => (await transcribe({ model: provider.transcription("whisper-1"), audio: sound })).text,
  },
});
compare(gemini, google, {
  "embeddings": {
    responders: [json({ embeddings: [{ values: [0.1] }, { values: [-0.2] }] })],
    run: async (provider) => (await embedMany({ model: provider.embedding("gemini-embedding-001"), values: ["你", "好"] })).embeddings,
  },
});
