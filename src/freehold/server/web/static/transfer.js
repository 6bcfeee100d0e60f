// Sends bytes to the hub, with progress, and in parts where the hub wants parts.

// Of an object, what is sent at once: so little is lost when a connection breaks.
const PART_SIZE = 32 * 1024 * 1024;
const LFS_TYPE = "application/vnd.git-lfs+json";
const PAUSES = [1000, 4000];

export class Stopped extends Error {}

// What the hub answered, in its own words; without a status, no answer came.
export class Refused extends Error {
  constructor(message, status = 400) {
    super(message);
    this.status = status;
  }

  // Whether it may go better in a moment.
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function headersFor(url, headers) {
  const isOurs = new URL(url, location.href).origin === location.origin;
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  return isOurs && token ? { ...headers, "X-CSRF-Token": token } : headers;
}

// One request; what is sent is read from the disk as it goes. `onProgress` is told how many bytes
// have gone.
function ask(method, url, body, { headers = {}, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    const stop = () => call.abort();
    call.open(method, url);
    for (const [name, value] of Object.entries(headersFor(url, headers))) call.setRequestHeader(name, value);
    if (onProgress) call.upload.addEventListener("progress", (event) => onProgress(event.loaded));
    call.addEventListener("load", () => {
      if (call.status >= 200 && call.status < 300) resolve(call);
      else reject(refusal(call));
    });
    call.addEventListener("error", () => reject(new Refused("The connection broke, or the file was changed meanwhile.", 0)));
    call.addEventListener("abort", () => reject(new Stopped()));
    call.addEventListener("loadend", () => signal.removeEventListener("abort", stop));
    signal.addEventListener("abort", stop);
    if (signal.aborted) reject(new Stopped());
    else call.send(body);
  });
}

function refusal(call) {
  if (call.status === 401) return new Refused("You are not signed in any more: sign in in another tab, and try again.");
  let message = "";
  try {
    message = JSON.parse(call.responseText).error;
  } catch {
    // What stands before a hub answers in pages.
  }
  return new Refused(message || `The hub answered ${call.status}.`, call.status);
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(new Stopped()); }, { once: true });
  });
}

// The same, again after a moment where that may help: all calls here may be made twice.
export async function request(method, url, body, options) {
  for (const milliseconds of PAUSES) {
    try {
      return await ask(method, url, body, options);
    } catch (error) {
      if (!error.isPassing) throw error;
      await pause(milliseconds, options.signal);
    }
  }
  return ask(method, url, body, options);
}

export async function requestJson(url, value, signal, type = "application/json") {
  const headers = { "Content-Type": type, Accept: type };
  const call = await request("POST", url, JSON.stringify(value), { headers, signal });
  return JSON.parse(call.responseText);
}

// The sha256 of a file, made in a thread of its own.
export function hashFile(script, file, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { type: "module" });
    const end = (finish, value) => {
      worker.terminate();
      signal.removeEventListener("abort", stop);
      finish(value);
    };
    const stop = () => end(reject, new Stopped());
    signal.addEventListener("abort", stop);
    worker.addEventListener("error", () => end(reject, new Refused("The file could not be hashed.")));
    worker.addEventListener("message", ({ data }) => {
      if (data.sha256) end(resolve, data.sha256);
      else if (data.error) end(reject, new Refused(`The file could not be read: ${data.error}`));
      else onProgress(data.done);
    });
    if (signal.aborted) stop();
    else worker.postMessage(file);
  });
}

export function readBase64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(new Refused(`The file could not be read: ${reader.error.message}`)));
    // An empty one has no comma in the URL of some browsers.
    if (blob.size === 0) resolve("");
    else reader.readAsDataURL(blob);
  });
}

// Sends a large file unless the hub has it. Parts that it holds already are not sent again.
export async function sendLarge(batchUrl, file, sha256, onProgress, signal) {
  const wanted = {
    operation: "upload",
    transfers: ["basic", "multipart"],
    objects: [{ oid: sha256, size: file.size }],
    hash_algo: "sha256",
    part_size: PART_SIZE,
  };
  const { objects: [object] } = await requestJson(batchUrl, wanted, signal, LFS_TYPE);
  if (object.error) throw new Refused(object.error.message);
  const actions = object.actions ?? {};
  if (actions.upload) await upload(actions.upload, file, sha256, onProgress, signal);
  if (actions.verify) {
    await requestJson(actions.verify.href, { oid: sha256, size: file.size }, signal, LFS_TYPE);
  }
}

async function upload(action, file, sha256, onProgress, signal) {
  const size = Number(action.header?.chunk_size);
  if (!size) {
    await request("PUT", action.href, file, { headers: action.header, onProgress, signal });
    return;
  }
  const parts = (action.held ?? []).map(({ partNumber, etag }) => ({ partNumber, etag }));
  const held = new Set(parts.map((part) => part.partNumber));
  for (let number = 1, start = 0; start < file.size; number += 1, start += size) {
    if (held.has(number)) continue;
    const options = { onProgress: (sent) => onProgress(start + sent), signal };
    const url = action.header[String(number).padStart(5, "0")];
    const call = await request("PUT", url, file.slice(start, start + size), options);
    parts.push({ partNumber: number, etag: call.getResponseHeader("ETag") });
  }
  parts.sort((one, other) => one.partNumber - other.partNumber);
  await requestJson(action.href, { oid: sha256, parts }, signal, LFS_TYPE);
}
