// Runs beside the microphone: hands on what it hears at 16 kHz, a tenth of a second at a time.

const RATE = 16000;
const PIECE = RATE / 10;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Int16Array(PIECE);
    this.filled = 0;
    this.sum = 0;
    this.count = 0;
    this.phase = 0;
  }

  /** Average what falls within one sample of ours: enough for speech, and the same in every browser. */
  process([[channel]]) {
    for (const one of channel ?? []) {
      this.sum += one;
      this.count += 1;
      this.phase += RATE;
      if (this.phase >= sampleRate) {
        this.phase -= sampleRate;
        this.take(this.sum / this.count);
        this.sum = this.count = 0;
      }
    }
    return true;
  }

  take(sample) {
    this.piece[this.filled] = Math.max(-1, Math.min(1, sample)) * 32767;
    this.filled += 1;
    if (this.filled === PIECE) {
      this.port.postMessage(this.piece.slice());
      this.filled = 0;
    }
  }
}

registerProcessor("capture", Capture);
