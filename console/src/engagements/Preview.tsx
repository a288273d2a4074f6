/** The messenger as visitors will see it, while its look is being set. */
import { useEffect, useRef } from "react";
import type { Heard, Look } from "../messenger/frame";
import classes from "./Preview.module.css";

interface Props {
  account: string;
  look: Look;
}

export function Preview({ account, look }: Props) {
  const frame = useRef<HTMLIFrameElement>(null);
  const latest = useRef(look);
  useEffect(() => {
    latest.current = look;
    dress(frame.current, look);
  }, [look]);
  useEffect(() => {
    const listen = ({ source, data }: MessageEvent<{ usher?: string }>) => {
      if (source === frame.current?.contentWindow && data.usher === "READY") {
        dress(frame.current, latest.current);
      }
    };
    window.addEventListener("message", listen);
    return () => window.removeEventListener("message", listen);
  }, []);
  const address = `/messenger?${new URLSearchParams({ account, mode: "preview" })}`;
  return <iframe ref={frame} className={classes.frame} title="Preview" src={address} />;
}

function dress(frame: HTMLIFrameElement | null, look: Look): void {
  const heard: Heard = { usher: "LOOK", look };
  frame?.contentWindow?.postMessage(heard, location.origin);
}
