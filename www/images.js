// Images that go with the next message: dropped on the page, pasted, or chosen.
import { by, element } from "./dom.js";

let files = [];

/** Takes images from wherever they come; calls back when they change. */
export function buildImages(onChange) {
  const add = (list) => {
    const images = [...list].filter(({ type }) => type.startsWith("image/"));
    if (images.length === 0) return;
    files = [...files, ...images.map((file) => ({ file, url: URL.createObjectURL(file), name: file.name || "image" }))];
    show(onChange);
  };
  by("attach").addEventListener("click", () => by("file").click());
  by("file").addEventListener("change", ({ target }) => {
    add(target.files);
    target.value = "";
  });
  by("prompt").addEventListener("paste", (event) => add(event.clipboardData.files));
  const panel = by("panel-chat");
  // Without this the browser would open what is dropped, and leave the page.
  panel.addEventListener("dragover", (event) => {
    event.preventDefault();
    by("composer").classList.add("dropping");
  });
  panel.addEventListener("dragleave", (event) => event.relatedTarget && panel.contains(event.relatedTarget) || by("composer").classList.remove("dropping"));
  panel.addEventListener("drop", (event) => {
    event.preventDefault();
    by("composer").classList.remove("dropping");
    add(event.dataTransfer.files);
    by("prompt").focus();
  });
}

export const images = () => files;

/** They are sent; their addresses stay good, for the conversation shows them. */
export function takeImages(onChange) {
  const taken = files;
  files = [];
  show(onChange);
  return taken;
}

function show(onChange) {
  by("images").hidden = files.length === 0;
  by("images").replaceChildren(...files.map((image) => {
    const remove = element("button", { type: "button", ariaLabel: `Remove ${image.name}` }, "×");
    remove.addEventListener("click", () => {
      URL.revokeObjectURL(image.url);
      files = files.filter((each) => each !== image);
      show(onChange);
      by("prompt").focus();
    });
    return element("li", {}, element("img", { src: image.url, alt: image.name }), remove);
  }));
  onChange();
}
