/** A text editor for code: JSON, expressions or JavaScript, with mistakes underlined where they are. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import { type Diagnostic, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Annotation, Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import classes from "./Code.module.css";

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.variableName], color: "var(--code-name)" },
  { tag: tags.string, color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-constant)" },
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--code-keyword)", fontWeight: "600" },
  { tag: tags.function(tags.variableName), color: "var(--code-function)" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
]);

const BASE: Extension = [
  history(),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  autocompletion({ icons: false }),
  syntaxHighlighting(COLOURS),
  EditorView.lineWrapping,
  // Tab leaves the editor, as it leaves every other field.
  keymap.of([
    ...closeBracketsKeymap,
    ...defaultKeymap,
    ...historyKeymap,
    ...completionKeymap,
    ...lintKeymap,
  ]),
];

interface Props {
  label: string;
  value: string;
  language: Extension;
  onChange?: (value: string) => void;
  diagnostics?: readonly Diagnostic[];
  isNumbered?: boolean;
  minHeight?: number;
  /** Beyond it the text is scrolled within the editor. */
  maxHeight?: string;
}

/** Marks a change that nobody typed. */
const FROM_OUTSIDE = Annotation.define<boolean>();

const NONE: readonly Diagnostic[] = [];

export function Code(props: Props) {
  const { label, value, language, onChange, diagnostics = NONE, isNumbered = false } = props;
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const changed = useRef(onChange);
  changed.current = onChange;
  const isReadOnly = onChange === undefined;
  const languages = useRef(new Compartment());
  const first = useRef({ value, language });

  useEffect(() => {
    if (!parent.current) return;
    const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;
    const editor = new EditorView({
      parent: parent.current,
      state: EditorState.create({
        doc: first.current.value,
        extensions: [
          BASE,
          languages.current.of(first.current.language),
          isNumbered ? lineNumbers() : [],
          EditorState.readOnly.of(isReadOnly),
          EditorView.contentAttributes.of({ "aria-label": label }),
          nonce ? EditorView.cspNonce.of(nonce) : [],
          EditorView.updateListener.of((update) => {
            const isTyped = update.transactions.every((one) => !one.annotation(FROM_OUTSIDE));
            if (update.docChanged && isTyped) changed.current?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, [label, isNumbered, isReadOnly]);

  useEffect(() => {
    view.current?.dispatch({ effects: languages.current.reconfigure(language) });
  }, [language]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({
      changes: { from: 0, to: editor.state.doc.length, insert: value },
      annotations: FROM_OUTSIDE.of(true),
    });
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const length = editor.state.doc.length;
    const inside = diagnostics.map((one) => ({
      ...one,
      from: Math.min(one.from, length),
      to: Math.min(Math.max(one.to, one.from), length),
    }));
    editor.dispatch(setDiagnostics(editor.state, inside));
  }, [diagnostics]);

  return (
    <div
      ref={parent}
      className={classes.code}
      data-readonly={isReadOnly || undefined}
      data-bounded={props.maxHeight !== undefined || undefined}
      style={{ minHeight: props.minHeight, maxHeight: props.maxHeight }}
    />
  );
}
