/** Light or dark: as the system says until somebody chooses. The choice is all that this site ever stores. */

import { element } from "./element.js";
import { icon } from "./icons.js";

type Theme = "light" | "dark";

const STORED = "zkseal-theme";
const DARK = matchMedia("(prefers-color-scheme: dark)");

/** Storage is refused to pages in some settings, and to files. */
function stored(): Theme | null {
  try {
    const value = localStorage.getItem(STORED);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null;
  }
}

function shown(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === "light" || chosen === "dark" ? chosen : DARK.matches ? "dark" : "light";
}

function choose(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // Without storage the choice holds for this page only.
  }
}

/** The button that changes the theme, into the element `theme` of the page. */
function addButton(): void {
  const place = document.getElementById("theme");
  if (place === null) return;
  const button = element("button", { type: "button", class: "button plain" });
  const draw = (): void => {
    const other = shown() === "dark" ? "light" : "dark";
    button.replaceChildren(
      icon(other),
      element("span", {}, other === "dark" ? "Dark" : "Light"),
      element("span", { class: "unseen" }, "theme"),
    );
  };
  button.addEventListener("click", () => {
    choose(shown() === "dark" ? "light" : "dark");
    draw();
  });
  DARK.addEventListener("change", draw);
  draw();
  place.append(button);
}

// This program runs before the page is drawn, so that it does not flash in the other theme.
const chosen = stored();
if (chosen !== null) document.documentElement.dataset["theme"] = chosen;
document.addEventListener("DOMContentLoaded", addButton);
