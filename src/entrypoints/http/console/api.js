/**
 * Talks to the service. A path is a template as the OpenAPI document writes it, given literally at the call, so that
 * a test can hold every one of them against the document.
 */
import { lines } from "./lines.js";
import { apiKey, refused } from "./session.js";

export class ApiError extends Error {
  /** `problems`: {code, message, field, docs}, at least one; `retryAfter` in seconds or null. */
  constructor(status, problems, traceId = "", retryAfter = null) {
    super(problems[0].message);
    Object.assign(this, { status, problems, traceId, retryAfter });
  }
}

export const get = (path, options) => answer("GET", path, options);
export const post = (path, options) => answer("POST", path, options);
export const put = (path, options) => answer("PUT", path, options);
export const patch = (path, options) => answer("PATCH", path, options);
export const remove = (path, options) => answer("DELETE", path, options);

/** The pieces of a streamed answer as they come: {token, final_data?, error?, trace_id}. */
export async function* stream(path, options) {
  const response = await send("POST", path, options);
  for await (const line of lines(response.body)) {
    if (!line.startsWith("data: ")) continue;
    const piece = JSON.parse(line.slice(6));
    if (piece.token === "[DONE]") return;
    yield piece;
  }
}

/** Fetches a file with the key and hands it to the browser to keep. */
export async function download(path, options) {
  const response = await send("GET", path, options);
  const url = URL.createObjectURL(await response.blob());
  const link = Object.assign(document.createElement("a"), { href: url, download: fileName(response) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

let served = new Set();

/** Learns which routes the server has; raises what the server says of the key. */
export async function discover() {
  const { data } = await get("/api/v1");
  served = new Set(data.groups.flatMap((group) => Object.values(group.links)));
}

/** Has this server a route by this template? */
export const serves = (path) => served.has(path);

async function answer(method, path, options = {}) {
  const response = await send(method, path, options);
  return response.json();
}

async function send(method, path, { path: values = {}, query = {}, body, form, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (apiKey()) headers.Authorization = `Bearer ${apiKey()}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const sent = body === undefined ? form : JSON.stringify(body);
  const response = await reach(address(path, values, query), { method, headers, body: sent, signal });
  if (!response.ok) throw await refusal(response);
  return response;
}

async function reach(url, request) {
  try {
    return await fetch(url, { ...request, cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, [{ code: "UNREACHABLE", message: "The server cannot be reached.", field: null }]);
  }
}

/** Empty, null and undefined query values are left out; lists are repeated. */
export function address(path, values, query) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[name]));
  const pairs = Object.entries(query)
    .flatMap(([name, value]) => [value].flat().map((each) => [name, each]))
    .filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return pairs.length ? `${filled}?${new URLSearchParams(pairs)}` : filled;
}

async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  const plain = { code: String(response.status), message: response.statusText || "The server refused.", field: null };
  const problems = body.errors?.length ? body.errors : [plain];
  const error = new ApiError(response.status, problems, body.meta?.trace_id, response.headers.get("Retry-After"));
  if (response.status === 401) refused(error);
  return error;
}

function fileName(response) {
  const named = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "");
  return named ? named[1] : "download";
}
