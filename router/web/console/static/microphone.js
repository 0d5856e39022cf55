// The microphone, as s16le mono at 16 kHz.

export const RATE = 16000;

/** Hear the microphone until what is returned is called; `heard` gets a tenth of a second at a time. */
export async function listen(heard) {
  if (!navigator.mediaDevices) throw new Error("browsers give the microphone only to pages that come by https or from this machine");
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true } });
  const context = new AudioContext();
  await context.audioWorklet.addModule(new URL("./capture.js", import.meta.url));
  const node = new AudioWorkletNode(context, "capture", { numberOfInputs: 1, numberOfOutputs: 0, channelCount: 1 });
  node.port.onmessage = ({ data }) => heard(data);
  context.createMediaStreamSource(stream).connect(node);
  return () => {
    node.port.onmessage = null;
    for (const track of stream.getTracks()) track.stop();
    if (context.state !== "closed") context.close();
  };
}
