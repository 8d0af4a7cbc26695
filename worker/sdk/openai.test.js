// @ts-check
import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";
import { zodFunction } from "openai/helpers/zod";
import { z } from "zod";
import { bytes, dataEvents, json, namedEvents, compressed, stepwise } from "./responders.js";
import { collect, compare, otherOrigin } from "./compare.js";
import { cancellation } from "./cancellation.js";
import { errors, retries } from "./errors.js";

/** @param {import("./compare.js").Run} run */
const connect = ({ base, key }) => new OpenAI({ baseURL: `${base}/v1`, apiKey: key, organization: "org-1", project: "proj-1" });

const model = "gpt-4o-mini";
/** @type {{ role: "user", content: string }[]} */
const messages = [{ role: "user", content: "你好，世界 — ¿qué tal? 👋" }];
const completion = { id: "chatcmpl-1", object: "chat.completion", created: 1, model, usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "你好！", errorBody: null } }] };
const toolCall = { role: "assistant", content: null, errorBody: null,
  tool_calls: [{ id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"上海"}' } }] };
const chunks = dataEvents(["你", "好", "！"].map((content, i) => ({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model,
  choices: [{ index: 0, delta: i === 0 ? { role: "assistant", content } : { content }, finish_reason: i === 2 ? "stop" : null }] })));
const done = "data: [DONE]\n\n";

const response = { id: "resp_1", object: "response", created_at: 1, model, status: "completed", output: [
  { id: "msg_1", type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text: "你好", annotations: [] }] }] };
const position = { item_id: "msg_1", output_index: 0, content_index: 0 };
const responseEvents = [
  { type: "response.created", sequence_number: 0, response: { ...response, status: "in_progress", output: [] } },
  { type: "response.output_item.added", sequence_number: 1, output_index: 0, item: { ...response.output[0], status: "in_progress", content: [] } },
  { type: "response.content_part.added", sequence_number: 2, ...position, part: { type: "output_text", text: "", annotations: [] } },
  { type: "response.output_text.delta", sequence_number: 3, ...position, delta: "你" },
  { type: "response.output_text.delta", sequence_number: 4, ...position, delta: "好" },
  { type: "response.output_text.done", sequence_number: 5, ...position, text: "你好" },
  { type: "response.completed", sequence_number: 6, response },
];

const errorBody = (/** @type {number} */ status) => ({ error: { message: `no: ${status} 抱歉`, type: "invalid_request_error", param: null, code: "some_code" } });
const sound = Buffer.alloc(300_000, "\x00\xff\xfbID3");
const vector = Buffer.alloc(4 * 1536, 7).toString("base64");
const embeddings = (/** @type {number} */ n) => ({ object: "list", model: "text-embedding-3-small", usage: { prompt_tokens: 1, total_tokens: 1 },
  data: Array.from({ length: n }, (_, index) => ({ object: "embedding", index, embedding: vector })) });
const modelsPage = (/** @type {string} */ id, /** @type {boolean} */ more) => json({ object: "list", data: [{ id, object: "file" }], has_more: more, first_id: id, last_id: id });

/** @type {Record<string, import("./compare.js").Scenario<OpenAI>>} */
const scenarios = {
  "chat": {
    responders: [json(completion)],
    run: (client) => client.chat.completions.create({ model, messages }).withResponse(),
    check: ({ data: got, request_id, response: { headers } }) => {
      assert.equal(got.choices[0].message.content, "你好！");
      assert.equal(request_id, "req_1");
    },
  },
  "response headers": {
    responders: [json(completion)],
    run: async (client) => (await client.chat.completions.create({ model, messages }).asResponse()).headers,
    check: (headers) => assert.deepEqual([headers["x-request-id"], headers["x-ratelimit-remaining-tokens"], headers["cf-ray"]], ["req_1", "149984", "8f0000000000aaaa-IAD"]),
  },
  "chat stream, event by event": {
    responders: [stepwise([...chunks, done])],
    run: async (client, run) => collect(await client.chat.completions.create({ model, messages, stream: true }), run),
    check: (events) => assert.equal(events.map((/** @type {any} */ e) => e.choices[0].delta.content).join(""), "你好！"),
  },
  "chat stream split within a character": {
    responders: [stepwise([Buffer.concat([Buffer.from(chunks[0]), Buffer.from(chunks[1]).subarray(0, 150)]), Buffer.from(chunks[1]).subarray(150), chunks[2], done])],
    run: async (client, run) => collect(await client.chat.completions.create({ model, messages, stream: true }), run),
    check: (events) => assert.equal(events.length, 3),
  },
  "tool call and result": {
    responders: [json({ ...completion, choices: [{ index: 0, finish_reason: "tool_calls", message: toolCall }] }), json(completion)],
    run: async (client) => {
      const weather = zodFunction({ name: "weather", parameters: z.object({ city: z.string() }), function: ({ city }) => `${city}：晴` });
      const runner = client.chat.completions.runTools({ model, messages, tools: [weather] });
      return [await runner.finalContent(), runner.messages];
    },
    check: ([content], requests) => {
      assert.equal(content, "你好！");
      assert.match(requests[1].body, /上海：晴/);
    },
  },
  "responses stream": {
    responders: [stepwise(namedEvents(responseEvents))],
    run: async (client, run) => collect(await client.responses.create({ model, input: "你好", stream: true }), run),
    check: (events) => assert.deepEqual(events, responseEvents),
  },
  "responses stream helper": {
    responders: [stepwise(namedEvents(responseEvents))],
    run: async (client, run) => {
      const stream = client.responses.stream({ model, input: "你好" });
      return [await collect(stream, run), await stream.finalResponse()];
    },
  },
  "file upload": {
    responders: [json({ id: "file-1", object: "file", bytes: sound.length, filename: "训练.jsonl", purpose: "fine-tune" })],
    run: async (client) => client.files.create({ purpose: "fine-tune", file: await toFile(sound, "训练.jsonl") }),
    check: (_, [request]) => assert.match(request.headers["content-type"], /^multipart\/form-data; boundary=BOUNDARY$/),
  },
  "transcription": {
    responders: [json({ text: "你好" })],
    run: async (client) => client.audio.transcriptions.create({ model: "whisper-1", file: await toFile(sound, "a.mp3"), language: "zh" }),
  },
  "transcription stream": {
    responders: [stepwise(namedEvents([{ type: "transcript.text.delta", delta: "你" }, { type: "transcript.text.done", text: "你" }]))],
    run: async (client, run) => collect(await client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file: await toFile(sound, "a.mp3"), stream: true }), run),
  },
  "speech, streamed": {
    responders: [stepwise([sound, Buffer.from([0]), sound], "audio/mpeg")],
    run: async (client, run) => {
      const speech = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: "你好" });
      const parts = await collect(/** @type {AsyncIterable<Uint8Array>} */ (/** @type {unknown} */ (pieces(speech.body, [sound.length, 1, sound.length]))), run);
      return [speech.headers.get("content-type"), Buffer.concat(parts)];
    },
  },
  "file content": {
    responders: [bytes(sound, "application/octet-stream")],
    run: async (client) => Buffer.from(await (await client.files.content("file-1")).arrayBuffer()),
  },
  "embeddings": { responders: [json(embeddings(2))], run: (client) => client.embeddings.create({ model: "text-embedding-3-small", input: ["你", "好"] }) },
  "embeddings, 10 MB": {
    responders: [json(embeddings(1280))],
    run: (client) => client.embeddings.create({ model: "text-embedding-3-small", input: "你" }),
    check: (got) => assert.equal(got.data.length, 1280),
  },
  "models": { responders: [json({ object: "list", data: [{ id: model, object: "model" }] })], run: (client, run) => collect(client.models.list(), run) },
  "pages": {
    responders: [modelsPage("file-1", true), modelsPage("file-2", false)],
    run: (client, run) => collect(client.files.list({ limit: 1, purpose: "你 好" }), run),
    check: (all, [, second]) => assert.deepEqual([all.length, new URLSearchParams(second.path.split("?")[1]).get("after")], [2, "file-1"]),
  },
  "gzip": { responders: [compressed("gzip", completion)], run: (client) => client.chat.completions.create({ model, messages }).asResponse().then(summarize) },
  "brotli": { responders: [compressed("br", completion)], run: (client) => client.chat.completions.create({ model, messages }).asResponse().then(summarize) },
  "deflate": { responders: [compressed("deflate", completion)], run: (client) => client.chat.completions.create({ model, messages }).asResponse().then(summarize) },
  "deletion": { responders: [json({ id: "file-1", deleted: true })], run: (client) => client.files.delete("file-1") },
  "large request": { responders: [json(completion)], run: (client) => client.chat.completions.create({ model, messages: [{ role: "user", content: "长".repeat(1_000_000) }] }) },
  "redirect to another host, followed without the key": {
    responders: [json({}, 307, { location: `${otherOrigin}/moved` }), json(completion)],
    run: (client) => client.chat.completions.create({ model, messages }),
    check: (_, [, second]) => assert.deepEqual([second.path, second.headers.authorization], ["/moved", undefined]),
  },
  "relative redirect": {
    responders: [json({}, 307, { location: "/v1/moved" }), json(completion)],
    run: (client) => client.chat.completions.create({ model, messages }),
    check: (_, [, second]) => assert.equal(second.path, "/v1/moved"),
  },
  ...errors((client, options) => client.chat.completions.create({ model, messages }, options), errorBody, [400, 401, 403, 404, 409, 422, 429, 500, 503]),
  ...retries((client) => client.chat.completions.create({ model, messages }), json(completion)),
  ...cancellation((client, options) => client.chat.completions.create({ model, messages, stream: true }, options), chunks[0]),
};

/**
 * @param {Response} response
 * @returns {Promise<unknown>}
 */
async function summarize(response) {
  return [response.status, response.headers, await response.json()];
}

/**
 * Reads pieces of the given lengths, however the stream is split on the way.
 * @param {ReadableStream<Uint8Array> | null} body
 * @param {number[]} lengths
 */
async function* pieces(body, lengths) {
  const buffered = { bytes: Buffer.alloc(0) };
  for await (const part of /** @type {any} */ (body)) {
    buffered.bytes = Buffer.concat([buffered.bytes, part]);
    while (lengths.length > 0 && buffered.bytes.length >= lengths[0]) {
      const length = lengths.shift() ?? 0;
      yield buffered.bytes.subarray(0, length);
      buffered.bytes = buffered.bytes.subarray(length);
    }
  }
}

const openai = { id: "openai", host: "api.openai.com", auth: "authorization" };
compare({ ...openai, first: true }, connect, scenarios);
compare(openai, connect, Object.fromEntries(["chat", "chat stream, event by event", "file upload"].map((name) => [name, scenarios[name]])));
