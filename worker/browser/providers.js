// @ts-check
// Requests and responses of each provider, in the order of the page.

/**
 * @typedef {{
 *   id: string,
 *   path: string,
 *   auth: string,
 *   url: string,
 *   code: string[],
 *   body: (message: string) => unknown,
 *   named?: boolean,
 *   lineEnd?: string,
 *   delta: (text: string) => any,
 *   end: string,
 *   broken: string,
 *   error: object,
 *   message: string,
 * }} Provider path is that of its base URL at the relay, code has a part of each snippet; delta returns an event with text,
 * and named is whether events have names; broken is an error event, error an error response with that message
 */

const chat = (/** @type {string} */ model, /** @type {object} */ more = {}) => (/** @type {string} */ content) => ({ model, stream: true, ...more, messages: [{ role: "user", content }] });

/** @type {Provider[]} */
export const providers = [
  {
    id: "openai", path: "/v1", auth: "authorization", url: "https://api.openai.com/v1/chat/completions",
    code: ["/chat/completions", "from openai import OpenAI", 'import OpenAI from "openai"'],
    body: chat("gpt-4o-mini"),
    delta: (content) => ({ id: "chatcmpl-1", object: "chat.completion.chunk", choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
    end: 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: {"choices":[],"usage":{"total_tokens":3}}\n\ndata: [DONE]\n\n',
    broken: 'data: {"error":{"message":"Overloaded","type":"server_error","code":null}}\n\n',
    error: { error: { message: "Incorrect API key provided.", type: "invalid_request_error", code: "invalid_api_key" } },
    message: "Incorrect API key provided.",
  },
  {
    id: "anthropic", path: "/anthropic", auth: "x-api-key", url: "https://api.anthropic.com/v1/messages",
    code: ["anthropic-version", "from anthropic import Anthropic", "new Anthropic("],
    body: chat("claude-haiku-4-5", { max_tokens: 1024 }),
    named: true,
    delta: (text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }),
    end: 'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
    broken: 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    error: { type: "error", error: { type: "authentication_error", message: "invalid x-api-key" } },
    message: "invalid x-api-key",
  },
  {
    id: "gemini", path: "/gemini", auth: "x-goog-api-key",
    url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
    code: ["x-goog-api-key", "from google import genai", "new GoogleGenAI("],
    body: (text) => ({ contents: [{ parts: [{ text }] }] }),
    lineEnd: "\r\n",
    delta: (text) => ({ candidates: [{ content: { role: "model", parts: [{ text }] } }], usageMetadata: {} }),
    end: 'data: {"candidates":[{"finishReason":"STOP"}]}\r\n\r\n',
    broken: 'data: {"error":{"code":503,"message":"Overloaded","status":"UNAVAILABLE"}}\r\n\r\n',
    error: { error: { code: 401, message: "API key not valid. Please pass a valid API key.", status: "UNAUTHENTICATED" } },
    message: "API key not valid. Please pass a valid API key.",
  },
  {
    id: "cohere", path: "/cohere", auth: "authorization", url: "https://api.cohere.com/v2/chat",
    code: ["/v2/chat", "ClientV2(base_url=", "new CohereClientV2("],
    body: chat("command-r7b-12-2024"),
    named: true,
    delta: (text) => ({ type: "content-delta", index: 0, delta: { message: { content: { text } } } }),
    end: 'event: message-end\ndata: {"type":"message-end","delta":{"finish_reason":"COMPLETE"}}\n\n',
    broken: 'event: message-end\ndata: {"type":"message-end","delta":{"finish_reason":"ERROR","error":"Overloaded"}}\n\n',
    error: { id: "1", message: "invalid api token" },
    message: "invalid api token",
  },
];

/**
 * @param {Provider} provider
 * @param {string} text
 * @returns {string} an event with this text, in the provider's format
 */
export function event({ delta, named, lineEnd = "\n" }, text) {
  const value = delta(text);
  return `${named ? `event: ${value.type}${lineEnd}` : ""}data: ${JSON.stringify(value)}${lineEnd}${lineEnd}`;
}

/**
 * @param {Provider} provider
 * @param {string[]} texts
 * @returns {import("./setup.js").Handler} responds with a stream of these texts
 */
export const streamOf = (provider, texts) => (_, __, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(texts.map((text) => event(provider, text)).join("") + provider.end);
};

/**
 * @param {number} status
 * @param {unknown} value
 * @returns {import("./setup.js").Handler} responds with JSON
 */
export const jsonOf = (status, value) => (_, __, response) => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value, null, 2));
};
