// Loaded before wrangler. It exits with status 86 when wrangler connects to another host than this machine.
"use strict";

const net = require("node:net");

const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...args) {
  // net passes the arguments on as one array.
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  const host = typeof first === "object" ? first.host : second;
  if (typeof host === "string" && !["127.0.0.1", "localhost", "::1"].includes(host)) {
    process.stderr.write(`NOT LOOPBACK: ${host}\n`);
    process.exit(86);
  }
  return connect.apply(this, args);
};
