// The source beside the answer: its text or the picture of its page, the quote marked and in view.

import { button, byId, copied, element, inWords, link } from "./dom.js";
import { address, call, fetched } from "./server.js";
import { cutAt } from "./spans.js";

const viewer = byId("viewer");
const sheet = matchMedia("(max-width: 63.99rem)"); // it covers the page where there is no room beside it
const ZOOMS = [50, 75, 100, 150, 200, 300];
const PICTURE_WIDTH = 1000; // pixels, at 100 %
const BEFORE = 20000; // characters that are fetched before a quote that stands far in

let shown = null; // { source, citations, document, mode, page, zoom }
let opener = null;
let asked = 0;

// `source` names a document and a place in it; the other citations of the same document are marked as well.
export async function openSource(source, citations = [], from = null) {
  opener = from ?? document.activeElement;
  if (viewer.hidden && !document.body.classList.contains("viewing")) history.pushState({ viewer: true }, "");
  reveal();
  const mine = ++asked;
  const others = citations.filter((one) => one.document === source.document && one !== source);
  setHead(source.path ?? "Source", source.place ?? "");
  byId("viewer-tools").replaceChildren();
  byId("viewer-body").replaceChildren(element("p", "soft", "Opening…"));
  try {
    const found = await excerpt(source.document, Math.max(0, (source.locator?.char_start ?? 0) - BEFORE));
    if (mine !== asked) return;
    const page = source.locator?.page ?? null;
    shown = { source, others, document: found, mode: found.has_pages && page ? "page" : "text", page: page ?? 1, zoom: 100 };
    setHead(found.path, source.place ?? "", found.title);
    draw();
  } catch (problem) {
    if (mine === asked) showProblem(problem, source);
  }
}

// A long document comes in parts.
function excerpt(id, from, to = null) {
  return fetched("GET", `v1/documents/${encodeURIComponent(id)}`, { params: { from: from || null, to } });
}

export function closeViewer() {
  if (viewer.hidden || document.body.classList.contains("viewing")) return false;
  if (history.state?.viewer) history.back(); // which hides it
  else hide();
  return true;
}

// What a link to the viewer opens: /view/{document}?start=&end=&page=
export function openAddressed() {
  const found = location.pathname.match(/\/view\/([^/]+)$/);
  if (!found) return false;
  const asked = new URLSearchParams(location.search);
  const number = (name) => (/^\d{1,9}$/.test(asked.get(name) ?? "") ? Number(asked.get(name)) : null);
  const [start, end, page] = ["start", "end", "page"].map(number);
  document.body.classList.add("viewing");
  openSource({ document: decoded(found[1]), locator: { char_start: start, char_end: end, page } }, [], byId("question"));
  return true;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // half a character: there is no such document
  }
}

function reveal() {
  viewer.hidden = false;
  document.body.classList.add("beside");
  behind(sheet.matches);
  byId("viewer-title").focus({ preventScroll: true });
}

// What lies under a source that covers the page is out of reach.
function behind(covered) {
  for (const id of ["top", "side", "chat"]) byId(id).inert = covered;
}

function hide() {
  if (viewer.hidden) return;
  asked++;
  viewer.hidden = true;
  shown = null;
  document.body.classList.remove("beside");
  behind(false);
  if (opener?.isConnected) opener.focus();
}

function setHead(path, place, title = "") {
  byId("viewer-title").textContent = path;
  byId("viewer-place").textContent = [title === path ? "" : title, place].filter(Boolean).join(" · ");
}

function showProblem(problem, source) {
  const box = element("div", "error", element("strong", "", problem.title ?? "The source cannot be shown"), element("p", "", inWords(problem)));
  box.setAttribute("role", "alert");
  byId("viewer-body").replaceChildren(box, ...(source.quote ? [element("p", "quote", `“${source.quote}”`)] : []));
}

// ---- what is shown

function draw() {
  byId("viewer-tools").replaceChildren(...(shown.document.has_pages ? modes() : []), ...linksOf());
  if (shown.mode === "page") drawPage();
  else drawText();
}

function modes() {
  return [["Page", "page"], ["Text", "text"]].map(([label, mode]) => {
    const node = button(label, () => { shown.mode = mode; draw(); byId(`mode-${mode}`).focus(); }, { className: "mode" });
    node.id = `mode-${mode}`;
    node.setAttribute("aria-pressed", String(shown.mode === mode));
    return node;
  });
}

function linksOf() {
  const { source, document: found } = shown;
  const { char_start: start, char_end: end, page } = source.locator ?? {};
  const url = address(`view/${encodeURIComponent(found.id)}`, { start, end, page });
  const copy = button("Copy link", () => copied(url, copy, "The link is copied."), { iconName: "link" });
  copy.dataset.icon = "link";
  const original = address(`v1/documents/${encodeURIComponent(found.id)}/original`);
  const links = [copy];
  if (found.has_original) links.push(link("Original", original, { iconName: "download", download: true }));
  if (document.body.classList.contains("viewing")) links.push(link("Ask about your documents", address("")));
  return links;
}

function drawText() {
  const { document: found, source, others } = shown;
  const text = element("div", "document");
  const spans = [spanOf(source, "quoted"), ...others.map((one) => spanOf(one, "other"))].filter(Boolean);
  let before = {};
  for (const section of cutAt(found, spans)) {
    text.append(...headsOf(section, before), bodyOf(section));
    before = section;
  }
  byId("viewer-body").replaceChildren(...earlier(), text, ...later());
  text.querySelector("mark.quoted")?.scrollIntoView({ block: "center", behavior: "instant" });
}

function earlier() {
  const { id, text_start: start = 0 } = shown.document;
  if (!start) return [];
  return [more("Show what comes before", () => excerpt(id, Math.max(0, start - 5 * BEFORE), start), (part, here) => [part, here])];
}

function later() {
  const { id, text_end: end, characters } = shown.document;
  if (end === undefined || end >= characters) return [];
  return [more("Show what comes after", () => excerpt(id, end), (part, here) => [here, part])];
}

function more(label, fetchPart, inOrder) {
  const node = button(label, async () => {
    node.disabled = true;
    try {
      const part = await fetchPart();
      if (shown?.document.id !== part.id) return;
      shown.document = joined(...inOrder(part, shown.document));
      drawText();
    } catch (problem) {
      node.replaceWith(element("p", "wrong", inWords(problem) || problem.title));
    }
  }, { className: "more" });
  return node;
}

// A section that reaches over the border is in both.
function joined(first, second) {
  const sections = second.sections.filter(({ char_start: start }) => start >= first.text_end);
  return { ...second, ...first, text: first.text + second.text, text_end: second.text_end, sections: [...first.sections, ...sections] };
}

function spanOf({ locator, number }, kind) {
  if (!locator || locator.char_start === null || locator.char_end === null) return null;
  return { start: locator.char_start, end: locator.char_end, kind, number };
}

function headsOf(section, before) {
  const place = section.page ? `Page ${section.page}` : section.slide ? `Slide ${section.slide}` : section.sheet ? `Sheet ${section.sheet}` : "";
  const heading = (section.heading ?? []).join(" › ");
  const heads = [];
  if (place && (section.page !== before.page || section.slide !== before.slide || section.sheet !== before.sheet)) {
    heads.push(element("p", "place-head", place));
  }
  if (heading && heading !== (before.heading ?? []).join(" › ")) heads.push(element("p", "heading-head", heading));
  return heads;
}

function bodyOf({ kind, pieces }) {
  return element("div", `section ${kind === "prose" ? "prose" : "fixed"}`, ...pieces.map(({ text, span }) => {
    if (!span) return text;
    const mark = element("mark", span.kind, text);
    if (span.number) mark.title = `Source ${span.number}`;
    return mark;
  }));
}

// ---- pages

function drawPage() {
  const { document: found, source, page, zoom } = shown;
  const { char_start: start, char_end: end, page: quoted } = source.locator ?? {};
  const params = quoted === page ? { start, end, quote: source.quote?.slice(0, 1000) } : {};
  const picture = element("img", "page-picture");
  picture.alt = `Page ${page} of ${found.path}${quoted === page ? ", the quote marked" : ""}`;
  picture.src = address(`v1/documents/${encodeURIComponent(found.id)}/pages/${page}.png`, { ...params, width: PICTURE_WIDTH * Math.max(1, Math.ceil(zoom / 100)) });
  picture.style.width = `${zoom}%`;
  picture.addEventListener("error", () => picture.replaceWith(element("p", "soft", "This page cannot be shown as a picture; its text can.")));
  const frame = element("div", "page-frame", picture);
  frame.tabIndex = 0; // so that the keyboard can scroll it
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", "Page");
  if (quoted === page) picture.addEventListener("load", () => showQuote(picture, frame), { once: true });
  byId("viewer-body").replaceChildren(pager(), frame);
}

// Where on the page the quote is, the server says with the picture.
async function showQuote(picture, frame) {
  const response = await call("GET", picture.src).catch(() => null);
  response?.body.cancel();
  const top = response?.headers.get("Footnote-Marks-Top");
  if (!top) return;
  const place = element("span", "quote-place");
  place.style.top = `${100 * top}%`;
  frame.append(place);
  place.scrollIntoView({ block: "center", behavior: "instant" });
}

function pager() {
  const { document: found, page, zoom } = shown;
  const last = found.pages ?? page;
  const turn = (label, iconName, to, enabled) => {
    const node = button(label, () => again(label, to), { iconName, bare: true });
    node.disabled = !enabled;
    return node;
  };
  const at = element("span", "soft", `Page ${page} of ${last}`);
  at.setAttribute("role", "status");
  const step = ZOOMS.indexOf(zoom);
  return element(
    "div",
    "pager",
    turn("Previous page", "left", () => { shown.page--; }, page > 1),
    at,
    turn("Next page", "right", () => { shown.page++; }, page < last),
    turn("Zoom out", "minus", () => { shown.zoom = ZOOMS[step - 1]; }, step > 0),
    element("span", "soft", `${zoom} %`),
    turn("Zoom in", "plus", () => { shown.zoom = ZOOMS[step + 1]; }, step < ZOOMS.length - 1),
  );
}

// The buttons are made anew: who used one stands at the same one again.
function again(label, change) {
  change();
  draw();
  const same = viewer.querySelector(`.pager [aria-label="${label}"]`);
  (same.disabled ? viewer.querySelector(".page-frame") : same).focus();
}

byId("viewer-close").addEventListener("click", closeViewer);
document.addEventListener("room", closeViewer);
addEventListener("popstate", () => history.state?.viewer || document.body.classList.contains("viewing") || hide());
sheet.addEventListener("change", () => behind(sheet.matches && !viewer.hidden));
