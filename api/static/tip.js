// The tip that shows a quote, or what was found wrong with a sentence, where the pointer or the focus is.

import { byId } from "./dom.js";

const tip = byId("tip");
let timer;
let owner = null; // what the tip belongs to

export function tipFor(node, contents) {
  for (const event of ["mouseenter", "focus"]) node.addEventListener(event, () => show(node, contents()));
  for (const event of ["mouseleave", "blur"]) node.addEventListener(event, hideSoon);
}

function show(node, contents) {
  hideTip();
  owner = node;
  tip.replaceChildren(...contents);
  tip.hidden = false;
  node.setAttribute("aria-describedby", "tip");
  place();
}

function place() {
  if (!owner) return;
  const at = owner.getClientRects()[0] ?? owner.getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const above = at.top - height - 6;
  tip.style.left = `${Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8))}px`;
  tip.style.top = `${above > 8 ? above : at.bottom + 6}px`;
}

export function hideTip() {
  clearTimeout(timer);
  owner?.removeAttribute("aria-describedby");
  owner = null;
  const was = !tip.hidden;
  tip.hidden = true;
  return was;
}

// The pointer may cross to the tip, to read a long quote or copy from it.
function hideSoon() {
  clearTimeout(timer);
  timer = setTimeout(hideTip, 200);
}

tip.addEventListener("mouseenter", () => clearTimeout(timer));
tip.addEventListener("mouseleave", hideSoon);
document.addEventListener("scroll", place, { passive: true, capture: true });
