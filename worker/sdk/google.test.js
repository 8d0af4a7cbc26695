// @ts-check
import assert from "node:assert/strict";
import { GoogleGenAI } from "@google/genai";
import { dataEvents, endless, json, compressed, noResponse, stepwise } from "./responders.js";
import { collect, compare } from "./compare.js";

/** @param {import("./compare.js").Run} run */
const connect = ({ base, key }) => new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: base } });

const model = "gemini-2.5-flash";
const contents = "你好，世界 👋";
const textResponse = (/** @type {string} */ text, finishReason = "STOP") => ({ candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason, index: 0 }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 }, modelVersion: model, responseId: "r1" });
const callResponse = { ...textResponse(""), candidates: [{ index: 0, content: { role: "model", parts: [{ functionCall: { name: "weather", args: { city: "上海" } } }] } }] };
const weather = { name: "weather", parametersJsonSchema: { type: "object", properties: { city: { type: "string" } } } };
const models = (/** @type {string} */ name, /** @type {string | undefined} */ nextPageToken) => json({ models: [{ name }], nextPageToken });
const errorBody = (/** @type {number} */ code) => ({ error: { code, message: `no: ${code} 抱歉`, status: "INVALID_ARGUMENT",
  details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "30s" }] } });

const errors = Object.fromEntries([400, 401, 403, 404, 409, 422, 429, 500, 503].map((status) => [`error ${status}`, {
  responders: [json(errorBody(status), status)],
  run: (/** @type {GoogleGenAI} */ client) => client.models.generateContent({ model, contents }),
  check: (/** @type {any} */ { thrown }) => {
    assert.deepEqual([thrown.class, thrown.status], ["ApiError", status]);
    assert.match(thrown.message, /抱歉/);
  },
}]));

/** @type {Record<string, import("./compare.js").Scenario<GoogleGenAI>>} */
const scenarios = {
  "content": {
    responders: [json(textResponse("你好！"))],
    run: (client) => client.models.generateContent({ model, contents }),
    check: (got, [request]) => {
      assert.equal(got.candidates[0].content.parts[0].text, "你好！");
      assert.deepEqual([request.path, request.headers["x-goog-api-key"]], [`/v1/models/${model}:generateContent`, "sk-owner-key"]);
    },
  },
  "content stream, one by one": {
    responders: [stepwise(dataEvents([textResponse("你", ""), textResponse("好", ""), textResponse("！")]))],
    run: async (client, run) => collect(await client.models.generateContentStream({ model, contents }), run),
    check: (parts, [request]) => {
      assert.equal(parts.length, 3);
      assert.match(request.path, /alt=sse/);
    },
  },
  "chat with a function, there and back": {
    responders: [json(callResponse), json(textResponse("晴"))],
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
  "file deletion": { responders: [json({})], run: (client) => client.files.delete({ name: "files/1" }) },
  "embeddings": { responders: [json({ embeddings: [{ values: [0.1, -0.2] }] })], run: (client) => client.models.embedContent({ model: "gemini-embedding-001", contents: ["你", "好"] }) },
  "embeddings, 10 MB of them": {
    responders: [json({ embeddings: Array.from({ length: 300 }, () => ({ values: Array.from({ length: 3072 }, (_, i) => Math.sin(i)) })) })],
    run: (client) => client.models.embedContent({ model: "gemini-embedding-001", contents }),
  },
  "models, paginated": {
    responders: [models("models/1", "次页+/="), models("models/2", undefined)],
    run: async (client, run) => collect(await client.models.list({ config: { pageSize: 1 } }), run),
    check: (all) => assert.equal(all.length, 2),
  },
  "speech": {
    responders: [json({ ...textResponse(""), candidates: [{ content: { parts: [{ inlineData: { mimeType: "audio/pcm", data: Buffer.alloc(100_000, 7).toString("base64") } }] } }] })],
    run: (client) => client.models.generateContent({ model: "gemini-2.5-flash-preview-tts", contents, config: { responseModalities: ["AUDIO"] } }),
  },
  "gzip": { responders: [compressed("gzip", textResponse("你好！"))], run: (client) => client.models.generateContent({ model, contents }) },
  "retries": {
    responders: [json(errorBody(503), 503), json(textResponse("你好！"))],
    run: (client) => client.models.generateContent({ model, contents, config: { httpOptions: { retryOptions: { attempts: 2, initialDelay: 0.005 } } } }),
    check: (_, requests) => assert.equal(requests.length, 2),
  },
  "abort during the stream cancels the upstream": {
    responders: [endless(dataEvents([textResponse("你", "")])[0])],
    run: async (client, { disconnected }) => {
      const controller = new AbortController();
      const stream = await client.models.generateContentStream({ model, contents, config: { abortSignal: controller.signal } });
      await stream.next();
      controller.abort();
      const end = await Promise.allSettled([stream.next()]);
      await disconnected();
      return end;
    },
    check: ([{ status }]) => assert.equal(status, "rejected"),
  },
  "timeout": {
    responders: [noResponse],
    run: async (client, { arrived }) => {
      const request = client.models.generateContent({ model, contents, config: { httpOptions: { timeout: 1000 } } });
      return (await Promise.allSettled([request, arrived()]))[0];
    },
    check: ({ status }) => assert.equal(status, "rejected"),
  },
  ...errors,
};

compare({ id: "gemini", host: "generativelanguage.googleapis.com", auth: "x-goog-api-key" }, connect, scenarios);
