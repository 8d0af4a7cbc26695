// @ts-check
// The client snippets of the page. A test compares those for Python and Node with templates/client.

import { html } from "./html.js";

/**
 * @typedef {import("./html.js").HTML} HTML
 * @typedef {Readonly<{ url: string, keyNote: string, dialect: string, auth: string, model: string }>} Target
 * url is the base URL. keyNote explains in a comment what the variable of the key holds.
 */

/**
 * @param {Target} target
 * @returns {string} the path of a streamed chat below the base URL
 */
function chatPath({ dialect, model }) {
  switch (dialect) {
    case "anthropic":
      return "/v1/messages";
    case "google":
      return `/v1beta/models/${model}:streamGenerateContent?alt=sse`;
    case "cohere":
      return "/v2/chat";
    default:
      return "/chat/completions";
  }
}

/**
 * The form of the page sends this request too.
 * @param {Target} target
 * @returns {HTML}
 */
export function curl(target) {
  const { url, dialect, auth, model } = target;
  return html`curl -N "${url}${chatPath(target)}" \
  -H "${auth}: ${auth === "authorization" && "Bearer "}YOUR_KEY" \
  -H "content-type: application/json" \
${dialect === "anthropic" && html`  -H "anthropic-version: 2023-06-01" \
`}  -d '{ ${dialect === "google" ? html`
    "contents": [{ "parts": [{ "text": "Hello" }] }]` : html`
    "model": "${model}", "stream": true,${dialect === "anthropic" && html` "max_tokens": 1024,`}
    "messages": [{ "role": "user", "content": "Hello" }]`}
  }'`;
}

/**
 * @param {Target} target
 * @returns {HTML}
 */
export function python({ url, keyNote, dialect, model }) {
  switch (dialect) {
    case "anthropic":
      return html`from anthropic import Anthropic  # ANTHROPIC_API_KEY${keyNote}

client = Anthropic(base_url="${url}")
answer = client.messages.create(
    model="${model}", max_tokens=64, messages=[{"role": "user", "content": "Hello"}]
)
print(answer.content[0].text)`;
    case "google":
      return html`from google import genai  # GEMINI_API_KEY${keyNote}

client = genai.Client(http_options={"base_url": "${url}"})
answer = client.models.generate_content(model="${model}", contents="Hello")
print(answer.text)`;
    case "cohere":
      return html`import cohere  # CO_API_KEY${keyNote}

client = cohere.ClientV2(base_url="${url}")
answer = client.chat(
    model="${model}", messages=[{"role": "user", "content": "Hello"}]
)
print(answer.message.content[0].text)`;
    default:
      return html`from openai import OpenAI  # OPENAI_API_KEY${keyNote}

client = OpenAI(base_url="${url}")
answer = client.chat.completions.create(
    model="${model}", messages=[{"role": "user", "content": "Hello"}]
)
print(answer.choices[0].message.content)`;
  }
}

/**
 * @param {Target} target
 * @returns {HTML}
 */
export function node({ url, keyNote, dialect, model }) {
  switch (dialect) {
    case "anthropic":
      return html`import Anthropic from "@anthropic-ai/sdk"; // ANTHROPIC_API_KEY${keyNote}

const client = new Anthropic({ baseURL: "${url}" });
const answer = await client.messages.create({
  model: "${model}", max_tokens: 64, messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.content[0].text);`;
    case "google":
      return html`import { GoogleGenAI } from "@google/genai"; // GEMINI_API_KEY${keyNote}

const client = new GoogleGenAI({
  apiKey: process.env.GEMINI_API_KEY, httpOptions: { baseUrl: "${url}" },
});
const answer = await client.models.generateContent({ model: "${model}", contents: "Hello" });
console.log(answer.text);`;
    case "cohere":
      return html`import { CohereClientV2 } from "cohere-ai"; // CO_API_KEY${keyNote}

const client = new CohereClientV2({ environment: "${url}" });
const answer = await client.chat({
  model: "${model}", messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.message.content[0].text);`;
    default:
      return html`import OpenAI from "openai"; // OPENAI_API_KEY${keyNote}

const client = new OpenAI({ baseURL: "${url}" });
const answer = await client.chat.completions.create({
  model: "${model}", messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.choices[0].message.content);`;
  }
}
