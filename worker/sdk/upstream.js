// @ts-check
// The stand-in for every provider. It listens on the socket that the Go test
// opened, so that workerd knows its address before this process runs. What came
// through the relay is told from what came straight by the request line, which
// workerd writes in absolute form.

import { EventEmitter, on } from "node:events";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { WebSocketServer } from "ws";

/**
 * @typedef {{ host: string, method: string, path: string, headers: [string, string][], body: Buffer }} Seen
 * @typedef {{
 *   req: import("node:http").IncomingMessage,
 *   res: import("node:http").ServerResponse,
 *   seen: Seen,
 *   acknowledged: () => Promise<unknown>,
 * }} Exchange
 * @typedef {(exchange: Exchange) => void} Answer to one request
 * @typedef {(socket: import("ws").WebSocket) => void} Session over one WebSocket
 * @typedef {{ answers: Answer[], session?: Session, requests: Seen[], events: EventEmitter,
 *   acks: AsyncIterator<unknown>, arrived: AsyncIterator<unknown>, gone: AsyncIterator<unknown>, open: Set<import("node:http").ServerResponse> }} Scene
 */

/** @type {{ now?: Scene }} */
const stage = {};

const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "realtime" });

const server = createServer(take).on("upgrade", (req, socket, head) => {
  record(req, "");
  const { session } = now();
  if (session === undefined) {
    socket.end("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\nx-request-id: req_refused\r\n\r\n");
    return;
  }
  sockets.handleUpgrade(req, socket, head, session);
});

// A host that no configuration names, where answers may point.
const other = createServer((req, res) => take(req, res, "elsewhere"));

/**
 * @param {Answer[]} answers in the order of the requests
 * @param {Session} [session]
 * @returns {Scene}
 */
export function scene(answers, session) {
  stage.now?.open.forEach((res) => res.destroy());
  const events = new EventEmitter();
  const [acks, arrived, gone] = ["ack", "arrived", "gone"].map((event) => on(events, event));
  stage.now = { answers, session, requests: [], events, acks, arrived, gone, open: new Set() };
  return stage.now;
}

/** @returns {Scene} */
function now() {
  return stage.now ?? scene([]);
}

/** @returns {Promise<{ elsewhere: string }>} the origin of the host that is not allowed */
export async function open() {
  server.keepAliveTimeout = 0;
  await new Promise((listening) => server.listen({ fd: 3 }, () => listening(undefined)));
  await new Promise((listening) => other.listen(0, "127.0.0.1", () => listening(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (other.address());
  return { elsewhere: `http://127.0.0.1:${port}` };
}

export function close() {
  for (const s of [server, other]) {
    s.close();
    s.closeAllConnections();
  }
  for (const client of sockets.clients) {
    client.terminate();
  }
}

/**
 * @param {import("node:http").IncomingMessage} req
 * @param {import("node:http").ServerResponse} res
 * @param {string} [host]
 */
async function take(req, res, host = "") {
  const { requests, answers, acks, events, open } = now();
  const seen = record(req, host);
  const answer = answers[requests.length - 1] ?? unexpected;
  open.add(res);
  res.on("close", () => open.delete(res) && events.emit("gone"));
  seen.body = await buffer(req);
  events.emit("arrived");
  await answer({ req, res, seen, acknowledged: () => acks.next() });
}

/**
 * @param {import("node:http").IncomingMessage} req
 * @param {string} host
 * @returns {Seen}
 */
function record(req, host) {
  const target = req.url ?? "";
  const url = new URL(target.startsWith("/") ? `http://direct${target}` : target);
  const named = url.host === "direct" ? host : url.host;
  const headers = /** @type {[string, string][]} */ (Object.entries(req.headersDistinct).map(([n, v]) => [n, (v ?? []).join(" | ")]));
  const seen = { host: named, method: req.method ?? "", path: url.pathname + url.search, headers: headers.sort(), body: Buffer.alloc(0) };
  now().requests.push(seen);
  return seen;
}

/** @type {Answer} */
function unexpected({ res }) {
  res.writeHead(400, { "content-type": "application/json" }).end('{"error":{"message":"nobody expected this request"}}');
}
