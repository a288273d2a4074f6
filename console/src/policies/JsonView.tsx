/** The whole document as JSON: what the other views do not know is here too. */
import { json } from "@codemirror/lang-json";
import type { Diagnostic } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { useMemo, useRef } from "react";
import { isObject, isSame, type Json, type JsonObject } from "../lib/json";
import { Code } from "../ui/Code";
import { inJson, type Problem } from "./problems";

interface Props {
  draft: JsonObject;
  broken: string | undefined;
  problems: readonly Problem[];
  refusal: string | undefined;
  onChange: (draft: JsonObject) => void;
  onBroken: (text: string | undefined) => void;
}

const LANGUAGE = json();

export function JsonView({ draft, broken, problems, refusal, onChange, onBroken }: Props) {
  /** What was typed, as long as it says what the draft says: how it is laid out is the author's. */
  const typed = useRef<{ text: string; draft: JsonObject }>(undefined);
  const kept = typed.current && isSame(typed.current.draft, draft) ? typed.current.text : undefined;
  const text = broken ?? kept ?? JSON.stringify(draft, null, 2);
  const diagnostics = useMemo(() => {
    if (broken !== undefined) return [syntaxOf(broken)];
    return inJson(problems, EditorState.create({ doc: text, extensions: LANGUAGE }));
  }, [text, broken, problems]);
  const type = (next: string) => {
    const document = parsed(next);
    if (!document) return onBroken(next);
    typed.current = { text: next, draft: document };
    onBroken(undefined);
    onChange(document);
  };
  return (
    <Code
      label="Policy as JSON"
      value={text}
      language={LANGUAGE}
      diagnostics={diagnostics}
      isNumbered
      minHeight={320}
      {...(refusal === undefined && { onChange: type })}
    />
  );
}

/** Returns where a text stops being JSON. */
function syntaxOf(text: string): Diagnostic {
  let message = "Expected an object.";
  try {
    JSON.parse(text);
  } catch (error) {
    if (error instanceof Error) message = error.message;
  }
  const at = Math.min(Number(/position (\d+)/.exec(message)?.[1] ?? text.length), text.length);
  return { from: Math.max(0, at - 1), to: at, severity: "error", message };
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
