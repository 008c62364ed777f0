// Which documents are asked: chips beside the question, and the form that makes them.

import { button, byId, element, icon, say } from "./dom.js";

const NAMES = { paths: "Only", media_types: "Type", labels: "Label", since: "Since", until: "Until" };
const form = byId("filters");
const opener = byId("filter");
const chosen = { paths: [], media_types: [], labels: [], since: null, until: null };

export function filtersNow() {
  const entries = Object.entries(chosen).filter(([, value]) => (Array.isArray(value) ? value.length : value));
  return entries.length ? { filters: Object.fromEntries(entries) } : {};
}

export function onlyThese(path) {
  add("paths", path);
  say(`The next questions are asked of ${chosen.paths.join(", ")} only.`);
}

export const isOnly = (path) => chosen.paths.includes(path);

export function notThese(path) {
  remove("paths", path);
}

function add(name, value) {
  if (!value) return;
  if (!Array.isArray(chosen[name])) chosen[name] = value;
  else if (!chosen[name].includes(value)) chosen[name].push(value);
  draw();
}

function remove(name, value) {
  chosen[name] = Array.isArray(chosen[name]) ? chosen[name].filter((one) => one !== value) : null;
  draw();
}

function draw() {
  const chips = Object.entries(chosen).flatMap(([name, value]) => [value ?? []].flat().map((one) => chip(name, one)));
  byId("chips").replaceChildren(...chips);
  byId("chips").hidden = !chips.length;
  document.dispatchEvent(new CustomEvent("filtered"));
}

function chip(name, value) {
  const node = element("button", "chip", element("span", "soft", `${NAMES[name]}: `), value, icon("close"));
  node.type = "button";
  node.setAttribute("aria-label", `Remove the filter ${NAMES[name]} ${value}`);
  node.addEventListener("click", () => { remove(name, value); opener.focus(); });
  return element("li", "", node);
}

function toggle(open = form.hidden) {
  form.hidden = !open;
  opener.setAttribute("aria-expanded", String(open));
  (open ? form.querySelector("select") : opener).focus();
}

opener.addEventListener("click", () => toggle());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  for (const [name, value] of new FormData(form)) add(name, value.trim());
  form.reset();
  toggle(false);
});
form.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  toggle(false);
});
byId("filters-row").append(button("Cancel", () => toggle(false)));
