// Before anything is drawn, so that a dark page does not flash: the colours that were chosen (theme.js).
try {
  const theme = localStorage.getItem("footnote-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch { /* a browser that keeps nothing for pages */ }
