// What is said to the server and how its answers and failures arrive. A failure is thrown as the problem in words.

const BASE = new URL("../", import.meta.url);
const UNREACHABLE = { title: "The server cannot be reached", detail: "Is it still running?" };
export const BROKEN_OFF = { title: "The answer broke off", detail: "The connection to the server was lost." };

let logins = 0;

// What was asked before a login may be refused after it: that asks for no key again.
export function loggedIn() {
  logins++;
}

export function address(path, params = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return url.href;
}

export async function call(method, path, { json, params, signal } = {}) {
  const before = logins;
  const response = await fetch(address(path, params), {
    method,
    headers: json === undefined ? {} : { "Content-Type": "application/json" },
    body: json === undefined ? undefined : JSON.stringify(json),
    signal,
  }).catch(() => Promise.reject(UNREACHABLE));
  if (!response.ok) throw await problemOf(response, before);
  return response;
}

export async function fetched(method, path, options) {
  const response = await call(method, path, options);
  return response.status === 204 ? null : response.json();
}

async function problemOf(response, before) {
  const told = await response.json().catch(() => ({}));
  return failure(response.status, told, response.headers.get("Retry-After"), before);
}

// Where a key is asked for, the form for it comes up, whatever was being done.
export function failure(status, told, retryAfter, before = logins) {
  const wait = Number(retryAfter) || undefined;
  const problem = { title: `The server answered ${status}`, retry_after: wait, ...told, status };
  if (status === 401 && before === logins) document.dispatchEvent(new CustomEvent("unauthorized"));
  return problem;
}

export async function* serverSentEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read().catch(() => Promise.reject(BROKEN_OFF));
    if (done) return;
    buffer += value;
    const blocks = buffer.split("\n\n");
    buffer = blocks.pop();
    for (const block of blocks) {
      const { event, data } = fieldsOf(block);
      if (event) yield [event, JSON.parse(data)]; // without one it is a comment that keeps the connection open
    }
  }
}

function fieldsOf(block) {
  return Object.fromEntries(block.split("\n").map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
  }));
}
