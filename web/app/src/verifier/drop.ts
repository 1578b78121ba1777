/** Files may be dropped anywhere on the page. */

/** Shows `cover` while files are dragged over the page, and hands over those that are dropped. */
export function onDrop(cover: HTMLElement, dropped: (files: readonly File[]) => void): void {
  let depth = 0;
  const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    cover.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth -= 1;
    cover.hidden = depth <= 0;
  });
  // Without this the browser would leave the page for the file.
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    cover.hidden = true;
    dropped([...(event.dataTransfer?.files ?? [])]);
  });
}
