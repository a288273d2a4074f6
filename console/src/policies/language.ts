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

/** Returns the language with an account's attributes to complete from. */
export function expressionLanguage(attributes: readonly Schemas["Attribute"][]): Extension {
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
    if (!word && !context.explicit) return null;
    const isInString =
      ((context.state.doc.sliceString(0, context.pos).match(/'/g) ?? []).length & 1) === 1;
    if (isInString) return null;
    return {
      from: word?.from ?? context.pos,
      options: [...named, ...OFFERED],
      validFor: /^[\w.]*$/,
    };
  };
  return new LanguageSupport(expressions, expressions.data.of({ autocomplete: complete }));
}
