// The page that uploads files, by the calls that every client of the hub makes: how to send each
// file (preupload), the large ones to where the hub wants them, then one commit.

import { hashFile, readBase64, Refused, request, requestJson, sendLarge, Stopped } from "./transfer.js";

const MAX_FILES = 2000;
// Of the bytes that tell text from binary, and of files that are asked about at once.
const SAMPLE = 512;
const ASKED_AT_ONCE = 250;
const AT_ONCE = 2;
// Of what a large file takes, how much its hashing counts.
const HASHING = 0.3;

const form = document.querySelector("[data-upload]");
const find = (name) => form.querySelector(`[data-${name}]`);
const [list, box, errorBox, status, all] = ["list", "box", "error", "status", "all"].map(find);
const [sendButton, cancelButton, numbers] = ["send", "cancel", "numbers"].map(find);

// By its path below the chosen folder, each file with its row.
const items = new Map();
let running = null;
// What the fields said when sending began.
let chosen = null;
let frame = 0;
let lastKey = { of: "", key: "" };

// The list

function add(found) {
  const left = [];
  for (const { path, file } of found) {
    if (path.split("/").includes(".git")) left.push("what is in .git");
    else if (!items.has(path) && items.size >= MAX_FILES) left.push(`all but ${MAX_FILES} files: the command line takes more`);
    else put(path, file);
  }
  show();
  tell(left.length ? `Left out: ${[...new Set(left)].join("; ")}.` : "");
}

function put(path, file) {
  items.get(path)?.row.remove();
  const item = { path, file, sha256: "", mode: "", part: 0 };
  item.row = document.createElement("li");
  const name = make("span", "upload-name mono", path);
  const size = make("span", "upload-size soft", formatBytes(file.size));
  item.state = make("span", "upload-state soft", "");
  item.progress = make("progress", "", "");
  item.progress.max = 1;
  item.progress.value = 0;
  item.progress.hidden = true;
  item.progress.setAttribute("aria-label", path);
  item.remove = make("button", "small", "Remove");
  item.remove.type = "button";
  item.remove.setAttribute("aria-label", `Remove ${path}`);
  item.remove.addEventListener("click", () => { items.delete(path); item.row.remove(); show(); });
  item.row.append(name, size, item.state, item.progress, item.remove);
  list.append(item.row);
  items.set(path, item);
}

function make(tag, classes, text) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.textContent = text;
  return element;
}

function formatBytes(size) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let scaled = size;
  let unit = 0;
  for (; scaled >= 999.5 && unit < units.length - 1; unit += 1) scaled /= 1000;
  return `${unit && scaled < 99.95 ? Number(scaled.toPrecision(3)) : Math.round(scaled)} ${units[unit]}`;
}

function totalSize() {
  let total = 0;
  for (const item of items.values()) total += item.file.size;
  return total;
}

function show() {
  const count = items.size;
  box.hidden = count === 0;
  find("count").textContent = `${count} ${count === 1 ? "file" : "files"}, ${formatBytes(totalSize())}`;
  sendButton.disabled = count === 0 || running !== null;
}

function tell(message) {
  errorBox.textContent = message;
  errorBox.hidden = !message;
}

// Choosing

for (const input of form.querySelectorAll("[data-files]")) {
  input.addEventListener("change", () => {
    add([...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
    input.value = "";
  });
}

const drop = find("drop");
for (const name of ["dragenter", "dragover"]) {
  form.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
for (const name of ["dragleave", "drop"]) {
  form.addEventListener(name, (event) => { event.preventDefault(); drop.classList.remove("over"); });
}
form.addEventListener("drop", async (event) => {
  if (running) return;
  // The list of what was dropped is only there until the first pause.
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry() ?? item.getAsFile()).filter(Boolean);
  const found = [];
  try {
    for (const entry of entries) await collect(entry, found);
  } catch {
    tell("A folder could not be read.");
    return;
  }
  add(found);
});

async function collect(entry, found) {
  if (found.length > MAX_FILES) return;
  if (entry instanceof File) {
    found.push({ path: entry.name, file: entry });
    return;
  }
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ path: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = entry.createReader();
  // A reader gives some hundred at a time, and none at the end.
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const inner of some) await collect(inner, found);
  }
}

find("clear").addEventListener("click", () => {
  items.clear();
  list.replaceChildren();
  show();
  tell("");
});

// Sending

function setPart(item, part, state) {
  item.part = part;
  item.progress.hidden = false;
  item.progress.value = part;
  item.state.textContent = state;
  // Once a frame, however many files have moved.
  frame ||= requestAnimationFrame(showOverall);
}

function showOverall() {
  frame = 0;
  let done = 0;
  for (const item of items.values()) done += item.part * item.file.size;
  const total = totalSize();
  all.value = total ? done / total : 1;
  numbers.textContent = `${formatBytes(done)} of ${formatBytes(total)}`;
}

function repoPath(item) {
  return chosen.folder ? `${chosen.folder}/${item.path}` : item.path;
}

function readFields() {
  const fields = new FormData(form);
  return {
    folder: find("folder").value.trim().replace(/^\/+|\/+$/g, ""),
    summary: fields.get("title").trim(),
    description: fields.get("description").trim(),
    isProposal: fields.get("target") === "pull_request",
  };
}

const withTarget = (url) => (chosen.isProposal ? `${url}?create_pr=1` : url);

async function askModes(signal) {
  const asked = [...items.values()];
  for (let start = 0; start < asked.length; start += ASKED_AT_ONCE) {
    const some = asked.slice(start, start + ASKED_AT_ONCE);
    const files = [];
    for (const item of some) {
      const sample = await readBase64(item.file.slice(0, SAMPLE));
      files.push({ path: repoPath(item), size: item.file.size, sample });
    }
    const answer = await requestJson(withTarget(form.dataset.preupload), { files }, signal);
    const byPath = new Map(answer.files.map((file) => [file.path, file]));
    for (const item of some) {
      const told = byPath.get(repoPath(item));
      item.mode = told.shouldIgnore ? "ignored" : told.uploadMode;
      if (item.mode === "ignored") setPart(item, 1, "left out by .gitignore");
    }
  }
}

async function sendFile(item, signal) {
  const { file } = item;
  if (!item.sha256) {
    const onHash = (done) => setPart(item, (HASHING * done) / file.size, "hashing");
    item.sha256 = await hashFile(form.dataset.hasher, file, onHash, signal);
  }
  setPart(item, HASHING, "sending");
  const onSent = (sent) => setPart(item, HASHING + ((1 - HASHING) * Math.min(sent, file.size)) / file.size, "sending");
  await sendLarge(form.dataset.batch, file, item.sha256, onSent, signal);
  setPart(item, 1, "sent");
}

// Sends all of them, a few at once; one that fails does not hold up the others.
async function sendAll(waiting, signal) {
  let failed = 0;
  const work = async () => {
    for (let item = waiting.shift(); item; item = waiting.shift()) {
      try {
        await sendFile(item, signal);
      } catch (error) {
        if (error instanceof Stopped) throw error;
        failed += 1;
        // What was hashed may not be what is there now.
        if (error.status === 422) item.sha256 = "";
        item.row.classList.add("failed");
        setPart(item, 0, error.message);
        item.progress.hidden = true;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const [who, them] = failed === 1 ? ["One file", "it"] : [`${failed} files`, "them"];
  if (failed) throw new Refused(`${who} could not be sent. Nothing was committed: remove ${them}, or try again.`);
}

async function makeBody(summary, description) {
  const lines = [toLine("header", { summary, description })];
  for (const item of items.values()) {
    const path = repoPath(item);
    if (item.mode === "lfs") {
      lines.push(toLine("lfsFile", { path, algo: "sha256", oid: item.sha256, size: item.file.size }));
    } else if (item.mode === "regular") {
      // A blob each, because a browser may keep these elsewhere than in memory.
      lines.push(toLine("file", { path, content: await readBase64(item.file), encoding: "base64" }));
    }
  }
  if (lines.length === 1) throw new Refused("The .gitignore of the repository leaves out all of these files.");
  return new Blob(lines);
}

const toLine = (key, value) => new Blob([`${JSON.stringify({ key, value })}\n`]);

// A commit that is sent again because no answer came is not made twice.
function commitKey(summary) {
  const files = [...items.values()].map((item) => [repoPath(item), item.file.size, item.file.lastModified, item.sha256]);
  const of = JSON.stringify([summary, chosen, files]);
  if (lastKey.of !== of) {
    const key = Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16)).join("-");
    lastKey = { of, key };
  }
  return lastKey.key;
}

async function commit(signal) {
  const count = items.size;
  const fallback = count === 1 ? `Upload ${repoPath([...items.values()][0])}` : `Upload ${count} files`;
  const summary = chosen.summary || fallback;
  const body = await makeBody(summary, chosen.description);
  const small = [...items.values()].filter((item) => item.mode === "regular");
  const onProgress = (sent) => {
    small.forEach((item) => setPart(item, Math.min(1, sent / body.size), "sending"));
    // From now on the hub may have made it.
    cancelButton.disabled = sent >= body.size;
  };
  const headers = { "Content-Type": "application/x-ndjson", "Idempotency-Key": commitKey(summary) };
  const call = await request("POST", withTarget(form.dataset.commit), body, { headers, onProgress, signal });
  const made = JSON.parse(call.responseText);
  return made.pullRequestUrl ?? made.commitUrl;
}

function setBusy(isBusy) {
  for (const field of form.querySelectorAll("input, textarea, [data-clear], li button")) field.disabled = isBusy;
  cancelButton.hidden = !isBusy;
  cancelButton.disabled = false;
  find("overall").hidden = !isBusy;
  show();
}

async function run(signal) {
  status.textContent = "Asking the hub how to send each file…";
  await askModes(signal);
  status.textContent = "Sending large files…";
  await sendAll([...items.values()].filter((item) => item.mode === "lfs"), signal);
  status.textContent = "Making the commit…";
  return commit(signal);
}

function explain(error) {
  if (error instanceof Stopped) return "Cancelled: nothing was committed.";
  return error instanceof Refused ? error.message : `Something went wrong: ${error.message}`;
}

function warn(event) {
  event.preventDefault();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (running || !items.size) return;
  chosen = readFields();
  running = new AbortController();
  tell("");
  for (const item of items.values()) item.row.classList.remove("failed");
  setBusy(true);
  cancelButton.focus();
  addEventListener("beforeunload", warn);
  try {
    const page = await run(running.signal);
    removeEventListener("beforeunload", warn);
    // Only its path: the hub may call itself otherwise than the address that was typed.
    location.assign(new URL(page, location.href).pathname);
  } catch (error) {
    running.abort();
    running = null;
    removeEventListener("beforeunload", warn);
    setBusy(false);
    tell(explain(error));
    sendButton.textContent = "Try again";
    sendButton.focus();
  }
});
cancelButton.addEventListener("click", () => running?.abort());
// Who comes back to it after the commit begins anew.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

form.hidden = false;
show();
