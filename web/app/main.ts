/** Starts the page: listens for drops, and shows what the address says. */

import { App } from "./app.ts";
import { sourceOfDrop } from "./sources/sources.ts";
import { sourceOfHash } from "./sources/spot.ts";
import { themeSwitch } from "./theme.ts";

const tools = document.querySelector<HTMLElement>(".head-tools")!;
const app = new App(document.querySelector("main")!, document.querySelector(".head-name")!, tools);
tools.append(themeSwitch(() => app.recolour()));

function takeDrops(): void {
  let depth = 0;
  const mark = () => document.body.classList.toggle("dropping", depth > 0);
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth++;
    mark();
  });
  addEventListener("dragleave", () => {
    depth = Math.max(depth - 1, 0);
    mark();
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("drop", (event) => {
    depth = 0;
    mark();
    if (!event.dataTransfer || !hasFiles(event)) return;
    event.preventDefault();
    sourceOfDrop(event.dataTransfer).then(
      (source) => source && void app.open(source),
      (error) => app.refuse(error),
    );
  });
}

takeDrops();
void app.go();
// The page of `walkit ui` comes from this machine, and needs no copy to work offline.
if (import.meta.env.PROD && "serviceWorker" in navigator && !sourceOfHash(location.hash)) {
  void navigator.serviceWorker.register("./sw.js").catch(() => undefined);
}
