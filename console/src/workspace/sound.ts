/** The sound of an offer: two soft tones, made here, that can be switched off. */
import { useCallback, useEffect, useState } from "react";
import { keep, kept } from "./storage";

const KEY = "muted";
const AGAIN_MS = 3_000;

let context: AudioContext | undefined;

/** Plays the sound, if the browser allows it: it wants the person to have touched the page before. */
export function ring(): void {
  context ??= new AudioContext();
  void context.resume();
  tone(context, 660, 0);
  tone(context, 880, 0.16);
}

function tone(audio: AudioContext, pitch: number, delay: number): void {
  const begin = audio.currentTime + delay;
  const oscillator = audio.createOscillator();
  const loudness = audio.createGain();
  oscillator.frequency.value = pitch;
  loudness.gain.setValueAtTime(0, begin);
  loudness.gain.linearRampToValueAtTime(0.12, begin + 0.02);
  loudness.gain.exponentialRampToValueAtTime(0.001, begin + 0.35);
  oscillator.connect(loudness).connect(audio.destination);
  oscillator.start(begin);
  oscillator.stop(begin + 0.4);
}

/** Rings for as long as something is offered, unless the person wants silence. */
export function useRing(isRinging: boolean): { isMuted: boolean; toggle: () => void } {
  const [isMuted, setMuted] = useState(() => kept(KEY) === true);
  useEffect(() => {
    if (!isRinging || isMuted) return;
    ring();
    const timer = setInterval(ring, AGAIN_MS);
    return () => clearInterval(timer);
  }, [isRinging, isMuted]);
  const toggle = useCallback(() => {
    setMuted((before) => {
      keep(KEY, before ? undefined : "true");
      return !before;
    });
  }, []);
  return { isMuted, toggle };
}
