// @ts-check
// One short conversation in the format of each API, for the AI SDK.

import { dataEvents, namedEvents } from "./responders.js";

/**
 * @typedef {{ text: unknown, call: unknown, object: unknown, deltas: string[], errorBody: unknown }} Script call is a tool
 * call, object a response in JSON; the last of deltas has no text and ends the stream
 */

const input = { city: "上海" };
const words = ["你", "好", "！"];
const args = JSON.stringify(input);
const joined = (/** @type {string[]} */ events) => events.join("");

// https://platform.openai.com/docs/api-reference/responses
const response = (/** @type {unknown[]} */ output) => ({ id: "resp_1", object: "response", created_at: 1, model: "gpt-4o-mini", status: "completed", output,
  incomplete_details: null, usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 } });
const output = (/** @type {string} */ text) => ({ id: "msg_1", type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text, annotations: [] }] });
const position = { item_id: "msg_1", output_index: 0, content_index: 0 };

/** @type {Script} */
export const responses = {
  text: response([output("你好！")]),
  call: response([{ id: "fc_1", type: "function_call", call_id: "call_1", name: "weather", arguments: args, status: "completed" }]),
  object: response([output(args)]),
  deltas: [
    joined(namedEvents([
      { type: "response.created", response: { ...response([]), status: "in_progress" } },
      { type: "response.output_item.added", output_index: 0, item: { ...output(""), status: "in_progress", content: [] } },
      { type: "response.output_text.delta", ...position, delta: words[0] },
    ])),
    ...namedEvents(words.slice(1).map((delta) => ({ type: "response.output_text.delta", ...position, delta }))),
    joined(namedEvents([
      { type: "response.output_item.done", output_index: 0, item: output("你好！") },
      { type: "response.completed", response: response([output("你好！")]) },
    ])),
  ],
  errorBody: { error: { message: "抱歉", type: "invalid_request_error", param: null, code: null } },
};

// https://platform.openai.com/docs/api-reference/chat
const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
const completion = (/** @type {object} */ message, finish_reason = "stop") => ({ id: "chatcmpl-1", object: "chat.completion", created: 1, model: "gpt-4o-mini", usage,
  choices: [{ index: 0, finish_reason, message: { role: "assistant", content: null, ...message } }] });
const chunk = (/** @type {object} */ delta, /** @type {string | null} */ finish_reason = null) => ({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-4o-mini",
  choices: [{ index: 0, delta, finish_reason }] });

/** @type {Script} */
export const chat = {
  text: completion({ content: "你好！" }),
  call: completion({ tool_calls: [{ id: "call_1", type: "function", function: { name: "weather", arguments: args } }] }, "tool_calls"),
  object: completion({ content: args }),
  deltas: [...dataEvents(words.map((content) => chunk({ role: "assistant", content }))), `${joined(dataEvents([chunk({}, "stop"), { ...chunk({}), choices: [], usage }]))}data: [DONE]\n\n`],
  errorBody: responses.errorBody,
};

// https://docs.anthropic.com/en/api/messages
const message = (/** @type {unknown[]} */ content, stop_reason = "end_turn") => ({ id: "msg_1", type: "message", role: "assistant", model: "claude-haiku-4-5", content,
  stop_reason, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 2 } });
const block = (/** @type {string} */ text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });

/** @type {Script} */
export const messages = {
  text: message([{ type: "text", text: "你好！" }]),
  call: message([{ type: "tool_use", id: "toolu_1", name: "weather", input }], "tool_use"),
  object: message([{ type: "text", text: args }]),
  deltas: [
    joined(namedEvents([{ type: "message_start", message: message([]) }, { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }, block(words[0])])),
    ...namedEvents(words.slice(1).map(block)),
    joined(namedEvents([{ type: "content_block_stop", index: 0 }, { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 2 } }, { type: "message_stop" }])),
  ],
  errorBody: { type: "error", error: { type: "invalid_request_error", message: "抱歉" } },
};

// https://ai.google.dev/api/generate-content
const content = (/** @type {object} */ part, finishReason = "STOP") => ({ candidates: [{ content: { role: "model", parts: [part] }, finishReason, index: 0 }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2, totalTokenCount: 3 } });
const partial = (/** @type {string} */ text) => ({ candidates: [{ content: { role: "model", parts: [{ text }] }, index: 0 }] });

/** @type {Script} */
export const contents = {
  text: content({ text: "你好！" }),
  call: content({ functionCall: { id: "call_1", name: "weather", args: input } }),
  object: content({ text: args }),
  deltas: dataEvents([...words.map(partial), content({ text: "" })]),
  errorBody: { error: { code: 400, message: "抱歉", status: "INVALID_ARGUMENT" } },
};
