/** Copying: by the clipboard where the browser allows it, or by selecting the text for the user to copy. */

import { element } from "../page/element.js";
import { icon } from "../page/icons.js";

const SHOWN_MS = 2000;

/** A button that copies `text`, and says so in words. */
export function copyButton(label: string, text: string): HTMLButtonElement {
  const word = element("span", {}, "Copy");
  const button = element("button", { type: "button", class: "button plain", "aria-label": label }, icon("copy"), word);
  button.addEventListener("click", () => {
    void copied(text).then((done) => {
      word.textContent = done ? "Copied" : "Select and copy it";
      button.setAttribute("aria-label", `${label}: ${word.textContent}`);
      setTimeout(() => {
        word.textContent = "Copy";
        button.setAttribute("aria-label", label);
      }, SHOWN_MS);
    });
  });
  return button;
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Refused, or no secure context.
    return false;
  }
}
