/** A guard as an expression: the one that is written, or what its rows say. */
import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { attributesQuery } from "../api/queries";
import { isSame, type JsonObject, textOf, withMembers } from "../lib/json";
import { Code } from "../ui/Code";
import { modeOf } from "./document";
import { readRows, written } from "./expression";
import type { FormProps } from "./GuardForm";
import { expressionLanguage } from "./language";
import { Problems } from "./Problems";
import { inText, within } from "./problems";
import { useCompared } from "./values";

export function ExpressionField({
  value,
  pointer,
  problems,
  refusal,
  onChange,
  onMend,
}: FormProps) {
  const attributes = useQuery(attributesQuery).data;
  const values = useCompared();
  const language = useMemo(
    () => expressionLanguage(attributes ?? [], values),
    [attributes, values],
  );
  /** The rows from which the expression was made, to be had back as they were. */
  const origin = useRef<JsonObject>(undefined);
  const isExpression = modeOf(value) === "EXPRESSION";
  const conditions = Array.isArray(value["conditions"]) ? value["conditions"] : [];
  const text = isExpression ? textOf(value, "expression") : written(conditions);
  const path = `${pointer}/expression`;
  const diagnostics = useMemo(
    () => (isExpression && text !== undefined ? inText(problems, path, text) : []),
    [isExpression, problems, path, text],
  );
  if (text === undefined) {
    return (
      <Alert color="gray" variant="light" title="These rows say more than an expression can">
        Operators such as “is known” or “starts with”, and templates within a text, have no equal in
        expressions. The form and the JSON show all of it.
      </Alert>
    );
  }
  const type = (expression: string) => {
    if (!isExpression) origin.current = value;
    onChange(withMembers(value, { mode: "EXPRESSION", conditions: [], expression }));
  };
  const rows = isExpression ? rowsOf(text, origin.current) : undefined;
  return (
    <Stack gap={8}>
      <Code
        label="Expression"
        value={text}
        language={language}
        diagnostics={diagnostics}
        minHeight={72}
        {...(refusal === undefined && { onChange: type })}
      />
      <Problems problems={isExpression ? within(problems, path) : []} onMend={onMend} />
      <Group justify="space-between" gap="xs">
        <Text size="sm" className="quiet">
          {isExpression
            ? "Ctrl Space offers attributes and their values, and isTimeRange and isDateRange as templates."
            : "Written as rows; typing here makes it an expression."}
        </Text>
        {rows && (
          <Button
            size="compact-sm"
            variant="default"
            disabled={refusal !== undefined}
            onClick={() =>
              onChange(withMembers(value, { mode: "CONDITIONS", expression: undefined, ...rows }))
            }
          >
            Turn into rows
          </Button>
        )}
      </Group>
    </Stack>
  );
}

/** Returns the rows that say what a text says: those it came from, if it still says the same. */
function rowsOf(text: string, origin: JsonObject | undefined): JsonObject | undefined {
  const before = origin?.["conditions"];
  if (Array.isArray(before) && isSame(written(before), text)) return { conditions: before };
  const rows = readRows(text);
  return rows && { conditions: rows };
}
