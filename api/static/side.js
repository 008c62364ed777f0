// The side with conversations and documents: beside the chat where there is room, else drawn in over it.

import { byId } from "./dom.js";

const side = byId("side");
const opener = byId("menu");
const narrow = matchMedia("(max-width: 63.99rem)");
let open = !narrow.matches;

export function sideIsOver() {
  return open && narrow.matches;
}

export function setSide(wanted) {
  open = wanted;
  side.hidden = !open;
  document.body.classList.toggle("sided", open);
  opener.setAttribute("aria-expanded", String(open));
  byId("chat").inert = sideIsOver();
}

export function closeSide() {
  if (!sideIsOver()) return false;
  setSide(false);
  opener.focus();
  return true;
}

export function offerSide(offered) {
  opener.hidden = !offered;
  setSide(offered && !narrow.matches);
}

opener.addEventListener("click", () => {
  const seen = side.getClientRects().length > 0;
  if (!seen && open) document.dispatchEvent(new CustomEvent("room")); // a source stands in its place
  setSide(!seen);
  if (sideIsOver()) side.querySelector("a, button:not([hidden]), input")?.focus();
});
byId("shade").addEventListener("click", closeSide);
side.addEventListener("click", (event) => event.target.closest(".entry") && sideIsOver() && setSide(false));
narrow.addEventListener("change", () => setSide(!narrow.matches && !opener.hidden));
document.addEventListener("side", ({ detail }) => setSide(detail));
