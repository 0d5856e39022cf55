// A waveform that grows as sound comes, and shows how far it was heard.

const BAR = 3, GAP = 1;
const SHORTEST = 2;

export class Waveform {
  /** Draw on a canvas; `rate` is that of the sound to come. */
  constructor(canvas) {
    this.canvas = canvas;
    this.begin(24000);
  }

  /** Forget what was drawn. */
  begin(rate) {
    this.rate = rate;
    this.step = Math.round(rate / 50);
    this.peaks = [];
    this.peak = 0;
    this.count = 0;
    this.draw(0);
  }

  /** Seconds of sound that came. */
  get seconds() {
    return (this.peaks.length * this.step + this.count) / this.rate;
  }

  /** Take in more sound. */
  add(samples) {
    for (const one of samples) {
      this.peak = Math.max(this.peak, Math.abs(one));
      this.count += 1;
      if (this.count === this.step) {
        this.peaks.push(this.peak);
        this.peak = this.count = 0;
      }
    }
  }

  /** Show all that came, with what was heard so far in another colour. */
  draw(heard) {
    const { canvas } = this;
    const scale = window.devicePixelRatio || 1;
    const width = canvas.width = Math.max(1, Math.round(canvas.clientWidth * scale));
    const height = canvas.height = Math.max(1, Math.round(canvas.clientHeight * scale));
    const style = getComputedStyle(canvas);
    const paint = canvas.getContext("2d");
    const bars = Math.floor(width / ((BAR + GAP) * scale));
    const each = Math.max(1, this.peaks.length / bars, (SHORTEST * 50) / bars);
    for (let bar = 0; bar * each < this.peaks.length; bar += 1) {
      const first = Math.floor(bar * each);
      const peak = Math.max(...this.peaks.slice(first, Math.max(first + 1, Math.floor((bar + 1) * each))));
      const high = Math.max(2 * scale, peak * height * 0.92);
      const done = (first * this.step) / this.rate <= heard;
      paint.fillStyle = style.getPropertyValue(done ? "--played" : "--wave");
      paint.fillRect(bar * (BAR + GAP) * scale, (height - high) / 2, BAR * scale, high);
    }
    canvas.setAttribute("aria-label", `Waveform: ${this.seconds.toFixed(1)} seconds of sound`);
  }
}
