/** The visible part of the axis. */

/** Pixels left free at both ends of the axis. */
const MARGIN = 18;
/** Pixels between typical neighbours at the highest zoom. */
const CLOSEST = 160;

export class View {
  /** Unit at the left edge. */
  start = 0;
  /** Pixels per unit. */
  zoom = 1;
  width = 1;
  #length = 1;
  #step = 1;

  /** Takes over a new axis, or a new width. A view that showed the whole axis shows the whole axis again. */
  measure(width: number, length: number, step: number): void {
    const wasFit = this.isFit || this.width <= 1;
    this.width = Math.max(width, 2 * MARGIN + 10);
    this.#length = length;
    this.#step = step;
    if (wasFit) this.fit();
    else this.#clamp();
  }

  get end(): number {
    return this.start + this.width / this.zoom;
  }

  get isFit(): boolean {
    return this.zoom <= this.#least * 1.0001;
  }

  get canZoomIn(): boolean {
    return this.zoom < this.#most;
  }

  toPixel(unit: number): number {
    return (unit - this.start) * this.zoom;
  }

  toUnit(pixel: number): number {
    return this.start + pixel / this.zoom;
  }

  fit(): void {
    this.zoom = this.#least;
    this.start = -MARGIN / this.zoom;
  }

  /** Zooms; the place at `pixel` stays there. */
  zoomAt(pixel: number, factor: number): void {
    const unit = this.toUnit(pixel);
    this.zoom = Math.min(Math.max(this.zoom * factor, this.#least), this.#most);
    this.start = unit - pixel / this.zoom;
    this.#clamp();
  }

  panBy(pixels: number): void {
    this.start -= pixels / this.zoom;
    this.#clamp();
  }

  centre(unit: number): void {
    this.start = unit - this.width / this.zoom / 2;
    this.#clamp();
  }

  /** Moves just far enough that a place is visible, with some room around it. */
  reveal(unit: number): void {
    const room = Math.min(80, this.width / 5);
    const pixel = this.toPixel(unit);
    if (pixel < room) this.panBy(room - pixel);
    else if (pixel > this.width - room) this.panBy(this.width - room - pixel);
  }

  get #least(): number {
    return (this.width - 2 * MARGIN) / this.#length;
  }

  get #most(): number {
    return Math.max(CLOSEST / this.#step, this.#least);
  }

  #clamp(): void {
    const margin = MARGIN / this.zoom;
    const most = this.#length + margin - this.width / this.zoom;
    this.start = Math.max(-margin, Math.min(this.start, Math.max(most, -margin)));
  }
}
