// Loaded before wrangler: a connection to anything but this machine ends it with a status of its own.
"use strict";

const net = require("node:net");

const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...args) {
  // The caller's arguments, or the one list that net makes of them.
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  const host = typeof first === "object" ? first.host : second;
  if (typeof host === "string" && !["127.0.0.1", "localhost", "::1"].includes(host)) {
    process.stderr.write(`NOT LOOPBACK: ${host}\n`);
    process.exit(86);
  }
  return connect.apply(this, args);
};
