// @ts-check
// WebSocket sessions of OpenAI's and Google's SDKs.

import assert from "node:assert/strict";
import { once } from "node:events";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { OpenAIRealtimeWebSocket } from "openai/realtime/websocket";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { ResponsesWS } from "openai/resources/responses/ws";
import { WebSocket } from "ws";
import { compare } from "./compare.js";

// The browser variant uses the global WebSocket, which Node 20 does not have.
globalThis.WebSocket = /** @type {any} */ (WebSocket);

/**
 * @typedef {import("./upstream.js").Session} Session
 * @typedef {import("./compare.js").Run} Run
 */

const options = { model: "gpt-realtime" };
const large = "长".repeat(1_000_000);

/** @param {Run} run */
const connect = ({ tls, key }) => new OpenAI({ baseURL: `${tls}/v1`, apiKey: key });

/**
 * The provider's side: answers each event of the client. "session.update" makes it close the session.
 * @type {Session}
 */
function session(socket) {
  const send = (/** @type {object} */ event) => socket.send(JSON.stringify(event));
  send({ type: "session.created", event_id: "event_0", session: { id: "sess_1", object: "realtime.session", model: options.model } });
  socket.on("message", (message, isBinary) => {
    const event = JSON.parse(message.toString());
    if (event.type === "response.create") {
      send({ type: "response.output_text.delta", delta: "你" });
      send({ type: "response.output_text.delta", delta: "好" });
      socket.send(Buffer.from(JSON.stringify({ type: "response.output_audio.delta", delta: large })), { binary: true });
      send({ type: "response.done", response: { id: "resp_1", status: "completed" } });
    } else if (event.type === "session.update") {
      socket.close(4001, "会话到期");
    } else {
      send({ type: "conversation.item.added", isBinary, length: message.toString().length, item: { type: event.type } });
    }
  });
  socket.on("close", (code, reason) => session.ended(code, String(reason)));
}

/** @type {(code: number, reason: string) => void} called when the provider's side is closed */
session.ended = () => {};

/**
 * The client's side, for each kind of client.
 * @param {OpenAIRealtimeWS | OpenAIRealtimeWebSocket} realtime
 * @param {boolean} closes whether the client closes the session
 */
async function runSession(realtime, closes) {
  /** @type {unknown[]} */
  const events = [];
  const ended = new Promise((resolve) => { session.ended = (code, reason) => resolve({ code, reason }); });
  const closed = new Promise((resolve) => /** @type {any} */ (realtime.socket).addEventListener("close", resolve));
  const failed = new Promise((_, reject) => realtime.on("error", reject));
  const until = (/** @type {any} */ type) => Promise.race([failed, new Promise((resolve) => realtime.on(type, resolve))]);
  realtime.on("event", (event) => events.push(event));
  await until("session.created");
  realtime.send({ type: "input_audio_buffer.append", audio: large });
  await until("conversation.item.added");
  realtime.send({ type: "response.create" });
  await until("response.done");
  if (closes) {
    realtime.close({ code: 4000, reason: "再见" });
  } else {
    realtime.send({ type: "session.update", session: { type: "realtime" } });
  }
  const { code, reason } = /** @type {CloseEvent} */ (await closed);
  return { events, closed: { code, reason: String(reason) }, ended: await ended };
}

/**
 * @param {(client: OpenAI) => OpenAIRealtimeWS | OpenAIRealtimeWebSocket} start
 * @param {boolean} closes
 * @returns {import("./compare.js").Scenario<OpenAI>}
 */
function conversation(start, closes) {
  const end = closes ? { code: 4000, reason: "再见" } : { code: 4001, reason: "会话到期" };
  return {
    session,
    run: (client) => runSession(start(client), closes),
    check: ({ events, closed, ended }, [request]) => {
      const types = ["session.created", "conversation.item.added", "response.output_text.delta", "response.output_text.delta", "response.output_audio.delta", "response.done"];
      assert.deepEqual(events.map((/** @type {any} */ e) => e.type), types);
      assert.deepEqual([closed, ended, request.path], [end, end, "/v1/realtime?model=gpt-realtime"]);
    },
  };
}

const overWS = (/** @type {OpenAI} */ client) => new OpenAIRealtimeWS(options, client);
const overBrowserWebSocket = (/** @type {OpenAI} */ client) => new OpenAIRealtimeWebSocket(options, client);

compare({ id: "openai", host: "api.openai.com", auth: "authorization", first: true }, connect, {
  "realtime, closed by the client": conversation(overWS, true),
  "realtime, closed by the provider": conversation(overWS, false),
  "browser realtime, closed by the client": conversation(overBrowserWebSocket, true),
  "browser realtime, closed by the provider": conversation(overBrowserWebSocket, false),
  "realtime rejected": {
    run: (client) => new Promise((resolve) => new OpenAIRealtimeWS(options, client).on("error", resolve)),
    check: (error) => assert.match(error.message, /401/),
  },
  "responses over a WebSocket": {
    session: (socket) => socket.on("message", (message) => {
      const { type, input } = JSON.parse(message.toString());
      socket.send(JSON.stringify({ type: "response.output_text.delta", delta: `${type} ${input}` }));
      socket.send(JSON.stringify({ type: "response.completed", response: { id: "resp_1" } }));
    }),
    run: async (client) => {
      const socket = new ResponsesWS(client);
      const delta = once(/** @type {any} */ (socket), "response.output_text.delta");
      const end = once(/** @type {any} */ (socket), "response.completed");
      socket.send({ type: "response.create", model: "gpt-4o-mini", input: "你好" });
      const all = [await delta, await end];
      socket.close();
      return all;
    },
    check: (_, [request]) => assert.equal(request.path, "/v1/responses"),
  },
});

/** @type {import("./compare.js").Scenario<GoogleGenAI>} */
const live = {
  session: (socket) => socket.on("message", (message) => {
    const { setup } = JSON.parse(message.toString());
    const reply = setup ? { setupComplete: {} } : { serverContent: { modelTurn: { parts: [{ text: "你好" }] }, turnComplete: true } };
    socket.send(Buffer.from(JSON.stringify(reply)));
  }),
  run: (client) => new Promise((resolve, reject) => {
    /** @type {unknown[]} */
    const messages = [];
    /** @type {import("@google/genai").LiveCallbacks} */
    const callbacks = {
      onmessage: (message) => {
        messages.push(message);
        if (message.serverContent?.turnComplete) {
          connecting.then((live) => live.close());
        }
      },
      onerror: reject,
      onclose: ({ code }) => resolve([messages, code]),
    };
    const connecting = client.live.connect({ model: "gemini-live", callbacks });
    connecting.then((live) => live.sendClientContent({ turns: "你好" }), reject);
  }),
  check: ([messages]) => assert.equal(messages.at(-1).serverContent.modelTurn.parts[0].text, "你好"),
};

const gemini = { id: "gemini", host: "generativelanguage.googleapis.com", auth: "x-goog-api-key" };
const connectGoogle = (/** @type {Run} */ { tls, key }) => new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: tls } });

compare(gemini, connectGoogle, { live });
compare({ ...gemini, first: true }, connectGoogle, { live });
