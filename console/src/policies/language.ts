/** The expression language in the editor: colours, and what may stand where the cursor is. */
import {
  type Completion,
  type CompletionContext,
  snippetCompletion,
} from "@codemirror/autocomplete";
import { LanguageSupport, StreamLanguage } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import type { Schemas } from "../api/client";
import { isKeyword } from "./expression";
import type { Values } from "./values";

const expressions = StreamLanguage.define<null>({
  name: "expression",
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/'(?:[^'\\]|\\.)*'?/)) return "string";
    if (stream.match(/\d+(?:\.\d+)?/)) return "number";
    if (stream.match(/[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*/)) {
      const word = stream.current();
      if (/^(true|false)$/i.test(word)) return "bool";
      if (isKeyword(word)) return "keyword";
      return word.includes(".") ? "variableName" : "variableName.function";
    }
    stream.next();
    return null;
  },
  languageData: { closeBrackets: { brackets: ["(", "[", "'"] } },
});

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const WEEK = "['MON', 'TUE', 'WED', 'THU', 'FRI']";

/** What is offered at any place: words, and templates of time and date. */
const OFFERED: Completion[] = [
  snippetCompletion(`isTimeRange('\${09:00:00}', '\${17:00:00}', '\${${ZONE}}', ${WEEK})`, {
    label: "isTimeRange",
    detail: "within hours, on weekdays",
    type: "function",
  }),
  snippetCompletion(`isDateRange('\${12/24/26}', '\${12/26/26}', '\${${ZONE}}')`, {
    label: "isDateRange",
    detail: "between two dates, mm/dd/yy",
    type: "function",
  }),
  ...["and", "or", "not", "in", "true", "false"].map((label) => ({ label, type: "keyword" })),
];

/** A text that is being typed, the attribute that it is compared with, and what is between them. */
const COMPARED = /([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)\s*(?:==|!=|in\b)\s*(?:\[[^\]]*)?'([^'\\]*)$/;

/** Returns what may stand in the text that ends at the cursor. */
function textsAt(context: CompletionContext, values: Values) {
  const [, attribute = "", typed = ""] =
    COMPARED.exec(context.state.doc.sliceString(0, context.pos)) ?? [];
  const known = values.get(attribute) ?? [];
  // A quote is put behind what one types by the editor itself.
  const isClosed = context.state.doc.sliceString(context.pos, context.pos + 1) === "'";
  return {
    from: context.pos - typed.length,
    options: known
      .filter((text) => !/['\\]/.test(text))
      .map((label): Completion => ({ label, type: "text", apply: isClosed ? label : `${label}'` })),
    validFor: /^[^'\\]*$/,
  };
}

/** Returns the language with an account's attributes, and what they are known to be, to complete from. */
export function expressionLanguage(
  attributes: readonly Schemas["Attribute"][],
  values: Values,
): Extension {
  const named = attributes.map(
    (attribute): Completion => ({
      label: attribute.name,
      detail: attribute.valueType?.toLowerCase() ?? "",
      info: attribute.description,
      type: "variable",
    }),
  );
  const complete = (context: CompletionContext) => {
    const word = context.matchBefore(/[\w.]+/);
    const isInString =
      ((context.state.doc.sliceString(0, context.pos).match(/'/g) ?? []).length & 1) === 1;
    if (isInString) return textsAt(context, values);
    if (!word && !context.explicit) return null;
    return {
      from: word?.from ?? context.pos,
      options: [...named, ...OFFERED],
      validFor: /^[\w.]*$/,
    };
  };
  return new LanguageSupport(expressions, expressions.data.of({ autocomplete: complete }));
}
