/** Gestures on the picture: drag to pan; two fingers, or Ctrl and the wheel, to zoom; a click or tap to go to a moment. */

export interface Gestures {
  pan: (pixels: number) => void;
  zoom: (pixel: number, factor: number) => void;
  /** A click or tap. */
  pick: (x: number, y: number) => void;
  /** The playhead is being dragged. */
  scrub: (x: number) => void;
  /** The mouse is over the picture; undefined: it has left. */
  hover: (at: { x: number; y: number } | undefined) => void;
  /** Whether a drag that begins here moves the playhead. */
  isHandle: (x: number, y: number) => boolean;
}

/** Most pixels that a pointer moves during a click. More is a drag. */
const STILL = 4;

export function listenTo(area: HTMLElement, gestures: Gestures): void {
  const pointers = new Map<number, { x: number; y: number }>();
  let mode: "none" | "click" | "pan" | "scrub" | "pinch" = "none";
  let start = { x: 0, y: 0 };
  const place = (event: { clientX: number; clientY: number }) => {
    const box = area.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const at = place(event);
    pointers.set(event.pointerId, at);
    if (pointers.size === 2) {
      mode = "pinch";
      return;
    }
    start = at;
    mode = gestures.isHandle(at.x, at.y) ? "scrub" : "click";
    gestures.hover(undefined);
  });

  area.addEventListener("pointermove", (event) => {
    const at = place(event);
    const last = pointers.get(event.pointerId);
    if (!last) {
      if (event.pointerType === "mouse") gestures.hover(at);
      return;
    }
    if (mode === "click" && Math.hypot(at.x - start.x, at.y - start.y) > STILL) {
      mode = "pan";
      area.setPointerCapture(event.pointerId);
      area.classList.add("dragging");
    }
    if (mode === "pan") gestures.pan(at.x - last.x);
    if (mode === "scrub") {
      area.setPointerCapture(event.pointerId);
      gestures.scrub(at.x);
    }
    if (mode === "pinch") {
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const before = Math.max(Math.abs(last.x - other.x), 20);
        const after = Math.max(Math.abs(at.x - other.x), 20);
        gestures.zoom((at.x + other.x) / 2, after / before);
        gestures.pan((at.x - last.x) / 2);
      }
    }
    pointers.set(event.pointerId, at);
  });

  const end = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId)) return;
    if (mode === "click" && event.type === "pointerup") {
      const at = place(event);
      gestures.pick(at.x, at.y);
    }
    if (pointers.size === 0) {
      mode = "none";
      area.classList.remove("dragging");
    } else if (mode === "pinch") {
      mode = "pan";
    }
  };
  area.addEventListener("pointerup", end);
  area.addEventListener("pointercancel", end);
  area.addEventListener("pointerleave", (event) => {
    if (!pointers.has(event.pointerId)) gestures.hover(undefined);
  });

  area.addEventListener(
    "wheel",
    (event) => {
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        gestures.zoom(place(event).x, Math.exp(-event.deltaY * lines * 0.004));
        return;
      }
      const across = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
      if (Math.abs(across) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
      event.preventDefault();
      gestures.pan(-across * lines);
    },
    { passive: false },
  );
}
