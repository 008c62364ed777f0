// The text of an answer as nodes: from the server's HTML, or from its plain text where none was sent.

import { element } from "./dom.js";

const TAGS = new Set(
  "P UL OL LI STRONG EM S CODE PRE BLOCKQUOTE HR BR H3 H4 H5 H6 TABLE THEAD TBODY TR TH TD SUP SPAN".split(" "),
);
const CLASSES = new Set("sentence supported weak unsupported uncited contradicted marker center right".split(" "));

// The server cleaned it; this page builds it anew all the same, of nothing but what it knows.
export function rendered(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html"); // runs and loads nothing
  const nodes = [...parsed.body.childNodes].map(known).filter(Boolean);
  return nodes.map((node) => (node.tagName === "TABLE" ? scrolling(node) : node));
}

function known(node) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  if (!TAGS.has(node.tagName)) return null;
  const made = document.createElement(node.tagName);
  made.append(...[...node.childNodes].map(known).filter(Boolean));
  const classes = [...node.classList].filter((name) => CLASSES.has(name));
  if (classes.length) made.className = classes.join(" ");
  for (const name of ["sentence", "number"]) if (node.dataset[name]) made.dataset[name] = Number(node.dataset[name]);
  if (node.tagName === "OL" && node.start !== 1) made.start = node.start;
  if (node.tagName === "TH") made.scope = "col";
  return made;
}

function scrolling(table) {
  const frame = element("div", "table", table);
  frame.tabIndex = 0; // so that the keyboard can scroll it
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", "Table");
  return frame;
}

// While it streams, the text has markers and no citations yet: they are set as they will stand.
export function streaming(text) {
  return text.split(/(\[\d+\])/).map((piece) => (
    /^\[\d+\]$/.test(piece) ? element("sup", "pending", piece.slice(1, -1)) : piece
  ));
}

export function written(answer) {
  const text = Array.from(answer.text); // the server counts code points, JavaScript's strings UTF-16 units
  const markers = answer.citations
    .flatMap(({ number, answer_spans: spans }) => spans.map(([start, end]) => ({ start, end, number })))
    .sort((a, b) => a.start - b.start);
  const sentences = answer.sentences.map((sentence, index) => ({ ...sentence, index })).sort((a, b) => a.start - b.start);
  const nodes = [];
  let at = 0;
  for (const { start, end, verdict, contradicted, index } of sentences) {
    nodes.push(...marked(text, markers, at, start));
    const classes = `sentence ${verdict}${contradicted ? " contradicted" : ""}`;
    const span = element("span", classes, ...marked(text, markers, Math.max(at, start), end));
    span.dataset.sentence = index;
    nodes.push(span);
    at = Math.max(at, end);
  }
  return [...nodes, ...marked(text, markers, at, text.length)];
}

function marked(text, markers, start, end) {
  const nodes = [];
  let at = start;
  for (const marker of markers) {
    if (marker.start < at || marker.end > end) continue;
    const sup = element("sup", "marker", String(marker.number));
    sup.dataset.number = marker.number;
    nodes.push(text.slice(at, marker.start).join(""), sup);
    at = marker.end;
  }
  return [...nodes, text.slice(at, end).join("")];
}
