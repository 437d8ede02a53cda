// A webhook receiver with nothing but Node.js.
//
//     SUPPORTRAG_WEBHOOK_SECRET=whsec_… node receiver.mjs 8080
//
// Verifies the Standard Webhooks signature, answers before it works, and takes every event once.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const TOLERANCE_SECONDS = 300;
const MAX_BODY = 1024 * 1024;
const seen = new Set(); // in real life a table with a unique key

/** The key of a secret in either of its spellings. */
export function keyOf(secret) {
  return secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
}

function same(offered, expected) {
  const a = Buffer.from(offered), b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether the body (a Buffer of the raw bytes) is signed by this secret, within five minutes. */
export function isGenuine(secret, headers, body, nowSeconds) {
  const id = headers["webhook-id"] ?? "", stamp = headers["webhook-timestamp"] ?? "";
  if (!/^[0-9]+$/.test(stamp) || Math.abs(nowSeconds - Number(stamp)) > TOLERANCE_SECONDS) return false;
  const mac = createHmac("sha256", keyOf(secret)).update(`${id}.${stamp}.`).update(body).digest("base64");
  return (headers["webhook-signature"] ?? "").split(" ").some((offered) => same(offered, `v1,${mac}`));
}

function answer(response, status) {
  response.writeHead(status, { "Content-Length": 0 }).end();
}

async function receive(request, response) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    if ((size += chunk.length) > MAX_BODY) return answer(response, 413);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const genuine = isGenuine(process.env.SUPPORTRAG_WEBHOOK_SECRET, request.headers, body, Date.now() / 1000);
  answer(response, genuine ? 200 : 401);
  if (!genuine) return;
  const event = JSON.parse(body.toString());
  if (seen.has(event.event_id)) return; // every attempt has the same event_id
  seen.add(event.event_id);
  console.log(event.event_type, JSON.stringify(event.data));
}

if (!process.env.SUPPORTRAG_WEBHOOK_SECRET) {
  console.error("Set SUPPORTRAG_WEBHOOK_SECRET to the secret of your webhook.");
  process.exit(1);
}
const port = Number(process.argv[2] ?? 8080);
createServer((request, response) => receive(request, response).catch(() => answer(response, 400))).listen(port);
