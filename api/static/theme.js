// Light or dark: as the system has it, until one is chosen. early.js applies what was.

import { byId, say } from "./dom.js";

const KEPT = "footnote-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

function toggle() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  const theme = isDark ? "light" : "dark";
  root.dataset.theme = theme;
  try {
    if ((theme === "dark") === dark.matches) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, theme);
  } catch { /* it lasts as long as the page */ }
  say(`${theme === "dark" ? "Dark" : "Light"} colours.`);
}

byId("theme").addEventListener("click", toggle);
