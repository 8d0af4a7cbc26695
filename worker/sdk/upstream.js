// @ts-check
// The stand-in for every provider. It listens on the socket that the Go test opened, because workerd needs its address
// before this process runs. workerd writes request lines in absolute form, which distinguishes relayed requests from
// direct ones.

import { EventEmitter, on } from "node:events";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { WebSocketServer } from "ws";

/**
 * @typedef {{ host: string, method: string, path: string, headers: [string, string][], body: Buffer }} ReceivedRequest
 * @typedef {{
 *   req: import("node:http").IncomingMessage,
 *   res: import("node:http").ServerResponse,
 *   received: ReceivedRequest,
 *   acknowledged: () => Promise<unknown>,
 * }} Exchange
 * @typedef {(exchange: Exchange) => void} Responder responds to one request
 * @typedef {(socket: import("ws").WebSocket) => void} Session serves one WebSocket
 * @typedef {{ responders: Responder[], session?: Session, requests: ReceivedRequest[], events: EventEmitter,
 *   acks: AsyncIterator<unknown>, arrived: AsyncIterator<unknown>, disconnected: AsyncIterator<unknown>, open: Set<import("node:http").ServerResponse> }} ScenarioState
 */

/** @type {{ now?: ScenarioState }} */
const current = {};

const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "realtime" });

const server = createServer(handle).on("upgrade", (req, socket, head) => {
  record(req, "");
  const { session } = currentState();
  if (session === undefined) {
    socket.end("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\nx-request-id: req_refused\r\n\r\n");
    return;
  }
  sockets.handleUpgrade(req, socket, head, session);
});

// A host outside the configuration, which responses may point to.
const other = createServer((req, res) => handle(req, res, "elsewhere"));

/**
 * @param {Responder[]} responders in the order of the requests
 * @param {Session} [session]
 * @returns {ScenarioState}
 */
export function startScenario(responders, session) {
  current.now?.open.forEach((res) => res.destroy());
  const events = new EventEmitter();
  const [acks, arrived, disconnected] = ["ack", "arrived", "disconnected"].map((event) => on(events, event));
  current.now = { responders, session, requests: [], events, acks, arrived, disconnected, open: new Set() };
  return current.now;
}

/** @returns {ScenarioState} */
function currentState() {
  return current.now ?? startScenario([]);
}

/** @returns {Promise<{ otherOrigin: string }>} the origin of the host outside the configuration */
export async function open() {
  server.keepAliveTimeout = 0;
  await new Promise((listening) => server.listen({ fd: 3 }, () => listening(undefined)));
  await new Promise((listening) => other.listen(0, "127.0.0.1", () => listening(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (other.address());
  return { otherOrigin: `http://127.0.0.1:${port}` };
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
async function handle(req, res, host = "") {
  const { requests, responders, acks, events, open } = currentState();
  const received = record(req, host);
  const respond = responders[requests.length - 1] ?? unexpected;
  open.add(res);
  res.on("close", () => open.delete(res) && events.emit("disconnected"));
  received.body = await buffer(req);
  events.emit("arrived");
  await respond({ req, res, received, acknowledged: () => acks.next() });
}

/**
 * @param {import("node:http").IncomingMessage} req
 * @param {string} host
 * @returns {ReceivedRequest}
 */
function record(req, host) {
  const target = req.url ?? "";
  const url = new URL(target.startsWith("/") ? `http://direct${target}` : target);
  const requestHost = url.host === "direct" ? host : url.host;
  const headers = /** @type {[string, string][]} */ (Object.entries(req.headersDistinct).map(([n, v]) => [n, (v ?? []).join(" | ")]));
  const received = { host: requestHost, method: req.method ?? "", path: url.pathname + url.search, headers: headers.sort(), body: Buffer.alloc(0) };
  currentState().requests.push(received);
  return received;
}

/** @type {Responder} */
function unexpected({ res }) {
  res.writeHead(400, { "content-type": "application/json" }).end('{"error":{"message":"unexpected request"}}');
}
