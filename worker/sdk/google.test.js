// @ts-check
import assert from "node:assert/strict";
import { GoogleGenAI } from "@google/genai";
import { data, endless, json, packed, silent, stepwise } from "./answers.js";
import { collect, compare } from "./differ.js";

/** @param {import("./differ.js").Run} run */
const connect = ({ base, key }) => new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: base } });

const model = "gemini-2.5-flash";
const contents = "你好，世界 👋";
const said = (/** @type {string} */ text, finishReason = "STOP") => ({ candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason, index: 0 }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 }, modelVersion: model, responseId: "r1" });
const called = { ...said(""), candidates: [{ index: 0, content: { role: "model", parts: [{ functionCall: { name: "weather", args: { city: "上海" } } }] } }] };
const weather = { name: "weather", parametersJsonSchema: { type: "object", properties: { city: { type: "string" } } } };
const models = (/** @type {string} */ name, /** @type {string | undefined} */ nextPageToken) => json({ models: [{ name }], nextPageToken });
const refusal = (/** @type {number} */ code) => ({ error: { code, message: `no: ${code} 抱歉`, status: "INVALID_ARGUMENT",
  details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "30s" }] } });

const errors = Object.fromEntries([400, 401, 403, 404, 409, 422, 429, 500, 503].map((status) => [`error ${status}`, {
  answers: [json(refusal(status), status)],
  run: (/** @type {GoogleGenAI} */ client) => client.models.generateContent({ model, contents }),
  check: (/** @type {any} */ { thrown }) => {
    assert.deepEqual([thrown.class, thrown.status], ["ApiError", status]);
    assert.match(thrown.message, /抱歉/);
  },
}]));

/** @type {Record<string, import("./differ.js").Scenario<GoogleGenAI>>} */
const scenarios = {
  "content": {
    answers: [json(said("你好！"))],
    run: (client) => client.models.generateContent({ model, contents }),
    check: (got, [request]) => {
      assert.equal(got.candidates[0].content.parts[0].text, "你好！");
      assert.deepEqual([request.path, request.headers["x-goog-api-key"]], [`/v1/models/${model}:generateContent`, "sk-owner-key"]);
    },
  },
  "content stream, one by one": {
    answers: [stepwise(data([said("你", ""), said("好", ""), said("！")]))],
    run: async (client, run) => collect(await client.models.generateContentStream({ model, contents }), run),
    check: (parts, [request]) => {
      assert.equal(parts.length, 3);
      assert.match(request.path, /alt=sse/);
    },
  },
  "chat with a function, there and back": {
    answers: [json(called), json(said("晴"))],
    run: async (client) => {
      const chat = client.chats.create({ model, config: { tools: [{ functionDeclarations: [weather] }] } });
      const { functionCalls } = await chat.sendMessage({ message: contents });
      const response = { ...functionCalls?.[0], response: { output: "上海：晴" } };
      const second = await chat.sendMessage({ message: [{ functionResponse: { name: "weather", response } }] });
      return [second.text, chat.getHistory()];
    },
    check: ([text], requests) => {
      assert.equal(text, "晴");
      assert.match(requests[1].body, /上海：晴/);
    },
  },
  "file deletion": { answers: [json({})], run: (client) => client.files.delete({ name: "files/1" }) },
  "embeddings": { answers: [json({ embeddings: [{ values: [0.1, -0.2] }] })], run: (client) => client.models.embedContent({ model: "gemini-embedding-001", contents: ["你", "好"] }) },
  "embeddings, 10 MB of them": {
    answers: [json({ embeddings: Array.from({ length: 300 }, () => ({ values: Array.from({ length: 3072 }, (_, i) => Math.sin(i)) })) })],
    run: (client) => client.models.embedContent({ model: "gemini-embedding-001", contents }),
  },
  "models, page by page": {
    answers: [models("models/1", "次页+/="), models("models/2", undefined)],
    run: async (client, run) => collect(await client.models.list({ config: { pageSize: 1 } }), run),
    check: (all) => assert.equal(all.length, 2),
  },
  "speech": {
    answers: [json({ ...said(""), candidates: [{ content: { parts: [{ inlineData: { mimeType: "audio/pcm", data: Buffer.alloc(100_000, 7).toString("base64") } }] } }] })],
    run: (client) => client.models.generateContent({ model: "gemini-2.5-flash-preview-tts", contents, config: { responseModalities: ["AUDIO"] } }),
  },
  "packed by gzip": { answers: [packed("gzip", said("你好！"))], run: (client) => client.models.generateContent({ model, contents }) },
  "retries": {
    answers: [json(refusal(503), 503), json(said("你好！"))],
    run: (client) => client.models.generateContent({ model, contents, config: { httpOptions: { retryOptions: { attempts: 2, initialDelay: 0.005 } } } }),
    check: (_, requests) => assert.equal(requests.length, 2),
  },
  "abort in mid-stream stops the upstream": {
    answers: [endless(data([said("你", "")])[0])],
    run: async (client, { gone }) => {
      const leave = new AbortController();
      const stream = await client.models.generateContentStream({ model, contents, config: { abortSignal: leave.signal } });
      await stream.next();
      leave.abort();
      const end = await Promise.allSettled([stream.next()]);
      await gone();
      return end;
    },
    check: ([{ status }]) => assert.equal(status, "rejected"),
  },
  "time is up": {
    answers: [silent],
    run: async (client, { arrived }) => {
      const asked = client.models.generateContent({ model, contents, config: { httpOptions: { timeout: 1000 } } });
      return (await Promise.allSettled([asked, arrived()]))[0];
    },
    check: ({ status }) => assert.equal(status, "rejected"),
  },
  ...errors,
};

compare({ id: "gemini", host: "generativelanguage.googleapis.com", auth: "x-goog-api-key" }, connect, scenarios);
