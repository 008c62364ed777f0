// Small things that every part of the page uses. Whatever the server sends becomes text: only append() is used.

const ICONS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  minus: "M5 12h14",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 13l4 4L19 7",
  up: "M7 11v9H4v-9zM7 11l4-7c2 0 3 1 2.600 3L13 10h5.500c1.500 0 2.300 1.200 2 2.500l-1.300 5.500c-.3 1.200-1.200 2-2.400 2H7",
  down: "M17 13V4h3v9zM17 13l-4 7c-2 0-3-1-2.600-3L11 14H5.500C4 14 3.200 12.800 3.500 11.500L4.800 6c.3-1.200 1.200-2 2.400-2H17",
  link: "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.600-5.600l-1.500 1.500M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.600 5.600l1.500-1.500",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  upload: "M12 16V5M7 9l5-5 5 5M5 20h14",
  filter: "M4 6h16M7 12h10M10 18h4",
  theme: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  keys: "M3 7h18v10H3zM7 11h.010M11 11h.010M15 11h.010M8 14h8",
  out: "M10 5H5v14h5M14 8l4 4-4 4M9 12h9",
  remove: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v6M14 11v6",
};

export const byId = (id) => document.getElementById(id);

export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}

// A button with words on it; or with an icon alone, and then the words are its name.
export function button(label, onClick, { className = "", iconName = null, bare = false } = {}) {
  const node = element("button", className);
  node.type = "button";
  if (iconName) node.append(icon(iconName));
  if (bare) {
    node.classList.add("bare");
    node.setAttribute("aria-label", label);
    node.title = label;
  } else node.append(label);
  if (onClick) node.addEventListener("click", onClick);
  return node;
}

export function link(label, href, { iconName = null, download = false } = {}) {
  const node = element("a", "button", ...(iconName ? [icon(iconName)] : []), label);
  node.href = href;
  if (download) node.setAttribute("download", "");
  return node;
}

export function labelled(label, control) {
  return element("label", "field", element("span", "", label), control);
}

export function control(tag, attributes = {}) {
  return Object.assign(document.createElement(tag), attributes);
}

export function plainList(tag, className, ...entries) {
  const list = element(tag, className, ...entries);
  list.setAttribute("role", "list"); // Safari takes the role away with the bullets
  return list;
}

export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

// What is to be known is told in the status line, which screen readers read out.
export function say(text) {
  byId("status").textContent = text;
}

// The question where it is asked: in place of the button that would do it.
export function confirmed(opener, question, yes, act) {
  const keep = button("Keep", () => { box.replaceWith(opener); opener.focus(); });
  const box = element("span", "confirm", question, " ", button(yes, act, { className: "danger" }), keep);
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", question);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    keep.click();
  });
  opener.replaceWith(box);
  keep.focus();
}

export function inWords(problem) {
  const wait = problem.retry_after ? `Try again in ${count(problem.retry_after, "second")}.` : "";
  return [problem.detail, wait].filter(Boolean).join(" ");
}

export async function copied(text, node, told) {
  try {
    await navigator.clipboard.writeText(text);
    say(told);
    node.firstChild.replaceWith(icon("check"));
    setTimeout(() => node.firstChild.replaceWith(icon(node.dataset.icon)), 2000);
  } catch {
    say("The browser does not let this page copy.");
  }
}
