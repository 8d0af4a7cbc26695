// @ts-check
// A resumable upload: Google returns a URL on its own host, of which the SDK keeps the path and replaces the host by that
// of its base URL.

import assert from "node:assert/strict";
import { GoogleGenAI } from "@google/genai";
import { json } from "./responders.js";
import { compare } from "./compare.js";

/** @param {import("./compare.js").Run} run */
const connect = ({ base, key }) => new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: base } });

const film = Buffer.alloc(9 << 20, "\x00film\xff");
const host = "generativelanguage.googleapis.com";
const file = { name: "files/1", displayName: "片", mimeType: "video/mp4", sizeBytes: String(film.length), uri: `https://${host}/v1beta/files/1`, state: "ACTIVE" };

/** @type {import("./compare.js").Scenario<GoogleGenAI>} */
const upload = {
  responders: [
    json({}, 200, { "x-goog-upload-url": `https://${host}/upload/v1beta/files?upload_id=1&upload_protocol=resumable`, "x-goog-upload-status": "active" }),
    json({}, 200, { "x-goog-upload-status": "active" }),
    json({ file }, 200, { "x-goog-upload-status": "final" }),
  ],
  run: (client) => client.files.upload({ file: new Blob([film]), config: { mimeType: "video/mp4", displayName: "片" } }),
  check: (got, requests) => {
    assert.equal(got.name, "files/1");
    assert.deepEqual(requests.map((r) => [r.headers["x-goog-upload-command"], r.headers["x-goog-upload-offset"]]),
      [["start", undefined], ["upload", "0"], ["upload, finalize", String(8 << 20)]]);
  },
};

const provider = { id: "gemini", host, auth: "x-goog-api-key" };

compare({ ...provider, first: true }, connect, { "file upload": upload });
compare(provider, connect, { "file upload": upload });
