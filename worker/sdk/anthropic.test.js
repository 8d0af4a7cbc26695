// @ts-check
import assert from "node:assert/strict";
import Anthropic, { toFile } from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { z } from "zod";
import { bytes, json, namedEvents, compressed, stepwise } from "./responders.js";
import { collect, compare, otherOrigin } from "./compare.js";
import { cancellation } from "./cancellation.js";
import { errors, retries } from "./errors.js";

/** @param {import("./compare.js").Run} run */
const connect = ({ base, key }) => new Anthropic({ baseURL: base, apiKey: key });

const model = "claude-haiku-4-5";
/** @type {{ model: string, max_tokens: number, messages: { role: "user", content: string }[] }} */
const params = { model, max_tokens: 100, messages: [{ role: "user", content: "你好，世界 👋" }] };
const usage = { input_tokens: 10, output_tokens: 5 };
const message = { id: "msg_1", type: "message", role: "assistant", model, content: [{ type: "text", text: "你好！" }], stop_reason: "end_turn", stop_sequence: null, usage };
const toolUse = { ...message, stop_reason: "tool_use", content: [{ type: "tool_use", id: "toolu_1", name: "weather", input: { city: "上海" } }] };
const events = [
  { type: "message_start", message: { ...message, content: [], stop_reason: null } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "你好" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "！" } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 5 } },
  { type: "message_stop" },
];
const document = Buffer.alloc(200_000, "%PDF\x00\xff");
const file = { id: "file_1", type: "file", filename: "论文.pdf", mime_type: "application/pdf", size_bytes: document.length, created_at: "2026-01-01T00:00:00Z" };
const result = JSON.stringify({ custom_id: "一", result: { type: "succeeded", message } });
const models = (/** @type {string} */ id, /** @type {boolean} */ has_more) => json({ data: [{ id, type: "model", display_name: id }], has_more, first_id: id, last_id: id });

const overloaded = (/** @type {number} */ status) => ({ type: "error", request_id: "req_1",
  error: { type: status === 529 ? "overloaded_error" : "invalid_request_error", message: `no: ${status} 抱歉` } });

/** @type {Record<string, import("./compare.js").Scenario<Anthropic>>} */
const scenarios = {
  "message": {
    responders: [json(message)],
    run: (client) => client.messages.create(params).withResponse(),
    check: ({ data, request_id }, [request]) => {
      assert.deepEqual([data.content[0].text, request_id], ["你好！", "req_1"]);
      assert.deepEqual([request.path, request.headers.authorization], ["/v1/messages", "Bearer sk-owner-key"]);
    },
  },
  "stream, event by event": {
    responders: [stepwise(namedEvents(events))],
    run: async (client, run) => collect(await client.messages.create({ ...params, stream: true }), run),
    check: (got) => assert.deepEqual(got, events),
  },
  "stream helper": {
    responders: [stepwise(namedEvents(events))],
    run: async (client, run) => {
      const stream = client.messages.stream(params);
      return [await collect(stream, run), await stream.finalMessage(), stream.request_id];
    },
    check: ([, final]) => assert.equal(final.content[0].text, "你好！"),
  },
  "error event in the stream": {
    responders: [stepwise([...namedEvents(events.slice(0, 2)), ...namedEvents([overloaded(529)])])],
    run: async (client, run) => collect(await client.messages.create({ ...params, stream: true }), run),
    check: ({ thrown }) => assert.match(thrown.message, /overloaded_error/),
  },
  "tool call and result": {
    responders: [json(toolUse), json(message)],
    run: async (client) => {
      const weather = betaZodTool({ name: "weather", description: "", inputSchema: z.object({ city: z.string() }), run: async ({ city }) => `${city}：晴` });
      const runner = client.beta.messages.toolRunner({ ...params, tools: [weather] });
      return [await runner.runUntilDone(), runner.params.messages];
    },
    check: ([final], requests) => {
      assert.equal(final.content[0].text, "你好！");
      assert.match(requests[1].body, /上海：晴/);
    },
  },
  "file upload": {
    responders: [json(file)],
    run: async (client) => client.beta.files.upload({ file: await toFile(document, "论文.pdf", { type: "application/pdf" }), betas: ["files-api-2025-04-14"] }),
    check: (_, [{ headers }]) => assert.match(headers["anthropic-beta"], /files-api-2025-04-14/),
  },
  "file download": {
    responders: [bytes(document, "application/pdf")],
    run: async (client) => Buffer.from(await (await client.beta.files.download("file_1")).arrayBuffer()),
  },
  "file deletion": { responders: [json({ id: "file_1", type: "file_deleted" })], run: (client) => client.beta.files.delete("file_1") },
  "models, paginated": {
    responders: [models("claude-1", true), models("claude-2", false)],
    run: (client, run) => collect(client.models.list({ limit: 1 }), run),
    check: (all) => assert.equal(all.length, 2),
  },
  "token count": { responders: [json({ input_tokens: 7 })], run: (client) => client.messages.countTokens({ model, messages: params.messages }) },
  // The body of the response contains a URL of Anthropic's, which the SDK requests directly.
  "results of a batch come from the URL in the response": {
    responders: [
      json({ id: "batch_1", type: "message_batch", processing_status: "ended", results_url: `${otherOrigin}/v1/messages/batches/batch_1/results` }),
      stepwise([`${result}\n`, `${result}\n`], "application/x-jsonl"),
    ],
    run: async (client, run) => collect(await client.messages.batches.results("batch_1"), run),
    check: (all, requests) => assert.deepEqual([all.length, requests[1].host], [2, "elsewhere"]),
  },
  "gzip": { responders: [compressed("gzip", message)], run: (client) => client.messages.create(params).withResponse() },
  "brotli": { responders: [compressed("br", message)], run: (client) => client.messages.create(params).withResponse() },
  "relative redirect": {
    responders: [json({}, 307, { location: "/v1/moved" }), json(message)],
    run: (client) => client.messages.create(params),
  },
  ...errors((client, options) => client.messages.create(params, options), overloaded, [400, 401, 403, 404, 409, 413, 422, 429, 500, 529]),
  ...retries((client) => client.messages.create(params), json(message)),
  ...cancellation((client, options) => client.messages.create({ ...params, stream: true }, options), namedEvents(events)[0]),
};

compare({ id: "anthropic", host: "api.anthropic.com", auth: "x-api-key" }, connect, scenarios);
