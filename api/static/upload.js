// Adding documents: by the button or by dropping files on the page; how far the upload is, and the index after it.

import { button, byId, element, inWords } from "./dom.js";
import { listDocuments } from "./documents.js";
import { address, call, failure, serverSentEvents } from "./server.js";
import { session } from "./session.js";

const jobs = byId("jobs");
const picker = byId("picker");
const STAGES = { waiting: "waiting for the index", indexing: "being read", publishing: "nearly there" };
let following = false;
let waiting = []; // the jobs that the index has yet to take in

const mayUpload = () => session.features.documents && session.may_write;

export function offerUploads() {
  byId("upload").hidden = !mayUpload();
}

async function add(files) {
  for (const file of files) await one(file); // one after the other: each has a bar that moves
}

async function one(file) {
  const job = jobFor(file.name);
  try {
    const { path } = await sent(file, (share) => job.progress(share));
    job.indexing(path);
    waiting.push(job);
    follow();
  } catch (problem) {
    job.failed(inWords(problem) || problem.title);
  }
}

// fetch() tells nothing of how far an upload is
function sent(file, onProgress) {
  return new Promise((resolve, reject) => {
    const body = new FormData();
    body.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", address("v1/documents"));
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(loaded / total));
    request.addEventListener("load", () => (
      request.status < 300
        ? resolve(request.response ?? {})
        : reject(failure(request.status, request.response ?? {}, request.getResponseHeader("Retry-After")))
    ));
    request.addEventListener("error", () => reject({ title: "The upload broke off", detail: "The upload broke off: the connection to the server was lost." }));
    request.send(body);
  });
}

function jobFor(name) {
  const bar = element("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Uploading ${name}`);
  const told = element("span", "soft", "Uploading…");
  const away = button("Dismiss", () => node.remove(), { iconName: "close", bare: true });
  away.hidden = true;
  const node = element("li", "job", element("span", "name", name), away, bar, told);
  jobs.append(node);
  const over = (words, className) => {
    node.classList.add(className);
    told.textContent = words;
    bar.remove();
    away.hidden = false;
  };
  return {
    path: null,
    progress: (share) => { bar.value = share; },
    indexing(path) {
      this.path = path;
      bar.removeAttribute("value");
      told.textContent = "Uploaded; being read…";
    },
    step({ stage, done, total }) {
      if (total) Object.assign(bar, { max: total, value: done });
      told.textContent = `Uploaded; ${STAGES[stage] ?? stage}${total ? `, ${done} of ${total}` : "…"}`;
    },
    done: () => over("Ready to be asked.", "done"),
    failed: (why) => over(`Failed: ${why}`, "failed"),
  };
}

// ---- the index

async function follow() {
  if (following) return;
  following = true;
  while (waiting.length) {
    const jobs = waiting; // what comes in meanwhile may be in a later run: it has a round of its own
    waiting = [];
    await toTheEnd(new Set(jobs));
    listDocuments();
  }
  following = false;
}

// Until the server has no run left that goes on or waits.
async function toTheEnd(jobs) {
  try {
    const response = await call("GET", "v1/index/events");
    for await (const [event, data] of serverSentEvents(response.body)) ON_EVENT[event]?.(jobs, data);
    for (const job of jobs) job.done();
  } catch (problem) {
    for (const job of jobs) job.failed(inWords(problem) || problem.title);
  }
}

const ON_EVENT = {
  progress(jobs, step) {
    for (const job of jobs) job.step(step);
  },
  finished(jobs, { failed }) {
    const reasons = new Map(failed.map(({ path, reason }) => [path, reason]));
    for (const job of jobs) {
      if (!reasons.has(job.path)) continue;
      job.failed(reasons.get(job.path));
      jobs.delete(job);
    }
  },
  error(jobs, problem) {
    throw problem;
  },
};

byId("upload").addEventListener("click", () => picker.click());
picker.addEventListener("change", () => {
  add([...picker.files]);
  picker.value = "";
});

const carriesFiles = (event) => mayUpload() && event.dataTransfer?.types.includes("Files");
document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  byId("drop").hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) byId("drop").hidden = true;
});
document.addEventListener("drop", (event) => {
  byId("drop").hidden = true;
  if (!carriesFiles(event)) return;
  event.preventDefault();
  document.dispatchEvent(new CustomEvent("side", { detail: true }));
  add([...event.dataTransfer.files]);
});
