// The documents: the list with its search, opening one, asking only some, and taking an uploaded one away.

import { button, byId, confirmed, count, element, inWords, say } from "./dom.js";
import { isOnly, notThese, onlyThese } from "./filters.js";
import { call, fetched } from "./server.js";
import { session } from "./session.js";
import { openSource } from "./viewer.js";

const PAGE = 50;
const list = byId("documents");
const search = byId("document-search");
let shown = [];
let next = null;
let total = 0;
let asked = 0;
let timer;

export async function listDocuments(after = null) {
  const mine = ++asked;
  try {
    const found = await fetched("GET", "v1/documents", { params: { q: search.value.trim(), limit: PAGE, after } });
    if (mine !== asked) return;
    shown = after ? [...shown, ...found.documents] : found.documents;
    [next, total] = [found.next, found.total];
    byId("documents-part").hidden = false;
    draw();
  } catch (problem) {
    if (problem.status === 404) byId("documents-part").hidden = true; // a server that shows none
    else if (problem.status !== 401) byId("documents-told").textContent = inWords(problem) || problem.title;
  }
}

function draw() {
  list.replaceChildren(...shown.map(entryOf));
  if (next) list.append(element("li", "", button("Show more", () => listDocuments(next), { className: "quiet" })));
  byId("documents-told").textContent = told();
}

function told() {
  if (!total) return search.value.trim() ? "No document has this in its name." : "There are no documents yet.";
  return count(total, "document");
}

function entryOf(found) {
  const opens = element("button", "entry", element("span", "name", found.path.split("/").at(-1)));
  opens.type = "button";
  opens.title = found.path;
  const folder = found.path.split("/").slice(0, -1).join("/");
  if (folder) opens.append(element("span", "soft", folder));
  opens.addEventListener("click", () => openSource({ document: found.id, path: found.path }, [], opens));
  const entry = element("li", "", opens, element("div", "entry-tools", only(found.path)));
  if (found.uploaded && session.may_write) entry.lastChild.append(remover(found));
  return entry;
}

function only(path) {
  const toggle = () => (isOnly(path) ? notThese(path) : onlyThese(path));
  const node = button(`Ask only ${path}`, toggle, { className: "only", iconName: "filter", bare: true });
  node.dataset.path = path;
  node.setAttribute("aria-pressed", String(isOnly(path)));
  return node;
}

function remover(found) {
  const ask = () => confirmed(node, "Delete it?", "Delete", () => remove(found));
  const node = button(`Delete ${found.path}`, ask, { iconName: "remove", bare: true });
  return node;
}

async function remove(found) {
  try {
    await call("DELETE", `v1/documents/${encodeURIComponent(found.id)}`);
    shown = shown.filter((one) => one !== found);
    total--;
    draw();
    say(`${found.path} is deleted.`);
    search.focus();
  } catch (problem) {
    draw();
    say(`${found.path} could not be deleted. ${inWords(problem)}`);
  }
}

search.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => listDocuments(), 200);
});
document.addEventListener("filtered", () => {
  for (const node of list.querySelectorAll(".only")) node.setAttribute("aria-pressed", String(isOnly(node.dataset.path)));
});
